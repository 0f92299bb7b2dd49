"""One iteration: D's steps, then G's (Goodfellow et al. 2014, algorithm 1), and the real batches they see.

Everything random is a function of `(seed, purpose, images_seen)`; nothing here keeps a state of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganscope.config import Plan
from ganscope.device import Backend
from ganscope.networks import scores_independently, told
from ganscope.randomness import rng
from ganscope.training import penalties
from ganscope.training.augment import Change, drawn_change, with_noise
from ganscope.training.batches import Batch, Batches
from ganscope.training.distributed import ALONE, World
from ganscope.training.naming import misnamed, names_of
from ganscope.training.objectives import OBJECTIVES, Objective, Targets, value
from ganscope.training.packing import in_packs, packed
from ganscope.training.sampling import Latents, latents
from ganscope.training.schedule import apply_schedule, penalty_scale
from ganscope.training.state import SCALARS, TrainState, average_weight


@dataclass(frozen=True)
class Game:
    """What both steps know and neither changes."""

    config: Plan
    backend: Backend
    objective: Objective
    targets: Targets
    world: World = ALONE

    @classmethod
    def of(cls, config: Plan, backend: Backend, world: World = ALONE) -> Game:
        targets = Targets(config.label_real, config.label_fake, config.label_generator)
        return cls(config, backend, OBJECTIVES[config.objective], targets, world)

    def ours(self, rows: Tensor) -> Tensor:
        """Of rows drawn for the whole batch those that this process trains on."""
        return self.world.part(rows, self.config.pack)

    def weighed(self, mean: Tensor) -> Tensor:
        """A mean over this process's rows as its share of the mean over all: the sum over the processes is that."""
        if self.world.size == 1:
            return mean
        return mean * self.share

    def whole(self, rows: int) -> int:
        """How many rows, or packs of them, all processes judge together where this one judges `rows`."""
        return rows if self.world.size == 1 else self.config.batch_size // self.config.pack

    @property
    def share(self) -> float:
        """This process's share of a batch."""
        return self.world.count(self.config.batch_size, self.config.pack) / self.config.batch_size


class DScalars(NamedTuple):
    """What a discriminator step measures, each a scalar on the device: D(x) and D(G(z)) are those before the step.

    Of several processes each has its share: their sum is the mean over the batch.
    """

    loss: Tensor
    real: Tensor
    fake: Tensor
    value: Tensor


class GScalars(NamedTuple):
    """What a generator step measures: its loss, and D(G(z)) after D's step."""

    loss: Tensor
    fake: Tensor


class Penalties(NamedTuple):
    """What D's penalties of one step are given.

    Attributes:
        scale: of their weights; a number, or a tensor `() float32` on the device.
        noise: of finite differences, `(2M, pack C, H, W) float32`, the first M for reals; None where none are taken.
        alpha: of the gradient penalty, a weight a pair, `(P, 1, …) float32 in [0, 1]`.
    """

    scale: float | Tensor
    noise: Tensor | None = None
    alpha: Tensor | None = None


class Given(NamedTuple):
    """What one of D's steps is given: all that is drawn for it (but what `augment.py` draws), on the device."""

    real: Batch
    latents: Latents
    penalties: Penalties


class Drawn(NamedTuple):
    """What an iteration is given: for each of D's steps, for each of G's but the first, and how far G's average moves
    (a number, or a tensor `() float32`). What is left of an iteration are operations on the device alone.
    """

    d: tuple[Given, ...]
    again: tuple[Latents, ...]
    average: float | Tensor


class Round(NamedTuple):
    """What D's last step leaves to G's first: the reals and the fakes `(N, C, H, W)`."""

    real: Batch
    fake: Tensor
    scalars: DScalars


def train_iteration(game: Game, state: TrainState, batches: Batches) -> Tensor:
    """D's steps, then G's: the scalars of SCALARS, `(6,) float32`, still on the device."""
    apply_schedule(state, game.config)
    return play(game, state, draw_iteration(game, state.images_seen, batches))


