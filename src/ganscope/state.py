"""TrainState: everything that changes while training. Saved whole, loaded whole; the rest is a function of the config.

Checkpoints hold tensors, numbers and strings only and load with `weights_only=True`: opening one runs no code from it.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ganscope import networks
from ganscope.adam import Adam
from ganscope.config import Config
from ganscope.device import Backend, choose_backend, generator
from ganscope.errors import RunError, TrainingError
from ganscope.files import atomic
from ganscope.networks import mlp
from ganscope.perceptron import Perceptrons, can_write_out

CHECKPOINT_FORMAT = "ganscope-checkpoint-2"
STANDING_LATENTS, STANDING_BATCH = 1000, 250  # from which the average's batch statistics are measured
# One row of the recent scalars; the order of history.jsonl.
SCALARS = ("d_loss", "g_loss", "d_real", "d_fake_before", "d_fake_after", "value")


@dataclass
class TrainState:
    """Both networks, G's moving average, both optimisers, the one counter, and the scalars not yet logged."""

    g: nn.Module
    d: nn.Module
    g_ema: nn.Module | None
    g_optimizer: Adam
    d_optimizer: Adam
    recent: torch.Tensor  # (log_every, len(SCALARS)) float32, the iterations since the last line of history
    recent_count: int = 0
    iteration: int = 0
    images_seen: int = 0
    g_parameters: list[nn.Parameter] = field(default_factory=list)
    d_parameters: list[nn.Parameter] = field(default_factory=list)
    perceptrons: Perceptrons | None = None  # the passes written out, where the config allows it

    def update_ema(self, half_life: float, batch: int) -> None:
        """Move the average towards G, an old weight counting half after `half_life` images.

        The half-life is at most a twentieth of the images seen, so that the untrained start is soon forgotten
        (Karras et al. 2021, the ramp-up). Batch norm's statistics are measured when they are needed: see `sampler`.
        """
        if self.g_ema is None:
            return
        beta = 0.5 ** (batch / max(min(half_life, 0.05 * self.images_seen), 1e-8))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.g_ema.parameters()), list(self.g.parameters()), 1.0 - beta)


@dataclass(frozen=True)
class Snapshot:
    """The generator at one `images_seen`, as the callback `on_snapshot` sees it."""

    images_seen: int
    iteration: int
    epoch: float
    fakes: np.ndarray  # (M, C, H, W) uint8 (float32 (M, d) for toys), always from the same M latents
    scores: np.ndarray  # (M,) float32 in [0, 1]: D in evaluation mode
    final: bool
    g: nn.Module  # the sampler that made the fakes
    d: nn.Module
    train_seconds: float  # spent training so far, without snapshots


def new_state(config: Config, backend: Backend) -> TrainState:
    """A fresh state for a resolved config."""
    assert config.size is not None and config.channels is not None and config.log_every is not None
    g, d = build_networks(config, config.size, config.channels, generator(config.seed, "weights").initial_seed())
    g, d = backend.place(g), backend.place(d)
    g_ema = copy.deepcopy(g).eval().requires_grad_(False) if config.ema_half_life > 0 else None
    g_parameters, d_parameters = list(g.parameters()), list(d.parameters())
    return TrainState(
        g=g,
        d=d,
        g_ema=g_ema,
        g_optimizer=Adam(g_parameters, config.g_lr, (config.g_beta1, config.g_beta2)),
        d_optimizer=Adam(d_parameters, config.d_lr, (config.d_beta1, config.d_beta2)),
        recent=torch.zeros(config.log_every, len(SCALARS), device=backend.device),
        g_parameters=g_parameters,
        d_parameters=d_parameters,
        perceptrons=_perceptrons(g, d, config, backend),
    )


def build_networks(config: Config, size: int, channels: int, seed: int = 0) -> tuple[nn.Module, nn.Module]:
    """Both networks of a config for images of `size` pixels, on the CPU; weights drawn from `seed`."""
    return networks.build(
        config.network, size=size, channels=channels, latent_dim=config.latent_dim, g_width=config.g_width,
        d_width=config.d_width, init_std=config.init_std, spectral_norm=config.spectral_norm, pack=config.pack,
        d_norm=config.d_norm, bottom=config.bottom, g_blur=config.g_blur, seed=seed,
    )  # fmt: skip


def backend_of(config: Config) -> Backend:
    """The path that suits a config on this machine.

    Raises:
        ConfigError: a device that is not there.
    """
    return choose_backend(
        device=config.device,
        precision=config.precision,
        threads=config.threads,
        convolutional=networks.NETWORKS[config.network].convolutional,
        written_out=can_write_out(config),
    )


def _perceptrons(g: nn.Module, d: nn.Module, config: Config, backend: Backend) -> Perceptrons | None:
    """The passes written out, where they can be."""
    if not can_write_out(config) or backend.autocast_dtype:
        return None
    assert isinstance(g, mlp.Generator)
    assert isinstance(d, mlp.Discriminator)
    return Perceptrons(g, d, config.batch_size, backend.product_dtype)


