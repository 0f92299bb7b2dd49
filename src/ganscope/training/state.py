"""TrainState: everything that changes while training. Saved whole, loaded whole; the rest is a function of the config.

Checkpoints hold tensors, numbers and strings only and load with `weights_only=True`: opening one runs no code from it.
"""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import dataclass, field

import torch
from torch import nn

from ganscope.config import Config, Plan
from ganscope.device import Backend, choose_backend
from ganscope.networks import NETWORKS, MlpDiscriminator, MlpGenerator, NetworkOptions, build_pair
from ganscope.randomness import rng
from ganscope.training.adam import Adam
from ganscope.training.distributed import ALONE, World, share_batch_norm
from ganscope.training.fused_mlp import Perceptrons, can_write_out
from ganscope.training.start import begin_from
from ganscope.training.steering import Steering

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
    recent_summed: int = 0  # of these rows, those that are already the sum over several processes
    iteration: int = 0
    images_seen: int = 0
    g_parameters: list[nn.Parameter] = field(default_factory=list)
    d_parameters: list[nn.Parameter] = field(default_factory=list)
    steering: Steering = field(default_factory=Steering)
    perceptrons: Perceptrons | None = None  # the hand-written passes, where the config allows them

    def tensors(self) -> list[torch.Tensor]:
        """All that a checkpoint holds, but the counts, in a fixed order."""
        networks = [self.g, self.d, *([self.g_ema] if self.g_ema is not None else [])]
        weights = [tensor for network in networks for tensor in network.state_dict().values()]
        moments = [
            tensor
            for optimizer in (self.g_optimizer, self.d_optimizer)
            for group in optimizer.state_dict().values()
            for tensor in group
        ]
        return [*weights, *moments, self.recent, self.steering.numbers]

    def spread(self, resumed: bool, world: World) -> bool:
        """Give every process the state of the first, and whether it goes on from a checkpoint."""
        counts = torch.tensor([self.iteration, self.images_seen, self.recent_count, int(resumed)])
        world.spread([*self.tensors(), counts])
        self.iteration, self.images_seen, self.recent_count, goes_on = (int(count) for count in counts)
        self.recent_summed = self.recent_count
        return bool(goes_on)

    def sum_rows(self, world: World) -> None:
        """Make the rows that are not yet logged those of the whole batch, which before hold each process's share."""
        rows = self.recent[self.recent_summed : self.recent_count]
        if len(rows):
            world.sum_(rows)
        self.recent_summed = self.recent_count

    @torch.no_grad()
    def move_average(self, weight: float | torch.Tensor) -> None:
        """Move G's average, where there is one, by that share of the way towards G; a number, or a tensor `()`.

        Batch norm's statistics are measured when they are needed: see `sampler`.
        """
        if self.g_ema is None:
            return
        averages: list[torch.Tensor] = list(self.g_ema.parameters())
        now: list[torch.Tensor] = list(self.g.parameters())
        if isinstance(weight, float):
            torch._foreach_lerp_(averages, now, weight)
        else:
            for average, parameter in zip(averages, now, strict=True):
                average.lerp_(parameter, weight)


def average_weight(half_life: float, batch: int, images_seen: int) -> float:
    """By which share of the way G's average moves: an old weight counts half after `half_life` images.

    The half-life is at most a twentieth of the images seen, so that the untrained start is soon forgotten (Karras et
    al. 2021, the ramp-up).
    """
    return float(1.0 - 0.5 ** (batch / max(min(half_life, 0.05 * images_seen), 1e-8)))


def new_state(config: Plan, backend: Backend, *, begun: bool = True, world: World = ALONE) -> TrainState:
    """A fresh state.

    Args:
        begun: with the weights that `config.start` names; without, where a file is going to replace them anyway.
        world: the processes that train together.
    """
    g, d = build_networks(config, rng(config.seed, "weights").initial_seed())
    if config.start and begun:
        begin_from(g, d, config.start)
    g, d = backend.place(g), backend.place(d)
    g_ema = copy.deepcopy(g).eval().requires_grad_(False) if config.ema_half_life > 0 else None
    # Not the average: one process alone measures its statistics.
    g, d = share_batch_norm(g, world), share_batch_norm(d, world)
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
        steering=Steering.of(config),
        perceptrons=_perceptrons(g, d, config, backend, world),
    )


def build_networks(config: Plan, seed: int = 0) -> tuple[nn.Module, nn.Module]:
    """Both networks of a plan, on the CPU; weights drawn from `seed`."""
    return build_pair(config.network, options_of(config), seed)


def options_of(config: Plan) -> NetworkOptions:
    """What of a plan decides the networks."""
    return NetworkOptions(**{field.name: getattr(config, field.name) for field in dataclasses.fields(NetworkOptions)})


def backend_of(config: Config) -> Backend:
    """The path that suits a config on this machine.

    Raises:
        ConfigError: a device that is not there.
    """
    return choose_backend(
        device=config.device,
        precision=config.precision,
        threads=config.threads,
        convolutional=NETWORKS[config.network].convolutional,
        written_out=can_write_out(config),
    )


def _perceptrons(g: nn.Module, d: nn.Module, config: Plan, backend: Backend, world: World) -> Perceptrons | None:
    """The hand-written passes, where they can be used."""
    if not can_write_out(config) or backend.autocast_dtype:
        return None
    assert isinstance(g, MlpGenerator)
    assert isinstance(d, MlpDiscriminator)
    return Perceptrons(g, d, world.count(config.batch_size), backend.product_dtype)
