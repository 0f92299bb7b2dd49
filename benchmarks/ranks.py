"""What a training costs in several processes: `torchrun --nproc-per-node N benchmarks/ranks.py [PRESET SIZE CHANNELS]`.

Prints images/s at the preset's batch, and the share of the time that the sums of gradients took on the first process.
Compare N processes of `OMP_NUM_THREADS=1` with one of N threads, on a machine that does nothing else.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import numpy as np

os.environ.setdefault("GOMP_SPINCOUNT", "20000")  # as the command sets it, before torch is loaded
import torch

from ganscope.config import make_config, plan
from ganscope.training import Batches, Game, World, backend_of, joined_world, new_state, train_iteration

WARM_UP, ITERATIONS, IMAGES = 10, 100, 2000


def measure(world: World, preset: str, size: int, channels: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, channels, size, size), dtype=np.uint8)
    threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
    config = plan(make_config("x", preset, threads=threads), num_images=IMAGES, size=size, channels=channels)
    backend = backend_of(config)
    state, game = new_state(config, backend, world=world), Game.of(config, backend, world)
    state.spread(False, world)
    batches, seconds = Batches(images, config, backend, world=world), [0.0]
    plain = World.sum_gradients

    def timed(self: World, parameters: list[Any]) -> None:
        start = time.perf_counter()
        plain(self, parameters)
        seconds[0] += time.perf_counter() - start

    World.sum_gradients = timed  # type: ignore[method-assign]
    for _ in range(WARM_UP):
        train_iteration(game, state, batches)
    start, seconds[0] = time.perf_counter(), 0.0
    for _ in range(ITERATIONS):
        train_iteration(game, state, batches)
    took = time.perf_counter() - start
    if world.records:
        speed = ITERATIONS * config.images_per_iteration / took
        weights = sum(parameter.numel() for parameter in state.g_parameters + state.d_parameters)
        print(
            f"{world.size} processes of {torch.get_num_threads()} threads · {preset} {size}×{size}×{channels}, "
            f"{weights / 1e6:.2f} M weights, batch {config.batch_size}: {speed:,.0f} images/s, "
            f"sums {seconds[0] / took:.1%}"
        )


if __name__ == "__main__":
    preset, size, channels = [*sys.argv[1:], *["r3dcgan", "28", "1"][len(sys.argv) - 1 :]]
    with joined_world() as joined:
        measure(joined, preset, int(size), int(channels))