@torch.no_grad()
def sampler(state: TrainState, config: Config, backend: Backend) -> nn.Module:
    """The generator that samples come from: G, or its moving average where there is one.

    The average's activations are distributed otherwise than G's, so batch norm's statistics are measured on its own
    images before every use (standing statistics, Brock et al. 2019, appendix C.1): the mean over batches of always
    the same latents.
    """
    if state.g_ema is None:
        return state.g
    norms = [module for module in state.g_ema.modules() if isinstance(module, nn.BatchNorm2d)]
    if norms:
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # a plain mean over the batches
        state.g_ema.train()
        for z in latents(config, STANDING_LATENTS, "standing").split(STANDING_BATCH):
            with backend.autocast():
                state.g_ema(z.to(backend.device))
    return state.g_ema.eval()


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
    }
    with atomic(path) as file:
        torch.save(content, file)


def load_checkpoint(state: TrainState, path: Path, data_hash: str | None = None) -> None:
    """Fill `state` from a checkpoint.

    Raises:
        RunError: the file is truncated, foreign, made by other networks, or belongs to other data.
    """
    content = read_tensors(path, CHECKPOINT_FORMAT)
    if data_hash is not None and content["data_hash"] != data_hash:
        raise RunError(
            "the data set is not the one this run was trained on",
            found=f"content {data_hash}, the checkpoint {path.name} has {content['data_hash']}",
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
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{path} does not fit this run",
            found=str(error).split("\n")[0],
            todo="it belongs to other settings: remove it",
        ) from error
    state.recent_count = int(content["recent_count"])
    state.iteration, state.images_seen = int(content["iteration"]), int(content["images_seen"])


def read_tensors(path: Path, expected_format: str) -> dict[str, Any]:
    """A file written by this program, without running code from it.

    Raises:
        RunError: truncated, or not ours.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        found = content["format"]
    except Exception as error:  # torch raises many kinds for a damaged or foreign file
        raise RunError(
            f"{path} cannot be read",
            found=f"a damaged or foreign file ({str(error).split(chr(10))[0][:120] or type(error).__name__})",
            todo="remove it: the newest good checkpoint before it is used then",
        ) from error
    if found != expected_format:
        raise RunError(
            f"{path} is not a {expected_format}", found=repr(found), todo="remove it, or use its own version"
        )
    return dict(content)


def require_finite(state: TrainState) -> None:
    """Refuse to go on with weights that are not numbers.

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


def load_generator(config: Config, path: Path, backend: Backend) -> nn.Module:
    """A generator in evaluation mode: `(N, Z) float32` → `(N, C, H, W) float32 in [-1, 1]`.

    Raises:
        RunError: the file is damaged or does not fit the config.
    """
    content = read_tensors(path, GENERATOR_FORMAT)
    g = new_state(config, backend).g
    try:
        g.load_state_dict(content["g"])
    except RuntimeError as error:
        raise RunError(f"{path} does not fit this run", found=str(error).split("\n")[0], todo="remove it") from error
    return g.eval().requires_grad_(False)


def latents(config: Config, count: int, purpose: str, position: int = 0) -> torch.Tensor:
    """`(count, Z) float32` latents, a function of the seed, the purpose and the position alone."""
    source = generator(config.seed, purpose, position)
    if config.latent == "uniform":
        return torch.rand(count, config.latent_dim, generator=source) * 2.0 - 1.0
    return torch.randn(count, config.latent_dim, generator=source)


@torch.no_grad()
def generate(g: nn.Module, z: torch.Tensor, backend: Backend, batch: int = 250) -> np.ndarray:
    """Images `(N, C, H, W) uint8` (points `(N, d) float32` for toys) of a generator in evaluation mode.

    Batches have one size whatever `N`, so that an image depends on its latent only.
    """
    training = g.training
    g.eval()
    parts = []
    for start in range(0, len(z), batch):
        part = z[start : start + batch]
        padded = torch.cat([part, part.new_zeros(batch - len(part), part.shape[1])]) if len(part) < batch else part
        with backend.autocast():
            made = g(padded.to(backend.device, non_blocking=True))
        parts.append(to_uint8(made.float())[: len(part)].cpu())
    g.train(training)
    return torch.cat(parts).numpy()


def to_uint8(images: torch.Tensor) -> torch.Tensor:
    """`[-1, 1]` → `0 … 255`, rounded: (x + 1)·127.5. Points (two axes) stay as they are."""
    if images.dim() == 2:
        return images
    return images.add(1.0).mul(127.5).round_().clamp_(0, 255).to(torch.uint8).contiguous()


def normalise(images: torch.Tensor) -> torch.Tensor:
    """uint8 `0 … 255` → float32 `[-1, 1]`. Points stay as they are."""
    return images if images.is_floating_point() else images.float().div_(127.5).sub_(1.0)


def fading(start: float, end: float, progress: float) -> float:
    """From `start` to `end`, both positive, by equal factors along half a cosine; linearly where `end` is 0."""
    if end <= 0:
        return cosine(start, end, progress)
    return math.exp(cosine(math.log(start), math.log(end), progress))


def cosine(start: float, end: float, progress: float) -> float:
    """From `start` to `end` along half a cosine as `progress` goes from 0 to 1, `end` afterwards."""
    return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * min(1.0, max(0.0, progress))))