def draw_iteration(game: Game, images_seen: int, batches: Batches) -> Drawn:
    """What the iteration that begins after `images_seen` images is given."""
    config, d = game.config, []
    for step in range(config.d_steps):
        position = images_seen + step * config.batch_size
        real = batches.at(position, config.batch_size)
        z = draw_latents(game, "z", position, real)
        d.append(Given(real, z, draw_penalties(game, position, real.images)))
    again = tuple(draw_latents(game, f"z again {step}", position, real) for step in range(1, config.g_steps))
    ended = images_seen + config.images_per_iteration
    return Drawn(tuple(d), again, average_weight(config.ema_half_life, config.images_per_iteration, ended))


def play(game: Game, state: TrainState, drawn: Drawn) -> Tensor:
    """An iteration on what was drawn for it: the scalars of SCALARS, `(6,) float32`, still on the device."""
    played = d_phase(game, state, drawn.d)
    g = g_phase(game, state, played, drawn.again)
    state.iteration += 1
    state.move_average(drawn.average)
    return row_of(played.scalars, g)


def d_phase(game: Game, state: TrainState, drawn: tuple[Given, ...]) -> Round:
    """All of D's steps of an iteration, each on new reals and new fakes."""
    for step, given in enumerate(drawn, start=1):
        fake = make_fakes(game, state, given.latents, with_gradients=step == len(drawn))
        scalars = discriminator_step(game, state, given, fake)
        state.images_seen += game.config.batch_size
    return Round(given.real, fake, scalars)


def g_phase(game: Game, state: TrainState, played: Round, again: tuple[Latents, ...]) -> GScalars:
    """All of G's steps of an iteration: the first on the fakes that D has just judged, each further one on new ones."""
    scalars = generator_step(game, state, played.real, played.fake)
    for latents_again in again:
        fake = make_fakes(game, state, latents_again, with_gradients=True)
        scalars = generator_step(game, state, played.real, fake)
    return scalars


def row_of(d: DScalars, g: GScalars) -> Tensor:
    """The scalars in the order of SCALARS: `(6,) float32`."""
    named = {
        "d_loss": d.loss,
        "g_loss": g.loss,
        "d_real": d.real,
        "d_fake_before": d.fake,
        "d_fake_after": g.fake,
        "value": d.value,
    }
    return torch.stack([named[name] for name in SCALARS])


def critic(game: Game, state: TrainState, labels: Tensor | None, change: Change | None) -> Callable[[Tensor], Tensor]:
    """D as packs `(P, pack C, H, W)` meet it: told their classes, and behind what changes them.

    A penalty on its slopes is therefore one with respect to the images before the change.
    """
    d = told(state.d, labels)
    if change is None:
        return d
    return lambda seen: d(game.backend.layout(change(seen)))


def draw_latents(game: Game, purpose: str, position: int, real: Batch) -> Latents:
    """A batch of latents on the device. Each fake is asked for the class of the real beside it (Huang et al. 2024)."""
    z = latents(game.config, game.config.batch_size, purpose, position)
    return Latents(game.ours(z).to(game.backend.device, non_blocking=True), real.labels)


def make_fakes(game: Game, state: TrainState, given: Latents, *, with_gradients: bool) -> Tensor:
    """G's images `(N, C, H, W)`, as both steps take them."""
    if state.perceptrons:
        return state.perceptrons.generate(given.z)
    with game.backend.autocast(), torch.set_grad_enabled(with_gradients):
        fake = told(state.g, given.labels)(given.z)
    return fake


def draw_penalties(game: Game, position: int, real: Tensor) -> Penalties:
    """What the penalties are given of D's step on `real (N, C, H, W)` after `position` images."""
    config, backend = game.config, game.backend
    scale, noise, alpha = penalty_scale(config, position), None, None
    packs, axes = len(real) // config.pack, (real.shape[1] * config.pack, *real.shape[2:])
    if config.gradient_penalty > 0:
        alpha = torch.rand(game.whole(packs), generator=rng(config.seed, "alpha", position))
        alpha = game.world.part(alpha).view(-1, *[1] * len(axes)).to(real.device)
    if takes_differences(config):
        drawn = 2 * num_measured(config, game.whole(packs))
        noise = torch.randn(drawn, *axes, generator=rng(config.seed, "penalty", position))
        noise = backend.layout(noise.to(real.device).mul_(config.penalty_noise))
    return Penalties(scale, noise, alpha)


