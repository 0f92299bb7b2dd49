"""One iteration: D's steps, then G's (Goodfellow et al. 2014, algorithm 1), and the real batches they see.

Everything random is a function of `(seed, purpose, images_seen)`; nothing here keeps a state of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from ganscope import losses, networks
from ganscope.config import Config
from ganscope.device import Backend, generator
from ganscope.state import TrainState, cosine, fading, latents, normalise


class Batches:
    """Real batches by position: permutation after permutation, each a function of the seed and the epoch."""

    def __init__(self, images: np.ndarray, config: Config, backend: Backend) -> None:
        self.count, self.config, self.backend = len(images), config, backend
        # Copied: a gather from a memory map faults page by page, and torch refuses read-only memory.
        self.images = torch.from_numpy(np.array(images)).to(backend.device)
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.long)

    def at(self, position: int, count: int) -> Tensor:
        """The `count` images that come after the first `position`: `(count, C, H, W) float32 in [-1, 1]`."""
        indices = []
        while count > 0:
            epoch, start = divmod(position, self.count)
            taken = min(count, self.count - start)
            indices.append(self._permutation(epoch)[start : start + taken])
            position, count = position + taken, count - taken
        index = torch.cat(indices) if len(indices) > 1 else indices[0]
        # index_select copies whole rows; indexing an array of bytes goes one byte at a time.
        batch = normalise(self.images.index_select(0, index.to(self.backend.device)))
        if self.config.flip:
            mirrored = torch.rand(len(batch), generator=generator(self.config.seed, "flip", position)) < 0.5
            batch = torch.where(mirrored.to(batch.device)[:, None, None, None], batch.flip(-1), batch)
        return self.backend.layout(batch)

    def _permutation(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = torch.randperm(self.count, generator=generator(self.config.seed, "order", epoch))
        return self._order


def train_iteration(state: TrainState, batches: Batches, config: Config, backend: Backend) -> Tensor:
    """D's steps, then G's: the scalars of SCALARS, `(6,) float32`, still on the device."""
    objective = losses.OBJECTIVES[config.objective]
    targets = losses.Targets(config.label_real, config.label_fake, config.label_generator)
    apply_schedule(state, config)
    for step in range(config.d_steps):
        position = state.images_seen
        real = batches.at(position, config.batch_size)
        z = latents(config, config.batch_size, "z", position).to(backend.device, non_blocking=True)
        last = step == config.d_steps - 1
        fake = make_fakes(state, z, backend, with_gradients=last)
        d_scalars = discriminator_step(state, real, fake, objective, targets, config, backend)
        state.images_seen += config.batch_size
    for step in range(config.g_steps):
        if step > 0:
            z = latents(config, config.batch_size, f"z again {step}", position).to(backend.device, non_blocking=True)
            fake = make_fakes(state, z, backend, with_gradients=True)
        g_scalars = generator_step(state, real, fake, objective, targets, config, backend)
    state.iteration += 1
    state.update_ema(config.ema_half_life, config.images_per_iteration)
    return torch.stack([d_scalars[0], g_scalars[0], d_scalars[1], d_scalars[2], g_scalars[1], d_scalars[3]])


def make_fakes(state: TrainState, z: Tensor, backend: Backend, *, with_gradients: bool) -> Tensor:
    """G's images of `(N, Z)` latents, as both steps take them."""
    if state.perceptrons:
        return state.perceptrons.generate(z)
    with backend.autocast(), torch.set_grad_enabled(with_gradients):
        fake: Tensor = state.g(z)
    return fake


