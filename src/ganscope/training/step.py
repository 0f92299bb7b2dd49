"""One iteration: D's steps, then G's (Goodfellow et al. 2014, algorithm 1), and the real batches they see.

Everything random is a function of `(seed, purpose, images_seen)`; nothing here keeps a state of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ganscope.config import Config
from ganscope.device import Backend
from ganscope.networks import scores_independently
from ganscope.randomness import rng
from ganscope.training import objectives, penalties
from ganscope.training.augment import with_noise
from ganscope.training.batches import Batches
from ganscope.training.packing import in_packs, packed
from ganscope.training.sampling import latents
from ganscope.training.schedule import apply_schedule, penalty_scale
from ganscope.training.state import TrainState


def train_iteration(state: TrainState, batches: Batches, config: Config, backend: Backend) -> Tensor:
    """D's steps, then G's: the scalars of SCALARS, `(6,) float32`, still on the device."""
    objective = objectives.OBJECTIVES[config.objective]
    targets = objectives.Targets(config.label_real, config.label_fake, config.label_generator)
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
    objective: objectives.Objective,
    targets: objectives.Targets,
    config: Config,
    backend: Backend,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Ascend D's objective once.

    Returns the loss, D(x), D(G(z)) before the step, and the value V(D, G).
    """
    if state.perceptrons:
        assert objective.d_slopes is not None
        real_logits, fake_logits = state.perceptrons.discriminate(real)
        total = objective.d_loss(real_logits, fake_logits, targets)
        state.perceptrons.d_backward(*objective.d_slopes(real_logits, fake_logits, targets))
    else:
        fake = fake.detach().float()
        real_seen, fake_seen = with_noise(real, config, state, "real"), with_noise(fake, config, state, "fake")
        real_logits, fake_logits, penalty = discriminate(state, real_seen, fake_seen, config, backend)
        total = objective.d_loss(real_logits, fake_logits, targets) + penalty
        put_gradients(state.d_parameters, torch.autograd.grad(total, state.d_parameters))
    state.d_optimizer.step()
    if config.weight_clip > 0:
        penalties.clip_weights(state.d, config.weight_clip)
    with torch.no_grad():
        scores = torch.sigmoid(real_logits).mean(), torch.sigmoid(fake_logits).mean()
        value = objectives.value(real_logits, fake_logits)
    return total.detach(), *scores, value


def generator_step(
    state: TrainState,
    real: Tensor,
    fake: Tensor,
    objective: objectives.Objective,
    targets: objectives.Targets,
    config: Config,
    backend: Backend,
) -> tuple[Tensor, Tensor]:
    """Descend G's loss once, on the same fakes rescored by the D just updated: the loss, and D(G(z)) after D's step."""
    if state.perceptrons:
        assert objective.g_slopes is not None
        fake_logits = state.perceptrons.discriminate_fakes()
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


def discriminate(
    state: TrainState, real: Tensor, fake: Tensor, config: Config, backend: Backend
) -> tuple[Tensor, Tensor, Tensor | float]:
    """D's logits `(N / pack,) float32` of reals and fakes, and the weighted penalties.

    D sees the two apart where each batch has its own batch statistics, else in one pass that R1 and R2 share.
    """
    scale = penalty_scale(state, config)
    penalty: Tensor | float = 0.0
    real, fake = in_packs(real, config.pack), in_packs(fake, config.pack)
    if config.gradient_penalty > 0:
        alpha = torch.rand(len(real), generator=rng(config.seed, "alpha", state.images_seen))
        alpha = alpha.view(-1, *[1] * (real.dim() - 1)).to(real.device)
        penalty = config.gradient_penalty * scale * penalties.gradient_penalty(state.d, real, fake, alpha)
    if scores_independently(config.network, config.d_norm):
        logits, squares = discriminate_rows(state, torch.cat([real, fake]), config, backend)
        real_logits, fake_logits = logits.chunk(2)
        r1, r2 = squares.view(2, -1).mean(dim=1) if squares is not None else (0.0, 0.0)
    else:
        with backend.autocast():
            real_logits, fake_logits = state.d(real).float(), state.d(fake).float()
        r1 = penalties.zero_centred_penalty(state.d, real) if config.r1 > 0 else 0.0
        r2 = penalties.zero_centred_penalty(state.d, fake) if config.r2 > 0 else 0.0
    return real_logits, fake_logits, penalty + 0.5 * scale * (config.r1 * r1 + config.r2 * r2)


def discriminate_rows(
    state: TrainState, seen: Tensor, config: Config, backend: Backend
) -> tuple[Tensor, Tensor | None]:
    """The logit of every row, reals and then fakes, `(N,) float32`; where R1 or R2 asks for them, squared gradients.

    Of every row, or by finite differences of some: `(M,)`, half of them of reals.
    """
    if config.r1 == config.r2 == 0.0:
        with backend.autocast():
            return state.d(seen).float(), None
    if config.penalty_noise > 0:
        count = len(seen)
        moving = seen if config.penalty_share >= 1.0 else first_of_each_half(seen, config.penalty_share)
        noise = torch.randn(moving.shape, generator=rng(config.seed, "penalty", state.images_seen))
        noise = backend.layout(noise.to(seen.device).mul_(config.penalty_noise))
        with backend.autocast():
            logits, moved = state.d(torch.cat([seen, moving + noise])).float().split([count, len(moving)])
        still = logits if len(moving) == count else first_of_each_half(logits, config.penalty_share)
        return logits, penalties.squared_differences(still, moved, noise)
    inputs = seen.requires_grad_(True)
    logits = state.d(inputs)
    return logits, penalties.squared_gradients(logits, inputs)


def first_of_each_half(rows: Tensor, share: float) -> Tensor:
    """The first `share` of the reals and of the fakes, at least one of each, from a batch of both."""
    return torch.cat([half[: max(1, round(share * len(half)))] for half in rows.chunk(2)])