def takes_differences(config: Plan) -> bool:
    """Whether R1 and R2 come from finite differences."""
    penalised = config.r1 > 0 or config.r2 > 0
    return penalised and config.penalty_noise > 0 and scores_independently(config.network, config.d_norm)


def discriminator_step(game: Game, state: TrainState, given: Given, fake: Tensor) -> DScalars:
    """Ascend D's objective once."""
    config, objective, targets, real = game.config, game.objective, game.targets, given.real
    if state.perceptrons:
        assert objective.d_slopes is not None
        real_logits, fake_logits = state.perceptrons.discriminate(real.images)
        total = game.weighed(objective.d_loss(real_logits, fake_logits, targets))
        real_slopes, fake_slopes = objective.d_slopes(real_logits, fake_logits, targets)
        state.perceptrons.d_backward(game.weighed(real_slopes), game.weighed(fake_slopes))
    else:
        real_seen = with_noise(real.images, config, state, "real", game.world)
        fake_seen = with_noise(fake.detach().float(), config, state, "fake", game.world)
        change = drawn_change(config, state, "D", real_seen.shape, game.world)
        with names_of(state.d, config) as passes:
            real_logits, fake_logits, penalty = discriminate(
                game, state, real_seen, fake_seen, real.labels, change, given.penalties
            )
        total = game.weighed(objective.d_loss(real_logits, fake_logits, targets) + penalty)
        reals = int(config.gradient_penalty > 0)  # the pass that begins with the reals: after that of the penalty
        named = game.weighed(misnamed(passes[reals], real.labels, config.d_classify)) if passes else 0.0
        put_gradients(state.d_parameters, torch.autograd.grad(total + named, state.d_parameters))
    game.world.sum_gradients(state.d_parameters)
    state.d_optimizer.step()
    if config.weight_clip > 0:
        penalties.clip_weights(state.d, config.weight_clip)
    with torch.no_grad():
        scores = torch.sigmoid(real_logits).mean(), torch.sigmoid(fake_logits).mean()
        measured = (*scores, value(real_logits, fake_logits))
        return DScalars(total.detach(), *(game.weighed(scalar) for scalar in measured))


def generator_step(game: Game, state: TrainState, real: Batch, fake: Tensor) -> GScalars:
    """Descend G's loss once, on the fakes rescored by the D just updated."""
    config, objective, targets = game.config, game.objective, game.targets
    d = critic(game, state, real.labels, drawn_change(config, state, "G", fake.shape, game.world))

    def seen_by(images: Tensor, side: str) -> Tensor:
        return packed(d, with_noise(images, config, state, side, game.world), config.pack).float()

    if state.perceptrons:
        assert objective.g_slopes is not None
        fake_logits = state.perceptrons.discriminate_fakes()
        loss = game.weighed(objective.g_loss(fake_logits, None, targets))
        state.perceptrons.g_backward(game.weighed(objective.g_slopes(fake_logits, targets)))
    else:
        with game.backend.autocast(), frozen(state.d_parameters), names_of(state.d, config) as passes:
            fake_logits = seen_by(fake.float(), "fake")
            real_logits = None
            if objective.needs_real_in_g:
                real_logits = seen_by(real.images, "real")
        loss = game.weighed(objective.g_loss(fake_logits, real_logits, targets))
        named = game.weighed(misnamed(passes[0], real.labels, config.g_classify)) if config.g_classify else 0.0
        put_gradients(state.g_parameters, torch.autograd.grad(loss + named, state.g_parameters))
    game.world.sum_gradients(state.g_parameters)
    state.g_optimizer.step()
    return GScalars(loss.detach(), game.weighed(torch.sigmoid(fake_logits.detach()).mean()))


