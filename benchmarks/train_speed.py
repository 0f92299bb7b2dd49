"""Training speed against the loops that tutorials teach, interleaved in one run; the share of the machine's ceiling.

    GANSCOPE_DATA=… python benchmarks/train_speed.py [lfw mnist fashion] [--repeats 5] [--seconds 8] [--write FILE]
    … --runs RUN …                 measures nothing: what whole runs that have finished spent beside their iterations
    … --batches 64 256 1024        at these batch sizes instead of the presets' (on a GPU, where both loops use it)

(a) the tutorial DCGAN on LFW, 64×64, batch 128, with its data loading; (b) the tutorial MLP on MNIST, batch 64, in
PyTorch and, where `tensorflow-cpu` is installed, in Keras 3; (c) the same loop on a DCGAN for Fashion-MNIST, 28×28,
batch 128. All of a case take turns of half a second or one step, so that a disturbance hits all; a repeat's ratio is
that of its sums, and the median ratio and the range are printed. The ceiling is the useful floating-point operations of
a step (a backward pass counts twice a forward one; D's weights need no gradients in G's step) at the rate of a large
matrix product here, measured at the end of every repeat. On a GPU a column more has the same training, its iteration a
CUDA graph (`--cuda-graph`), by turns with the others.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import datetime
import json
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ganscope.config import Plan, plan
from ganscope.config.fields import Config
from ganscope.config.presets import make_config
from ganscope.data.load import load_dataset
from ganscope.device import Backend, choose_backend
from ganscope.networks import flops
from ganscope.training.batches import Batches
from ganscope.training.captured import WARM_UP, iteration_of, why_not
from ganscope.training.state import backend_of, new_state
from ganscope.training.step import Game, train_iteration
from keras_loop import KerasLoop
from tutorial import ArrayDataset, PhotoDataset, TutorialLoop, plain_layers

PHOTOS = 1000  # of LFW that the tutorial's loop keeps at 250×250: it would keep all, in 2.5 GB
CASES = {"lfw": ("dcgan", "(a) DCGAN, LFW 64×64, batch {}"), "mnist": ("mlp", "(b) MLP, MNIST, batch {}"),
         "fashion": ("plain", "(c) DCGAN, Fashion-MNIST 28×28, batch {}")}  # fmt: skip
NAMES = {"lfw": "lfw", "mnist": "mnist", "fashion": "fashion-mnist"}


def endless(loader: DataLoader[Tensor]) -> Iterator[Tensor]:
    while True:
        yield from loader


def steps_of(
    case: str, batch_size: int | None = None
) -> tuple[Config, Backend, Callable[[], object], Callable[[], object], Callable[[], object] | None, float]:
    """Our step, the tutorial's, ours as a CUDA graph where there can be one; the operations of one iteration."""
    preset, _ = CASES[case]
    dataset = load_dataset(NAMES[case], size=64 if case == "lfw" else None)
    images = dataset.train.images
    settings = {"batch_size": batch_size} if batch_size else {}
    config = plan(
        make_config(NAMES[case], preset, **settings),
        num_images=len(images),
        size=images.shape[-1],
        channels=images.shape[1],
    )
    backend = backend_of(config)
    state, batches = new_state(config, backend), Batches(images, config, backend)
    # The tutorial's networks: float32, NCHW, and as many threads as ours.
    nchw = dataclasses.replace(backend_of(dataclasses.replace(config, precision="float32")), channels_last=False)
    plain = new_state(config, nchw)
    loop = TutorialLoop(
        copy.deepcopy(plain.g), copy.deepcopy(plain.d), latent_dim=config.latent_dim, g_lr=config.g_lr,
        d_lr=config.d_lr, beta1=config.g_beta1, label_real=config.label_real, label_generator=config.label_generator,
    )  # fmt: skip
    if case == "lfw":
        photos = np.array(load_dataset("lfw", size=250).train.images[:PHOTOS]).transpose(0, 2, 3, 1)
        data: torch.utils.data.Dataset[Tensor] = PhotoDataset(np.ascontiguousarray(photos), 64)
    else:
        data = ArrayDataset(np.asarray(images))
    stream = endless(DataLoader(data, batch_size=config.batch_size, shuffle=True, drop_last=True))
    g = flops(plain_layers(plain.g), config.latent_dim)
    d = flops(plain_layers(plain.d), images.shape[1], images.shape[-1], images.shape[-1])
    # G: one pass, its gradients twice; D: two passes and their weight gradients (and, but for the first layer, input
    # gradients), then one pass and input gradients in G's step.
    operations = config.batch_size * (3 * g + 8 * d)
    return (
        config,
        backend,
        lambda: train_iteration(Game.of(config, backend), state, batches),
        lambda: loop.step(next(stream)),
        graph_of(config, backend, images),
        operations,
    )