def discriminator_step(
    state: TrainState,
    real: Tensor,
    fake: Tensor,
    objective: losses.Objective,
    targets: losses.Targets,
    config: Config,
    backend: Backend,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Ascend D's objective once.

    Returns the loss, D(x), D(G(z)) before the step, and the value V(D, G).
    """
    if state.perceptrons:
        assert objective.d_slopes is not None
        real_logits, fake_logits = state.perceptrons.judge(real)
        total = objective.d_loss(real_logits, fake_logits, targets)
        state.perceptrons.d_backward(*objective.d_slopes(real_logits, fake_logits, targets))
    else:
        fake = fake.detach().float()
        real_seen, fake_seen = with_noise(real, config, state, "real"), with_noise(fake, config, state, "fake")
        real_logits, fake_logits, penalty = judge(state, real_seen, fake_seen, config, backend)
        total = objective.d_loss(real_logits, fake_logits, targets) + penalty
        put_gradients(state.d_parameters, torch.autograd.grad(total, state.d_parameters))
    state.d_optimizer.step()
    if config.weight_clip > 0:
        losses.clip_weights(state.d, config.weight_clip)
    with torch.no_grad():
        scores = torch.sigmoid(real_logits).mean(), torch.sigmoid(fake_logits).mean()
        value = losses.value(real_logits, fake_logits)
    return total.detach(), *scores, value


def generator_step(
    state: TrainState,
    real: Tensor,
    fake: Tensor,
    objective: losses.Objective,
    targets: losses.Targets,
    config: Config,
    backend: Backend,
) -> tuple[Tensor, Tensor]:
    """Descend G's loss once, on the same fakes rescored by the D just updated: the loss, and D(G(z)) after D's step."""
    if state.perceptrons:
        assert objective.g_slopes is not None
        fake_logits = state.perceptrons.judge_fakes()
        loss = objective.g_loss(fake_logits, None, targets)
        state.perceptrons.g_backward(objective.g_slopes(fake_logits, targets))
    else:
        with backend.autocast(), frozen(state.d_parameters):
            fake_logits = packed(state.d, with_noise(fake.float(), config, state, "fake"), config.pack).float()
            real_logits = None
            if objective.needs_real_in_g:
                real_logits = packed(state.d, with_noise(real, config, state, "real"), config.pack).float()
        loss = objective.g_loss(fake_logits, real_logits, targets)
        put_gradients(state.g_parameters, torch.autograd.grad(loss, state.g_parameters))
    state.g_optimizer.step()
    return loss.detach(), torch.sigmoid(fake_logits.detach()).mean()


@contextlib.contextmanager
def frozen(parameters: list[nn.Parameter]) -> Iterator[None]:
    """What is computed inside has no gradients by these parameters, so that none are made for D's in G's step."""
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


def put_gradients(parameters: list[nn.Parameter], gradients: tuple[Tensor, ...]) -> None:
    """Each gradient in its parameter's memory order: fused Adam walks both side by side, whatever their strides."""
    for parameter, gradient in zip(parameters, gradients, strict=True):
        same = gradient.stride() == parameter.stride()
        parameter.grad = gradient if same else torch.empty_like(parameter).copy_(gradient)


def judge(
    state: TrainState, real: Tensor, fake: Tensor, config: Config, backend: Backend
) -> tuple[Tensor, Tensor, Tensor | float]:
    """D's logits `(N / pack,) float32` of reals and fakes, and the weighted penalties.

    D sees the two apart where each batch has its own batch statistics, else in one pass that R1 and R2 share.
    """
    scale = penalty_scale(state, config)
    penalty: Tensor | float = 0.0
    real, fake = in_packs(real, config.pack), in_packs(fake, config.pack)
    if config.gradient_penalty > 0:
        alpha = torch.rand(len(real), generator=generator(config.seed, "alpha", state.images_seen))
        alpha = alpha.view(-1, *[1] * (real.dim() - 1)).to(real.device)
        penalty = config.gradient_penalty * scale * losses.gradient_penalty(state.d, real, fake, alpha)
    if networks.judges_apart(config.network, config.d_norm):
        logits, squares = judge_rows(state, torch.cat([real, fake]), config, backend)
        real_logits, fake_logits = logits.chunk(2)
        r1, r2 = squares.view(2, -1).mean(dim=1) if squares is not None else (0.0, 0.0)
    else:
        with backend.autocast():
            real_logits, fake_logits = state.d(real).float(), state.d(fake).float()
        r1 = losses.zero_centred_penalty(state.d, real) if config.r1 > 0 else 0.0
        r2 = losses.zero_centred_penalty(state.d, fake) if config.r2 > 0 else 0.0
    return real_logits, fake_logits, penalty + 0.5 * scale * (config.r1 * r1 + config.r2 * r2)


def judge_rows(state: TrainState, seen: Tensor, config: Config, backend: Backend) -> tuple[Tensor, Tensor | None]:
    """The logit of every row, reals and then fakes, `(N,) float32`; where R1 or R2 asks for them, squared gradients.

    Of every row, or by finite differences of some: `(M,)`, half of them of reals.
    """
    if config.r1 == config.r2 == 0.0:
        with backend.autocast():
            return state.d(seen).float(), None
    if config.penalty_noise > 0:
        count = len(seen)
        moving = seen if config.penalty_share >= 1.0 else first_of_each_half(seen, config.penalty_share)
        noise = torch.randn(moving.shape, generator=generator(config.seed, "penalty", state.images_seen))
        noise = backend.layout(noise.to(seen.device).mul_(config.penalty_noise))
        with backend.autocast():
            logits, moved = state.d(torch.cat([seen, moving + noise])).float().split([count, len(moving)])
        still = logits if len(moving) == count else first_of_each_half(logits, config.penalty_share)
        return logits, losses.squared_differences(still, moved, noise)
    inputs = seen.requires_grad_(True)
    logits = state.d(inputs)
    return logits, losses.squared_gradients(logits, inputs)


def first_of_each_half(rows: Tensor, share: float) -> Tensor:
    """The first `share` of the reals and of the fakes, at least one of each, from a batch of both."""
    return torch.cat([half[: max(1, round(share * len(half)))] for half in rows.chunk(2)])


def penalty_scale(state: TrainState, config: Config) -> float:
    """What the burn-in has left of the penalties' weights."""
    return fading(1.0, config.burn_in_penalty, state.images_seen / config.burn_in) if config.burn_in else 1.0


def in_packs(images: Tensor, pack: int) -> Tensor:
    """`pack` images as one with `pack` times the channels (PacGAN)."""
    return images if pack == 1 else losses.pack(images, pack)


def packed(d: Callable[[Tensor], Tensor], images: Tensor, pack: int) -> Tensor:
    """D's logits of images judged `pack` at a time."""
    return d(in_packs(images, pack))


def with_noise(images: Tensor, config: Config, state: TrainState, side: str) -> Tensor:
    """Instance noise (Sønderby et al. 2017), falling linearly to nothing."""
    sigma = losses.instance_noise_sigma(state.images_seen, config.instance_noise, config.instance_noise_images)
    if sigma <= 0:
        return images
    noise = torch.randn(images.shape, generator=generator(config.seed, f"noise {side}", state.images_seen))
    return images + sigma * noise.to(images.device)


def apply_schedule(state: TrainState, config: Config) -> None:
    """The burn-in of Huang et al. 2024: learning rates fade, β2 moves to its final value.

    D's rate may fade to an end of its own: a D that still moves when G hardly does can follow it.
    """
    if not config.burn_in:
        return
    progress = state.images_seen / config.burn_in
    d_end = config.burn_in_lr if config.burn_in_d_lr is None else config.burn_in_d_lr
    for optimizer, lr, end, beta1, beta2 in (
        (state.g_optimizer, config.g_lr, config.burn_in_lr, config.g_beta1, config.g_beta2),
        (state.d_optimizer, config.d_lr, d_end, config.d_beta1, config.d_beta2),
    ):
        optimizer.lr = lr * fading(1.0, end, progress)
        optimizer.betas = (beta1, cosine(config.burn_in_beta2, beta2, progress))
