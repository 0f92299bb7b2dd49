"""The state of a training on disk: tensors and numbers only, loaded with `weights_only=True`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from ganscope.config import Plan
from ganscope.device import Backend
from ganscope.errors import OtherDataError, OtherVersionError, RunError, TrainingError
from ganscope.files import atomic
from ganscope.runs import regular
from ganscope.training.state import TrainState, new_state

CHECKPOINT_FORMAT = "ganscope-checkpoint-2"


def save_checkpoint(state: TrainState, path: Path, data_hash: str) -> None:
    """Write everything needed to go on, atomically.

    Raises:
        TrainingError: a weight is not finite; nothing is written, the older checkpoint stays.
        RunError: the file cannot be written.
    """
    require_finite(state)
    content = {
        "format": CHECKPOINT_FORMAT,
        "data_hash": data_hash,
        "iteration": state.iteration,
        "images_seen": state.images_seen,
        "g": state.g.state_dict(),
        "d": state.d.state_dict(),
        "g_ema": None if state.g_ema is None else state.g_ema.state_dict(),
        "g_optimizer": state.g_optimizer.state_dict(),
        "d_optimizer": state.d_optimizer.state_dict(),
        "recent": state.recent,
        "recent_count": state.recent_count,
        "steering": state.steering.numbers,
    }
    with atomic(path) as file:
        torch.save(content, file)


def load_checkpoint(state: TrainState, path: Path, data_hash: str | None = None) -> None:
    """Fill `state` from a checkpoint.

    Raises:
        RunError: the file is truncated, foreign, made by other networks, or belongs to other data.
    """
    content = read_tensors(path, CHECKPOINT_FORMAT)
    if data_hash is not None and content.get("data_hash") != data_hash:
        raise OtherDataError(
            "the data set is not the one this run was trained on",
            found=f"content {data_hash}, the checkpoint {path.name} has {content.get('data_hash')}",
            todo="give back the original images, or start another run with --new",
        )
    try:
        state.g.load_state_dict(content["g"])
        state.d.load_state_dict(content["d"])
        if state.g_ema is not None:
            state.g_ema.load_state_dict(content["g_ema"])
        state.g_optimizer.load_state_dict(content["g_optimizer"])
        state.d_optimizer.load_state_dict(content["d_optimizer"])
        state.recent.copy_(content["recent"])
        state.recent_count = int(content["recent_count"])
        if "steering" in content:  # of runs from before there was one, which it does not concern
            state.steering.numbers.copy_(content["steering"])
        state.iteration, state.images_seen = int(content["iteration"]), int(content["images_seen"])
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{path} does not fit this run",
            found=_in_a_line(error),
            todo="it belongs to other settings or another version of ganscope: remove it, or use that version",
        ) from error


def _in_a_line(error: Exception) -> str:
    """What PyTorch says over many lines, the first of missing weights with it."""
    return " ".join(str(error).split())[:200]


def read_tensors(path: Path, expected_format: str) -> dict[str, Any]:
    """A file written by this program, without running code from it.

    Raises:
        RunError: truncated, or not ours.
    """
    try:
        if not regular(path):
            raise ValueError("no plain file")
        content = torch.load(path, map_location="cpu", weights_only=True)
        found = content["format"]
    except Exception as error:  # torch raises many kinds for a damaged or foreign file
        raise RunError(
            f"{path} cannot be read",
            found=f"a damaged or foreign file ({str(error).split(chr(10))[0][:120] or type(error).__name__})",
            todo="remove it: the newest good checkpoint before it is used then",
        ) from error
    if found != expected_format:
        raise OtherVersionError(
            f"{path} is not a {expected_format}", found=repr(found), todo="use the version of ganscope that wrote it"
        )
    return dict(content)


def require_finite(state: TrainState) -> None:
    """Refuse to continue with weights that are not numbers.

    Raises:
        TrainingError: naming the network, the tensor and the iteration.
    """
    for name, network in (("G", state.g), ("D", state.d)):
        for key, tensor in network.state_dict().items():
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise TrainingError(
                    f"the weights of {name} are not finite at iteration {state.iteration}",
                    found=f"NaN or infinity in {key}",
                    todo="lower --g-lr and --d-lr, or use --precision float32; the last good checkpoint is kept",
                )


GENERATOR_FORMAT = "ganscope-generator-1"


def save_generator(g: nn.Module, path: Path) -> None:
    """The weights that samples come from, alone."""
    with atomic(path) as file:
        torch.save({"format": GENERATOR_FORMAT, "g": g.state_dict()}, file)


def read_generator(config: Plan, path: Path, backend: Backend) -> nn.Module:
    """A generator in evaluation mode: `(N, Z) float32` → `(N, C, H, W) float32 in [-1, 1]`.

    Raises:
        RunError: the file is damaged or does not fit the config.
    """
    content = read_tensors(path, GENERATOR_FORMAT)
    g = new_state(config, backend, begun=False).g
    try:
        g.load_state_dict(content["g"])
    except RuntimeError as error:
        todo = "it belongs to other settings or another version of ganscope: use that version"
        raise RunError(f"{path} does not fit this run", found=_in_a_line(error), todo=todo) from error
    return g.eval().requires_grad_(False)
