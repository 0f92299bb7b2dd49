"""Images of somebody's generator from latents that stay the same: over the whole training, and after a restart.

The generator is used, not changed: its modules are in evaluation mode meanwhile, so that batch norm's statistics stay
as they are, no gradient is kept, and the program's random numbers go on as if nothing had happened.
Legend: M images, Z the shape of one latent, K classes.
"""

from __future__ import annotations

import contextlib
import inspect
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ganscope.errors import ConfigError
from ganscope.recorder.pictures import as_array

BATCH = 100


def fixed_latents(count: int, shape: tuple[int, ...], seed: int, kind: str = "normal") -> np.ndarray:
    """`(M, *Z) float32`, a function of the arguments alone; more of them begin with the same ones.

    Raises:
        ConfigError: an unknown `kind`.
    """
    source = np.random.default_rng([seed, 0x6A])
    if kind == "normal":
        return source.standard_normal((count, *shape), np.float32)
    if kind == "uniform":
        return source.random((count, *shape), np.float32) * 2 - 1
    raise ConfigError(f"latents cannot be {kind!r}", found=kind, todo="use normal, or uniform on [-1, 1]")


def images_of(
    make: Callable[..., Any], latents: np.ndarray, labels: np.ndarray | None = None, *, batch: int = BATCH
) -> np.ndarray:
    """What `make` makes of `(M, *Z) float32` latents (and labels `(M,) int64`, where it takes two arguments).

    Returns an array in whatever layout and range the generator has.
    """
    given: list[np.ndarray] = [latents]
    if takes_labels(make):
        given.append(np.zeros(len(latents), np.int64) if labels is None else labels)
    modules = modules_of(make)
    parts = []
    with undisturbed(modules):
        for start in range(0, len(latents), batch):
            parts.append(as_array(_call(make, [part[start : start + batch] for part in given], modules)))
    return np.concatenate(parts)


def takes_labels(make: Callable[..., Any]) -> bool:
    """Whether it has a second argument without a default."""
    target = make.forward if hasattr(make, "forward") and hasattr(make, "parameters") else make
    try:
        found = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in kinds and one.default is one.empty for one in found) >= 2


def _call(make: Callable[..., Any], given: list[np.ndarray], modules: list[Any]) -> Any:
    torch = sys.modules.get("torch")
    if torch is None or not (modules or uses_torch(make)):
        return make(*given)
    device = next((p.device for module in modules for p in module.parameters()), torch.device("cpu"))
    with torch.no_grad():
        return make(*(torch.from_numpy(part).to(device) for part in given))


def uses_torch(make: Callable[..., Any]) -> bool:
    """Whether a function without modules in sight is likely to want tensors: not where Keras runs on something else."""
    keras = sys.modules.get("keras")
    if keras is not None:
        return bool(getattr(keras, "backend", None) and keras.backend.backend() == "torch")
    return not any(name in sys.modules for name in ("jax", "tensorflow"))


def modules_of(make: Callable[..., Any]) -> list[Any]:
    """The torch modules that a function is, belongs to, or closes over."""
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "nn"):
        return []
    seen: list[Any] = [make, getattr(make, "__self__", None), getattr(make, "func", None)]
    with contextlib.suppress(TypeError, ValueError):
        used = inspect.getclosurevars(inspect.unwrap(make))
        seen += [*used.nonlocals.values(), *used.globals.values()]
    owners = [one for one in seen if one is not None and not isinstance(one, torch.nn.Module)]
    for owner in owners:  # `self` of a trainer whose networks are attributes
        seen += [v for v in getattr(owner, "__dict__", {}).values() if isinstance(v, torch.nn.Module)]
    return list({id(one): one for one in seen if isinstance(one, torch.nn.Module)}.values())


@contextlib.contextmanager
def undisturbed(modules: list[Any], seed: int = 0) -> Iterator[None]:
    """Evaluation mode and random numbers of our own inside; afterwards everything is as it was.

    Noise that a generator draws inside is the same every time, so that an image changes with the weights only.
    """
    torch = sys.modules.get("torch")
    modes = [(part, part.training) for module in modules for part in module.modules()]
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    tensors = torch.get_rng_state() if torch is not None else None
    devices = [p.device for module in modules for p in module.parameters() if p.device.type == "cuda"][:1]
    on_device = [torch.cuda.get_rng_state(device) for device in devices] if torch is not None else []
    try:
        for module in modules:
            module.eval()
        if torch is not None:
            torch.random.default_generator.manual_seed(seed)
            for device in devices:
                with torch.cuda.device(device):
                    torch.cuda.manual_seed(seed)
        yield
    finally:
        for part, training in modes:
            part.training = training
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        if torch is not None:
            torch.set_rng_state(tensors)
            for device, state in zip(devices, on_device, strict=True):
                torch.cuda.set_rng_state(state, device)
