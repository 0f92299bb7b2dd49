"""Where a training begins that does not begin at random: the weights of G and D of a run or of an exported folder.

Both are read as tensors only: a `.safetensors` file, or the run's own files with `weights_only=True`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganscope.errors import ConfigError, RunError, require_package
from ganscope.runs import Run

START_FILE = "start.safetensors"  # in an exported folder: tensors `g.…` and `d.…`, as the networks name them

Weights = dict[str, Tensor]


def read_start(path: Path | str) -> dict[str, Weights]:
    """The weights `{"g": …, "d": …}` of a run (the best snapshot's G, the newest D) or of an exported folder.

    `"d"` is missing where none was kept.

    Raises:
        RunError: neither a run nor an exported folder, or a damaged file.
    """
    path = Path(path)
    if (path / START_FILE).is_file():
        return _read_file(path / START_FILE)
    if not (path / "generators").is_dir():
        raise RunError(
            f"a training cannot begin from {path}",
            found=f"no {START_FILE} and no generators in it" if path.is_dir() else "no such folder",
            todo="name a run, or a folder that `ganscope export RUN --safetensors` or --hub has written",
        )
    run = Run.open(path)
    found = {"g": _load(run.generator_path(run.choose_generator("best")))["g"]}
    if checkpoints := run.checkpoints():
        found["d"] = _load(checkpoints[-1])["d"]
    return found


def _read_file(path: Path) -> dict[str, Weights]:
    load = require_package("safetensors.torch", "beginning from an exported generator", "export").load_file
    try:
        tensors: Weights = load(path)
    except Exception as error:  # the package raises an error of its own, and OSError
        raise RunError(f"{path} cannot be read", found=str(error)[:200], todo="export the run again") from error
    found: dict[str, Weights] = {}
    for name, tensor in tensors.items():
        network, _, key = name.partition(".")
        found.setdefault(network, {})[key] = tensor
    return found


def _load(path: Path) -> dict[str, Any]:
    try:
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises many kinds for a damaged file
        raise RunError(
            f"{path} cannot be read", found=str(error).split("\n")[0][:200], todo="begin from another run"
        ) from error


def begin_from(g: nn.Module, d: nn.Module, path: str) -> None:
    """Fill both networks with the weights of a run or an exported folder; D stays random where none was kept.

    Raises:
        RunError: it cannot be read. ConfigError: its networks are others.
    """
    weights = read_start(path)
    for name, network in (("g", g), ("d", d)):
        if name not in weights:
            continue
        try:
            network.load_state_dict(weights[name])
        except RuntimeError as error:
            raise ConfigError(
                f"the networks of this training are not those of {path}",
                found=f"{name.upper()}: {str(error).strip().splitlines()[-1].strip()[:200]}",
                todo="leave out --preset, --size, --channels and the widths: --from brings its own",
            ) from error
