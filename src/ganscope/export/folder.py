"""A generator as a folder: `config.json` with its layers, `model.safetensors` with their weights; and back.

The two names are those of huggingface_hub's `PyTorchModelHubMixin`. `start.safetensors` beside them holds G and D as a
training needs them, for `ganscope train --from`. No file of it can run code.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganscope.config import Plan, plan_from_dict
from ganscope.device import choose_backend
from ganscope.errors import ConfigError, RunError, require_package
from ganscope.export.card import public, public_name
from ganscope.export.layers import build, describe
from ganscope.export.taken import Taken
from ganscope.files import atomic, write_json
from ganscope.generator import LoadedGenerator
from ganscope.networks import joined
from ganscope.training import START_FILE, generate, read_start
from ganscope.version import VERSION

FORMAT = "ganscope-export-1"
CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"


def write_folder(taken: Taken, out: Path) -> list[Path]:
    """Write the two files, and the start of further trainings; returns their paths.

    Raises:
        DependencyError: safetensors is not installed. RunError: a file cannot be written.
    """
    require_package("safetensors", "the export as safetensors", "export")
    labels = {"format": "pt", "written_by": f"ganscope {VERSION}", "run": taken.run.path.name}
    paths = [out / WEIGHTS_FILE, out / START_FILE, out / CONFIG_FILE]
    write_tensors(paths[0], taken.net.state_dict(), labels | {"images_seen": str(taken.images_seen)})
    start = read_start(taken.run.path)
    start["g"] = dict(taken.original.g.state_dict())  # of the snapshot asked for; D is the newest there is
    tensors = {f"{network}.{key}": tensor for network, weights in start.items() for key, tensor in weights.items()}
    write_tensors(paths[1], tensors, labels)
    write_json(paths[2], description(taken))  # last: with it the folder is whole
    return paths


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """One safetensors file, atomically."""
    save = require_package("safetensors.torch", "the export as safetensors", "export").save
    content = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, metadata)
    with atomic(path) as file:
        file.write(content)


def description(taken: Taken) -> dict[str, Any]:
    """What `config.json` says: how to build and feed the network, and where it comes from."""
    trained = public(taken.config.to_dict())
    # Names, and not the paths of whoever trained: the folder is made to be given away.
    trained |= {name: public_name(trained[name]) for name in ("data", "start") if trained[name]}
    return {
        "format": FORMAT,
        "written_by": f"ganscope {VERSION}",
        "layers": describe(taken.net),
        "latent": taken.config.latent,
        "latent_dim": taken.config.latent_dim,
        "class_names": list(taken.original.class_names),
        "shape": list(taken.shape),
        "range": "points" if taken.makes_points else "[-1, 1]",
        "run": taken.run.path.name,
        "images_seen": taken.images_seen,
        "verdict": taken.run.verdict(),
        "training": trained,
    }


class ExportedGenerator(LoadedGenerator):
    """A generator of an exported folder: samples as the run's own does, image for image."""

    def __init__(self, path: Path, device: str = "cpu") -> None:
        values = read_description(path)
        self.path, self.images_seen = path, int(values["images_seen"])
        self.description = values
        self.config = known_settings(values["training"])
        self._backend = choose_backend(device=device, precision="float32", convolutional=len(values["shape"]) == 3)
        self._g = build(values["layers"], read_tensors(path / WEIGHTS_FILE))
        self.shape = tuple(values["shape"])
        with torch.no_grad():
            made = tuple(self._g(torch.zeros(2, self.config.latent_dim + self.config.num_classes)).shape)
        if made != (2, *self.shape):
            raise damaged(path, f"layers that make {made[1:]}, a shape of {self.shape}")

    def sample(self, n: int, seed: int = 0, only: str | int | None = None) -> np.ndarray:
        """`(n, C, H, W) uint8` images, those of the run for the same seed; of a toy `(n, d) float32` points."""
        return super().sample(n, seed, only)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> np.ndarray:
        """The layers take the class as one-hot behind the latent."""
        return generate(self._g, joined(z, labels, self.config.num_classes), self._backend)

    def _facts(self) -> dict[str, Any]:
        return {"classes": self.description.get("class_names", [])}


def read_description(path: Path) -> dict[str, Any]:
    """The `config.json` of an exported folder.

    Raises:
        RunError: there is none, it is damaged, or it is of another format.
    """
    file = path / CONFIG_FILE
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        found = values.get("format") if isinstance(values, dict) else None
    except OSError as error:
        raise damaged(path, error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"{CONFIG_FILE}: {error}") from error
    if found != FORMAT:
        by = values.get("written_by", "an unknown program") if isinstance(values, dict) else "an unknown program"
        raise RunError(
            f"{path} is no exported generator that this version reads",
            found=f"format {found!r}, written by {by}; this is ganscope {VERSION}, which reads {FORMAT!r}",
            todo="name a run or a folder of `ganscope export`, or install the version that wrote it",
        )
    for key, kind in (("layers", list), ("shape", list), ("training", dict), ("images_seen", int), ("run", str)):
        if not isinstance(values.get(key), kind):
            raise damaged(path, f"{CONFIG_FILE} without {key!r}")
    return dict(values)


def known_settings(values: dict[str, Any]) -> Plan:
    """The settings of the training; those of other versions, which sampling does not need, are left out.

    Raises:
        RunError: a value that cannot be.
    """
    known = {field.name for field in dataclasses.fields(Plan)}
    try:
        return plan_from_dict({name: value for name, value in values.items() if name in known})
    except (ConfigError, TypeError) as error:
        raise RunError("the settings in this exported generator are damaged", found=str(error)) from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file. Raises RunError: missing or damaged."""
    load = require_package("safetensors.torch", "loading an exported generator", "export").load_file
    try:
        return dict(load(path))
    except Exception as error:  # the package raises an error of its own, and OSError
        raise damaged(path.parent, f"{path.name}: {str(error)[:200]}") from error


def damaged(path: Path, found: str) -> RunError:
    return RunError(f"{path} is no whole exported generator", found=found, todo="export the run again")
