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
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ganscope.errors import ConfigError
from ganscope.recorder.pictures import as_array

BATCH = 100
MOST_HELD = 1000  # things looked through for networks in one container
IMAGE_KEYS = ("image", "images", "img", "imgs", "fake", "fakes", "sample", "samples", "x", "output", "pixel_values")
LABEL_NAMES = (
    "y",
    "label",
    "labels",
    "c",
    "cls",
    "classes",
    "class_",
    "class_id",
    "class_ids",
    "cond",
    "condition",
    "target",
)


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
        if _labels_first(make):
            given.reverse()
    modules = modules_of(make)
    parts = []
    with undisturbed(modules):
        for start in range(0, len(latents), batch):
            parts.append(pictures_in(_call(make, [part[start : start + batch] for part in given], modules)))
    return np.concatenate(parts)


def pictures_in(made: Any) -> np.ndarray:
    """The images of what a generator gives: an array, or one among other things in a tuple, a dict or an object.

    Raises:
        DataError: none in it.
    """
    if isinstance(made, dict) or (hasattr(made, "keys") and hasattr(made, "__getitem__")):
        keys = [key for key in IMAGE_KEYS if key in made] or list(made.keys())
        made = tuple(made[key] for key in keys)
    elif not hasattr(made, "shape"):
        made = next((found for key in IMAGE_KEYS if (found := getattr(made, key, None)) is not None), made)
    if isinstance(made, tuple | list) and made and all(hasattr(one, "shape") for one in made):
        if len({tuple(one.shape) for one in made}) == 1 and len(made[0].shape) < 4 and isinstance(made, list):
            return np.stack([as_array(one) for one in made])  # one picture each
        deep = max(len(one.shape) for one in made)
        made = next(one for one in made if len(one.shape) == min(deep, 4))
    return as_array(made)


def takes_labels(make: Callable[..., Any]) -> bool:
    """Whether it has a second argument without a default."""
    return sum(one.default is one.empty for one in _parameters(make)) >= 2


def _parameters(make: Callable[..., Any]) -> list[inspect.Parameter]:
    """The arguments that are given by place."""
    target = make.forward if hasattr(make, "forward") and hasattr(make, "parameters") else make
    try:
        found = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [one for one in found if one.kind in kinds]


def _labels_first(make: Callable[..., Any]) -> bool:
    """Whether its first argument is called as labels are, and its second is not."""
    names = [one.name.lower() for one in _parameters(make)[:2]]
    return names[0] in LABEL_NAMES and names[1] not in LABEL_NAMES


def asked_of(fakes: Any, labels: Any, count: int, classes: int) -> np.ndarray | None:
    """The class `(count,) int64` that each image was asked for.

    None where nobody said so, and where what was said is no class of the reals: labels of another kind say nothing.
    """
    if labels is not None:
        found = as_array(labels)
    elif callable(fakes) and takes_labels(fakes):
        found = np.arange(count) % max(1, classes)  # all classes in turn
    else:
        return None
    if classes < 2 or found.ndim != 1 or len(found) < count or not count:
        return None
    kept = found[:count].astype(np.int64)
    return kept if kept.min() >= 0 and kept.max() < classes else None


def _call(make: Callable[..., Any], given: list[np.ndarray], modules: list[Any]) -> Any:
    torch = sys.modules.get("torch")
    if torch is None or not (modules or uses_torch(make)):
        return make(*given)
    weights = [weight for module in modules for weight in module.parameters()]
    device = weights[0].device if weights else torch.device("cpu")
    kinds = [weight.dtype for weight in weights if weight.is_floating_point()][:1]  # half a precision wants half a one
    tensors = [torch.from_numpy(part).to(device) for part in given]
    tensors = [part.to(kinds[0]) if kinds and part.is_floating_point() else part for part in tensors]
    with torch.no_grad():
        return make(*tensors)


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
    for owner in owners:  # `self` of a trainer whose networks are attributes, and what networks are kept in
        kept = owner if isinstance(owner, dict) else getattr(owner, "__dict__", {})
        inside = list(kept.values())[:MOST_HELD] if isinstance(kept, dict) else []
        inside += owner[:MOST_HELD] if isinstance(owner, list | tuple) else []
        seen += [one for one in inside if isinstance(one, torch.nn.Module)]
    return list({id(one): one for one in seen if isinstance(one, torch.nn.Module)}.values())


def _on_every_call(does: Callable[[Any], None]) -> Any:
    """A hook that sees every torch module before it is called, in whatever the program keeps it."""
    from torch.nn.modules.module import register_module_forward_pre_hook

    return register_module_forward_pre_hook(lambda part, _: does(part))


def quiet(part: Any, modes: list[tuple[Any, bool]]) -> None:
    """Put one part of a network into evaluation mode, and note the mode that it had."""
    if part.training:
        modes.append((part, True))
        part.training = False


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
    spared = contextlib.ExitStack()
    spared.enter_context(warnings.catch_warnings())
    hook = None if torch is None or not hasattr(torch, "nn") else _on_every_call(lambda part: quiet(part, modes))
    try:
        for module in modules:
            module.eval()
        # A compiled module says that a hook may see it twice, which does no harm here.
        warnings.filterwarnings("ignore", message=".*when there are global hooks on modules")
        if torch is not None:
            torch.random.default_generator.manual_seed(seed)
            for device in devices:
                with torch.cuda.device(device):
                    torch.cuda.manual_seed(seed)
        yield
    finally:
        spared.close()
        if hook is not None:
            hook.remove()
        for part, training in reversed(modes):  # the first that was noted of a part is what it had
            part.training = training
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        if torch is not None:
            torch.set_rng_state(tensors)
            for device, state in zip(devices, on_device, strict=True):
                torch.cuda.set_rng_state(state, device)
