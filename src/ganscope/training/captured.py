"""The whole iteration as one CUDA graph: recorded once, then launched at once instead of kernel by kernel.

A graph repeats the same operations on the same memory. So everything that changes from one iteration to the next enters
through tensors that stay where they are: `Buffers` holds what `draw_iteration` draws (reals, latents, classes, the
noise of penalties) and what the schedules say (learning rates, the weight of the penalties, the step of G's average).
Nothing random or scheduled is decided inside; D's steps, G's, the penalties by finite differences, Adam and the moving
average are what is left.

What can be proved without a device is: an iteration from buffers, played as ordinary operations on the CPU, has the
bits of `train_iteration` (tests/training/test_captured.py). **The capture itself has never run on a device.**
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ganscope.config import Plan
from ganscope.networks import scores_independently
from ganscope.training.batches import Batch, Batches
from ganscope.training.sampling import Latents
from ganscope.training.schedule import apply_schedule
from ganscope.training.state import TrainState
from ganscope.training.step import Drawn, Game, Given, Penalties, draw_iteration, play, train_iteration

WARM_UP = 3  # iterations before the recording: libraries choose their kernels and take their memory in the first ones


def iteration_of(
    game: Game, state: TrainState, batches: Batches, say: Callable[[str], None] = lambda _: None
) -> Callable[[], Tensor]:
    """`train_iteration` of these as a function of nothing, or what does the same faster; says why where it cannot."""
    if game.config.cuda_graph:
        reason = why_not(game)
        if not reason:
            return Captured(game, state, batches)
        say(f"no CUDA graph, the iteration runs as usual: {reason}")
    return lambda: train_iteration(game, state, batches)


def why_not(game: Game) -> str:
    """Why an iteration cannot be a graph; empty where it can."""
    if game.backend.device.type != "cuda":
        return f"only an NVIDIA GPU has them, and this training is on {game.backend.device.type}"
    if game.world.size > 1:
        return f"{game.world.size} processes sum their gradients in between"
    return why_not_from_buffers(game.config)


def why_not_from_buffers(config: Plan) -> str:
    """Why what changes from iteration to iteration cannot all stand in buffers; empty where it can."""
    if config.gradient_penalty > 0 or differentiates_twice(config):
        return "its penalties need second derivatives (of R1 and R2, --penalty-noise 0.1 takes finite differences)"
    if config.augment != "none":
        return f"--augment {config.augment} places each image by numbers on the CPU"
    if config.instance_noise > 0:
        return "--instance-noise is drawn inside the step"
    if config.burn_in and {config.g_beta2, config.d_beta2} != {config.burn_in_beta2}:
        return "β2 moves during the burn-in, and Adam's kernel takes it as a fixed number (--burn-in-beta2)"
    return ""


def differentiates_twice(config: Plan) -> bool:
    """Whether R1 or R2 is taken through D's gradients."""
    by_differences = config.penalty_noise > 0 and scores_independently(config.network, config.d_norm)
    return (config.r1 > 0 or config.r2 > 0) and not by_differences


class Buffers:
    """All that an iteration is given, in memory that stays."""

    def __init__(self, game: Game, state: TrainState) -> None:
        self.game, self.state = game, state
        device = game.backend.device
        kind = torch.float64 if device.type == "cpu" else torch.float32
        self.rates = [torch.zeros((), dtype=kind, device=device) for _ in range(2)]
        self.held: Drawn | None = None

    def fill(self, drawn: Drawn) -> Drawn:
        """Take over what was drawn, and the rates of both optimisers."""
        optimizers = (self.state.g_optimizer, self.state.d_optimizer)
        for optimizer, rate in zip(optimizers, self.rates, strict=True):
            rate.fill_(optimizer.lr)
            optimizer.rate = rate
        if self.held is None:
            device = self.game.backend.device
            self.held = through(drawn, torch.clone, lambda number: torch.full((), number, device=device))
        else:
            for buffer, found in zip(contents(self.held), contents(drawn), strict=True):
                assert isinstance(buffer, Tensor)
                if isinstance(found, Tensor):
                    assert buffer.shape == found.shape and buffer.stride() == found.stride(), "a graph has one shape"
                    buffer.copy_(found, non_blocking=True)
                else:
                    buffer.fill_(found)
        return self.held

    def let_go(self) -> None:
        """Let the optimisers take their rates as numbers again."""
        self.state.g_optimizer.rate = self.state.d_optimizer.rate = None