def graph_of(config: Plan, backend: Backend, images: np.ndarray) -> Callable[[], object] | None:
    """Another training of the same plan, its iteration a CUDA graph, already recorded; None where it cannot be one."""
    config = dataclasses.replace(config, cuda_graph=True)
    game = Game.of(config, backend)
    if why_not(game):
        return None
    advance = iteration_of(game, new_state(config, backend), Batches(images, config, backend))
    for _ in range(WARM_UP + 2):
        advance()
    return advance


def turns(steps: list[Callable[[], object]], images: int, seconds: float, turn: float = 0.5) -> list[float]:
    """Images a second of every one of `steps`, taking turns for about `seconds` each."""
    counts, spent = [0] * len(steps), [0.0] * len(steps)
    while min(spent) < seconds:
        for which, step in enumerate(steps):
            start = time.perf_counter()
            while time.perf_counter() - start < turn:
                step()
                counts[which] += 1
            finish()
            spent[which] += time.perf_counter() - start
    return [images * count / took for count, took in zip(counts, spent, strict=True)]


def finish() -> None:
    """Wait for what a GPU has still to do."""
    if on_a_gpu():
        torch.cuda.synchronize()


def on_a_gpu() -> bool:
    """Whether ours runs on one: the path that `choose_backend` takes where there is any."""
    return torch.cuda.is_available()


def matrix_rate(dtype: torch.dtype, device: torch.device) -> float:
    """The best of ten products of square matrices, 2,048 wide (8,192 on a GPU), in operations a second."""
    width = 8192 if device.type == "cuda" else 2048
    a, b = torch.randn(2, width, width, device=device).to(dtype)
    best = float("inf")
    for _ in range(10):
        finish()
        start = time.perf_counter()
        torch.mm(a, b)
        finish()
        best = min(best, time.perf_counter() - start)
    return 2 * width**3 / best


def measure(case: str, repeats: int, seconds: float, batch_size: int | None = None) -> list[str]:
    """Rows of the table: against the tutorial, and for the perceptron against Keras too."""
    config, backend, ours, theirs, graph, operations = steps_of(case, batch_size)
    systems = [("tutorial, PyTorch", theirs)]
    if case == "mnist" and backend.device.type == "cpu":
        try:
            keras = KerasLoop(np.asarray(load_dataset("mnist").train.images), config.batch_size)
            systems.append((keras.version, keras.step))
        except ImportError:
            print("Keras is not installed: pip install tensorflow-cpu", flush=True)
    steps = [ours, *(step for _, step in systems), *([graph] if graph else [])]
    for step in steps:
        step()
    rates, peaks = [], []
    for _ in range(repeats):
        rates.append(turns(steps, config.batch_size, seconds))
        peaks.append(matrix_rate(backend.product_dtype, backend.device))
    mine, peak = statistics.median(r[0] for r in rates), statistics.median(peaks)
    share = statistics.median(r[0] / config.batch_size * operations / p for r, p in zip(rates, peaks, strict=True))
    rows = []
    for which, (name, _) in enumerate(systems, start=1):
        ratios = sorted(r[0] / r[which] for r in rates)
        other = statistics.median(r[which] for r in rates)
        rows.append(
            f"| {CASES[case][1].format(config.batch_size)} | {mine:,.0f} | {name} | {other:,.0f} "
            f"| **{statistics.median(ratios):.2f}** "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f}) | {operations / config.batch_size / 1e6:,.1f} MFLOP "
            f"| {peak / 1e9:.0f} GFLOP/s | {100 * share:.0f} % |"
            + (f" {statistics.median(r[-1] for r in rates):,.0f} |" if graph else " none |" if on_a_gpu() else "")
        )
    return rows