@contextlib.contextmanager
def frozen(parameters: list[nn.Parameter]) -> Iterator[None]:
    """Freeze `parameters`, so that G's step computes no gradients for D."""
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
    game: Game,
    state: TrainState,
    real: Tensor,
    fake: Tensor,
    labels: Tensor | None = None,
    change: Change | None = None,
    given: Penalties | None = None,
) -> tuple[Tensor, Tensor, Tensor | float]:
    """D's logits `(N / pack,) float32` of reals and fakes, and the weighted penalties.

    `labels (N,)` are the classes of both, where D is told; `change` is what happens to both first; `given`: None to
    draw it here. D sees the two separately where each batch has its own batch statistics, else in one pass that R1
    and R2 share.
    """
    config, backend, d = game.config, game.backend, critic(game, state, labels, change)
    scale, noise, alpha = given or draw_penalties(game, state.images_seen, real)
    penalty: Tensor | float = 0.0
    real, fake = in_packs(real, config.pack), in_packs(fake, config.pack)
    if alpha is not None:
        penalty = config.gradient_penalty * scale * penalties.gradient_penalty(d, real, fake, alpha)
    if scores_independently(config.network, config.d_norm):
        logits, squares = discriminate_rows(game, state, torch.cat([real, fake]), noise, twice(labels), change)
        real_logits, fake_logits = logits.chunk(2)
        r1, r2 = mean_squares(game, squares) if squares is not None else (0.0, 0.0)
    else:
        with backend.autocast():
            real_logits, fake_logits = d(real).float(), d(fake).float()
        r1 = penalties.zero_centred_penalty(d, real) if config.r1 > 0 else 0.0
        r2 = penalties.zero_centred_penalty(d, fake) if config.r2 > 0 else 0.0
    return real_logits, fake_logits, penalty + 0.5 * scale * (config.r1 * r1 + config.r2 * r2)


def discriminate_rows(
    game: Game,
    state: TrainState,
    seen: Tensor,
    noise: Tensor | None = None,
    labels: Tensor | None = None,
    change: Change | None = None,
) -> tuple[Tensor, Tensor | None]:
    """The logit of every row, reals and then fakes, `(N,) float32`; where R1 or R2 asks for them, squared gradients.

    Of every row, or by finite differences, with `noise`, of some: `(M,)`, half of them of reals.
    """
    config, backend = game.config, game.backend
    both = None if change is None else change.rows(lambda rows: torch.cat([rows, rows]))
    d = critic(game, state, labels, both)
    if config.r1 == config.r2 == 0.0:
        with backend.autocast():
            return d(seen).float(), None
    if noise is not None:
        count, measured = len(seen), game.world.count(len(noise) // 2)
        moving = first_of_each_half(seen, measured)
        variance = noise.square().mean()
        if game.world.size > 1:
            noise = backend.layout(torch.cat([game.world.part(half) for half in noise.chunk(2)]))
        if labels is not None or both is not None:

            def with_moved(rows: Tensor) -> Tensor:
                return torch.cat([rows, first_of_each_half(rows, measured)])

            known = None if labels is None else with_moved(labels)
            d = critic(game, state, known, None if both is None else both.rows(with_moved))
        with backend.autocast():
            logits, moved = d(torch.cat([seen, moving + noise])).float().split([count, len(moving)])
        still = first_of_each_half(logits, measured)
        return logits, penalties.squared_differences(still, moved, variance)
    inputs = seen.requires_grad_(True)
    logits = d(inputs)
    return logits, penalties.squared_gradients(logits, inputs)


def twice(labels: Tensor | None) -> Tensor | None:
    """The classes of a batch of reals and then as many fakes, which share them."""
    return None if labels is None else torch.cat([labels, labels])


def num_measured(config: Plan, packs: int) -> int:
    """Of how many reals, and of as many fakes, of so many the squared gradients are taken."""
    return max(1, round(config.penalty_share * packs)) if config.penalty_noise > 0 else packs


def mean_squares(game: Game, squares: Tensor) -> Tensor:
    """The means over reals and over fakes, `(2,)`; of several processes so that `Game.weighed` makes them a share."""
    if game.world.size == 1:
        return squares.view(2, -1).mean(dim=1)
    return squares.view(2, len(squares) // 2).sum(dim=1) / (num_measured(game.config, game.whole(0)) * game.share)


def first_of_each_half(rows: Tensor, count: int) -> Tensor:
    """The first `count` reals and as many fakes, from a batch of both."""
    if 2 * count == len(rows):
        return rows
    return torch.cat([half[:count] for half in rows.chunk(2)])