def contents(drawn: Drawn) -> Iterator[Tensor | float]:
    """All tensors and numbers of what was drawn, in a fixed order."""
    for given in drawn.d:
        yield from (part for part in (*given.real, given.latents.z, *given.penalties) if part is not None)
    yield from (latents.z for latents in drawn.again)
    yield drawn.average


def through(drawn: Drawn, tensor: Callable[[Tensor], Tensor], number: Callable[[float], Tensor]) -> Drawn:
    """The same with every tensor and number replaced. Fakes are asked for the classes of the reals beside them."""

    def one(part: Tensor | float) -> Tensor:
        return tensor(part) if isinstance(part, Tensor) else number(part)

    def some(part: Tensor | None) -> Tensor | None:
        return None if part is None else tensor(part)

    d = []
    for real, latents, penalties in drawn.d:
        images, labels = tensor(real.images), some(real.labels)
        kept = Penalties(one(penalties.scale), some(penalties.noise), some(penalties.alpha))
        d.append(Given(Batch(images, labels), Latents(tensor(latents.z), labels), kept))
    again = tuple(Latents(tensor(latents.z), d[-1].real.labels) for latents in drawn.again)
    return Drawn(tuple(d), again, one(drawn.average))


class FromBuffers:
    """Iterations from buffers, as ordinary operations: what a graph repeats, and the same numbers on any device."""

    def __init__(self, game: Game, state: TrainState, batches: Batches) -> None:
        self.game, self.state, self.batches = game, state, batches
        self.buffers = Buffers(game, state)

    def __call__(self) -> Tensor:
        """One iteration: the scalars of SCALARS, `(6,) float32`, which the next one may overwrite."""
        state, config, begun = self.state, self.game.config, self.state.images_seen
        apply_schedule(state, config)
        held = self.buffers.fill(draw_iteration(self.game, begun, self.batches))
        iteration = state.iteration
        row = self.played(held)
        # Not left to `play`: a graph repeats operations on tensors, and no counting.
        state.iteration, state.images_seen = iteration + 1, begun + config.images_per_iteration
        return row

    def played(self, held: Drawn) -> Tensor:
        return play(self.game, self.state, held)


class Captured(FromBuffers):
    """The same, from the fourth iteration on as one graph.

    Recorded as PyTorch's notes on CUDA graphs have it: the first iterations are played on a stream of their own, the
    next one is recorded on that stream, without being computed, and then launched; that and all others are replays.
    """

    def __init__(self, game: Game, state: TrainState, batches: Batches) -> None:
        super().__init__(game, state, batches)
        self.stream = torch.cuda.Stream(game.backend.device)
        self.graph: torch.cuda.CUDAGraph | None = None
        self.row = torch.empty(0)
        self.played_before = 0

    def played(self, held: Drawn) -> Tensor:
        if self.played_before < WARM_UP:
            self.played_before += 1
            self.stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self.stream):
                row = play(self.game, self.state, held)
            torch.cuda.current_stream().wait_stream(self.stream)
            return row
        if self.graph is None:
            self.record(held)
        assert self.graph is not None
        self.graph.replay()
        return self.row

    def record(self, held: Drawn) -> None:
        """Record an iteration. Its gradients get memory of the graph's own, which replays fill again."""
        for parameter in self.state.g_parameters + self.state.d_parameters:
            parameter.grad = None
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, stream=self.stream):
            self.row = play(self.game, self.state, held)
