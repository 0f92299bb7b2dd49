"""What a training costs in several processes: `python benchmarks/ranks.py` prints the table, in under four minutes.

Two processes of one thread against one process of two threads and one of one, in turns, for gradients of two sizes:
images/s at the preset's batch, and the share of the time that the sums of gradients took on the first process. Only a
machine that does nothing else can say which is better. One row alone:
`torchrun --nproc-per-node N benchmarks/ranks.py [PRESET SIZE CHANNELS]`, with `OMP_NUM_THREADS` the threads of each.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np

os.environ.setdefault("GOMP_SPINCOUNT", "20000")  # as the command sets it, before torch is loaded
import torch

from ganscope.config import make_config, plan
from ganscope.training import Batches, Game, World, backend_of, joined_world, new_state, train_iteration

WARM_UP, ITERATIONS, IMAGES = 10, 100, 2000
LARGE_SHARE = 8  # above 32 pixels, of which an iteration costs much more: that many times fewer iterations
SIZES = (("r3dcgan", "28", "1"), ("r3dcgan-64", "64", "3"))
WAYS = ((2, 1), (1, 2), (1, 1))  # processes, threads of each
ROUNDS, MOST_SECONDS, ONE_SECONDS = 3, 220.0, 60.0


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
    share = LARGE_SHARE if size > 32 else 1
    warm_up, iterations = max(2, WARM_UP // share), ITERATIONS // share
    for _ in range(warm_up):
        train_iteration(game, state, batches)
    start, seconds[0] = time.perf_counter(), 0.0
    for _ in range(iterations):
        train_iteration(game, state, batches)
    took = time.perf_counter() - start
    if world.records:
        speed = iterations * config.images_per_iteration / took
        weights = sum(parameter.numel() for parameter in state.g_parameters + state.d_parameters)
        print(
            f"{world.size} processes of {torch.get_num_threads()} threads · {preset} {size}×{size}×{channels}, "
            f"{weights / 1e6:.2f} M weights, batch {config.batch_size}: {speed:,.0f} images/s, "
            f"sums {seconds[0] / took:.1%}"
        )


def once(processes: int, threads: int, what: tuple[str, ...]) -> tuple[float, float] | str:
    """Images/s and the share of the sums of one training in processes of its own, or why there is none."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    try:
        done = subprocess.run(
            [*command, __file__, *what], env=environment, capture_output=True, text=True, timeout=ONE_SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"not done in {ONE_SECONDS:.0f} s"
    found = re.search(r"([\d,]+) images/s, sums ([\d.]+)%", done.stdout)
    if not found:
        return f"ended with {done.returncode}: {(done.stderr.strip().splitlines() or ['nothing said'])[-1]}"
    return float(found[1].replace(",", "")), float(found[2])


def table() -> None:
    """All ways for both sizes, in turns, so that what the machine does meanwhile meets all alike."""
    start = time.monotonic()
    known: dict[tuple[tuple[str, str, str], tuple[int, int]], list[tuple[float, float]]] = {}
    for _ in range(ROUNDS):
        for what in SIZES:
            for way in WAYS:
                if time.monotonic() - start > MOST_SECONDS - 15:
                    continue
                found = once(*way, what)
                if isinstance(found, str):
                    print(f"{way[0]} processes of {way[1]} threads, {' '.join(what)}: {found}", file=sys.stderr)
                else:
                    known.setdefault((what, way), []).append(found)
    print("| networks | processes × threads | images/s, median (least to most) | sums | times one process of two |")
    print("|---|--:|--:|--:|--:|")
    for (what, way), results in sorted(known.items()):
        speeds, shares = zip(*results, strict=True)
        base = [speed for speed, _ in known.get((what, (1, 2)), [])]
        times = f"{statistics.median(speeds) / statistics.median(base):.2f}" if base else ""
        spread = f"{statistics.median(speeds):,.0f} ({min(speeds):,.0f} to {max(speeds):,.0f}, {len(speeds)} runs)"
        name, share = f"`{what[0]}` at {what[1]}", statistics.median(shares)
        print(f"| {name} | {way[0]} × {way[1]} | {spread} | {share:.1f} % | {times} |")
    print(f"{time.monotonic() - start:.0f} s on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    if "RANK" not in os.environ and len(sys.argv) == 1:
        table()
    else:
        preset, size, channels = [*sys.argv[1:], *["r3dcgan", "28", "1"][len(sys.argv) - 1 :]]
        with joined_world() as joined:
            measure(joined, preset, int(size), int(channels))