def start_up(case: str) -> str:
    """Seconds from the command to the first line of history, on cached data: the median of three."""
    preset, title = CASES[case]
    times = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "ganscope", "train", NAMES[case], "--preset", preset, "--log-every", "1"]
            start = time.perf_counter()
            process = subprocess.Popen(
                [*command, "--run", f"{folder}/run"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            history = Path(folder, "run", "history.jsonl")
            while process.poll() is None and not (history.is_file() and history.stat().st_size):
                time.sleep(0.01)
            times.append(time.perf_counter() - start)
            process.send_signal(signal.SIGTERM)
            process.wait()
    title = title.format(make_config(NAMES[case], preset).batch_size)
    return f"| {title} | {statistics.median(times):.1f} s | {min(times):.1f} to {max(times):.1f} s |"


def scaling(seconds: float) -> list[str]:
    """Our images a second as batch, resolution and data set grow."""
    lines = ["| what grows | images/s |", "|---|---|"]

    def speed(images: np.ndarray, preset: str, **more: object) -> str:
        config = plan(
            make_config("scaling", preset, **more),
            num_images=len(images),
            size=images.shape[-1],
            channels=images.shape[1],
        )
        backend = backend_of(config)
        state, batches = new_state(config, backend), Batches(images, config, backend)
        train_iteration(Game.of(config, backend), state, batches)
        rate = turns([lambda: train_iteration(Game.of(config, backend), state, batches)], config.batch_size, seconds)[0]
        return f"{rate:,.0f}"

    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (10_000, 1, 28, 28), dtype=np.uint8)
    for preset in ("mlp", "plain"):
        found = [f"{batch}: {speed(small, preset, batch_size=batch)}" for batch in (32, 64, 128, 256, 512)]
        lines.append(f"| batch, `{preset}` at 28×28 | {' · '.join(found)} |")
    found = [
        f"{side}: {speed(rng.integers(0, 256, (512, 3, side, side), dtype=np.uint8), 'dcgan', batch_size=32)}"
        for side in (16, 32, 64, 128)
    ]
    lines.append(f"| side of colour images, `dcgan`, batch 32 | {' · '.join(found)} |")
    found = [
        f"{count:,}: {speed(np.resize(small, (count, 1, 28, 28)), 'mlp')}" for count in (10_000, 100_000, 1_000_000)
    ]
    lines.append(f"| images in the data set, `mlp` | {' · '.join(found)} |")
    return lines


def overhead(path: Path) -> str:
    """What a whole run spent beside its iterations, from the run's own record."""
    lines = [json.loads(line) for line in (path / "timing.jsonl").read_text(encoding="utf-8").splitlines()]
    trained = sum(line["seconds"] for line in lines if line["kind"] == "train")
    paused = sum(line["paused_seconds"] for line in lines if line["kind"] == "train")
    metrics = sum(line.get("metrics_seconds", 0.0) for line in lines if line["kind"] == "snapshot")
    placed = sum(line.get("map_seconds", 0.0) for line in lines if line["kind"] == "snapshot")
    whole, snapshots = trained + paused, sum(line["kind"] == "snapshot" for line in lines)
    shares = " | ".join(f"{100 * part / whole:.1f} %" for part in (paused, metrics, placed))
    return f"| {path.name} | {whole:,.0f} s | {snapshots} | {shares} |"


def write_section(path: Path, mark: str, lines: list[str]) -> None:
    """Replace what stands between `<!-- mark -->` and `<!-- /mark -->`."""
    head, rest = path.read_text(encoding="utf-8").split(f"<!-- {mark} -->\n", 1)
    tail = rest.split(f"<!-- /{mark} -->", 1)[1]
    body = "\n".join(lines)
    path.write_text(f"{head}<!-- {mark} -->\n{body}\n<!-- /{mark} -->{tail}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=list(CASES))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--runs", nargs="*", type=Path, default=[], help="the table of finished runs only")
    parser.add_argument("--batches", type=int, nargs="+", default=[None], help="batch sizes, instead of the presets'")
    parser.add_argument("--quick", action="store_true", help="the first table only")
    parser.add_argument("--write", type=Path, help="replace the section between the marks of this file")
    arguments = parser.parse_args()
    if arguments.runs:
        lines = ["| whole run | training and snapshots | snapshots | all beside training | metrics | map |"]
        lines += ["|---|--:|--:|--:|--:|--:|", *(overhead(run) for run in arguments.runs)]
        print("\n".join(lines))
        if arguments.write:
            write_section(arguments.write, "whole", lines)
        return
    lines = [
        f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, {choose_backend().reason}; "
        f"{arguments.repeats} repeats of {arguments.seconds:g} s each, by turns ({datetime.date.today()}).",
        "",
        "| training alone | ganscope, images/s | against | images/s | ratio (range) | an image | product | share |"
        + (" as a CUDA graph |" if on_a_gpu() else ""),
        "|---|--:|---|--:|--:|--:|--:|--:|" + ("--:|" if on_a_gpu() else ""),
    ]
    print("\n".join(lines), flush=True)
    for case in arguments.cases:
        for batch_size in arguments.batches:
            rows = measure(case, arguments.repeats, arguments.seconds, batch_size)
            lines += rows
            print("\n".join(rows), flush=True)
    more = ["", f"Peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB."]
    if not arguments.quick:
        more += ["", "| from the command to the first iteration | median of 3 | range |", "|---|--:|--:|"]
        more += [start_up(case) for case in arguments.cases]
        more += ["", *scaling(min(3.0, arguments.seconds))]
    print("\n".join(more), flush=True)
    lines += more
    if arguments.write:
        write_section(arguments.write, "speed", lines)


if __name__ == "__main__":
    main()
