"""`generator.glv`: a trained generator for the page to run by itself, and what it needs to place its images on the map.

    operators, weights     see networks/operators.py, at half precision, or in eight bits where there are many
    directions             of the latent space that move the picture most (Shen and Zhou 2021), `(K, Z)`
    fixed                  the latents of the snapshots' first images, `(M, Z)` at half precision
    asked                  the classes that these were asked for, of a generator that is told one
    check                  what PyTorch makes of the first of these in float32: the page compares its own pictures
    landing                a small map of the reals, see maps/landing.py

How far the rounded weights are from PyTorch's is measured here, in grey levels, and stands in the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganscope.errors import GanscopeError
from ganscope.maps import Landing
from ganscope.page import container
from ganscope.runs import Run, parsed_line, read_arrays, read_fakes

if TYPE_CHECKING:
    from torch import nn

HALF_UP_TO, MOST_WEIGHTS = 1_000_000, 8_000_000
FIXED, CHECKED, DIRECTIONS = 256, 8, 8


@dataclass(frozen=True)
class Exported:
    """The container; `word` says in a sentence why there is no generator in it, and is empty where there is one."""

    blob: bytes
    word: str = ""


def export(run: Run) -> Exported:
    """The run's best generator for the page."""
    try:
        return Exported(_container(run, run.choose_generator("best")))
    except ImportError:
        word = "PyTorch, which reads it, is not installed here"
    except GanscopeError as error:
        word = str(error).split("\n")[0]
    except ValueError as error:
        word = str(error)
    word = f"No generator in this page: {word}."
    return Exported(container.encode({"kind": "generator", "word": word}), word)


def _container(run: Run, images_seen: int) -> bytes:
    from ganscope.device import choose_backend
    from ganscope.networks import apply as run_operators
    from ganscope.networks import generator_operators, joined, num_weights, packed, unpacked
    from ganscope.training import Latents, fixed_latents, generate, read_generator

    config = run.config()
    backend = choose_backend(device="cpu", precision="float32")
    g = read_generator(config, run.generator_path(images_seen), backend)
    operators = generator_operators(g)
    count = num_weights(operators)
    if count > MOST_WEIGHTS:
        raise ValueError(f"it has {count:,} weights, and the page takes up to {MOST_WEIGHTS:,}")
    precision: Literal["float16", "int8"] = "float16" if count <= HALF_UP_TO else "int8"
    steps, weights = packed(operators, precision, "g.")
    given = fixed_latents(config)
    fixed, labels = given.z[:FIXED].half(), None if given.labels is None else given.labels[:FIXED]
    wanted = generate(g, Latents(fixed.float(), labels), backend)
    if wanted.ndim != 4:
        raise ValueError("it makes points, not images")
    found = run_operators(unpacked(steps, weights), joined(fixed.float(), labels, config.num_classes))
    levels = found.add(1.0).mul(127.5).clamp(0, 255).round().numpy()
    off = np.abs(levels - wanted)
    meta: dict[str, Any] = {
        "kind": "generator", "images_seen": images_seen, "latent": config.latent, "z": config.latent_dim,
        "classes": config.num_classes,
        "shape": list(wanted.shape[1:]), "operators": steps, "precision": precision, "weights": count,
        "off": {"mean": float(off.mean()), "most": float(off.max()), "images": len(off)}, "landing": None,
    }  # fmt: skip
    sections: dict[str, container.Section] = {
        **weights,
        "directions": _directions(g, config.latent_dim),
        "fixed": fixed.numpy().view(np.uint16),
        "check": wanted[:CHECKED],
        **({} if labels is None else {"asked": container.labels_to_small(labels.numpy())}),
    }
    landing = _landing(run, images_seen)
    if landing:
        meta["landing"], more = landing
        sections |= more
    return container.encode(meta, sections)


def _directions(g: nn.Module, latent_dim: int) -> NDArray[np.float32]:
    """The `K` unit vectors of the latent space that the first layer stretches most: `(K, Z)`, the strongest first."""
    from torch import nn

    first = next(layer for layer in g.modules() if isinstance(layer, nn.Linear))
    weight = first.weight.detach().double().numpy()[:, :latent_dim]  # the rest takes the class
    _, vectors = np.linalg.eigh(weight.T @ weight)
    return np.ascontiguousarray(vectors[:, ::-1][:, :DIRECTIONS].T, np.float32)


def _landing(run: Run, images_seen: int) -> tuple[dict[str, Any], dict[str, container.Section]] | None:
    """The small map and the feature network, as the run keeps them; and how near it is to the whole map."""
    arrays = read_arrays(run.landing_path) or {}
    about = parsed_line(str(arrays.pop("about", "")))
    if not isinstance(about, dict) or about.get("format") != 1:
        return None
    sections: dict[str, container.Section] = {f"landing.{name}": value for name, value in arrays.items()}
    try:
        return about | {"gap": _gap(run, images_seen, about, arrays)}, sections
    except (KeyError, ValueError, IndexError, TypeError, RuntimeError):  # arrays that do not fit together
        return None


def _gap(run: Run, images_seen: int, about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> dict[str, float] | None:
    """The snapshot's own images placed by the small map, against where the whole map put them."""
    import torch

    from ganscope.networks import apply as run_operators
    from ganscope.networks import unpacked

    fakes = read_fakes(run.map_path(images_seen))
    if fakes is None or fakes.images is None:
        return None
    images, xy, unlike = fakes.images, fakes.xy, fakes.unlike
    landing = Landing.restore(arrays, about["block"])
    features = run_operators(unpacked(about["features"], arrays), torch.from_numpy(images).float())
    placed = landing.place(features.flatten(1).numpy(), images)
    gaps = np.sqrt(((placed.xy - xy[: len(images)]) ** 2).sum(axis=1)) / (2 * landing.fitted.radius)
    agree = placed.unlike == unlike[: len(images)]
    return {"images": len(images), "median": float(np.median(gaps)), "agree": float(agree.mean())}
