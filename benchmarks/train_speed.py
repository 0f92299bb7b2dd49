"""Training speed against the loops that tutorials teach, interleaved in one run; the share of the machine's ceiling.

    GANSCOPE_DATA=… python benchmarks/train_speed.py [lfw mnist fashion] [--repeats 5] [--seconds 6] [--write FILE]

(a) the tutorial DCGAN on LFW, 64×64, batch 128, with its data loading; (b) the tutorial MLP on MNIST, batch 64; (c) the
same loop on a DCGAN for Fashion-MNIST, 28×28, batch 128. Every pair takes turns, so that a disturbance hits both; the
median ratio and the range are printed. The ceiling is the useful floating-point operations of a step (a backward pass
counts twice a forward one; D's weights need no gradients in G's step) at the rate of a large matrix product here.
"""

from __future__ import annotations

import argparse
import copy
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ganscope import networks
from ganscope.config import Config, make_config
from ganscope.datasets import load_dataset
from ganscope.device import Backend, choose_backend
from ganscope.state import new_state
from ganscope.step import Batches, train_iteration
from tutorial import ArrayDataset, PhotoDataset, TutorialLoop

PHOTOS = 1000  # of LFW that the tutorial's loop keeps at 250×250: it would keep all, in 2.5 GB
CASES = {"lfw": ("dcgan", "(a) DCGAN, LFW 64×64, batch 128"), "mnist": ("mlp", "(b) MLP, MNIST, batch 64"),
         "fashion": ("plain", "(c) DCGAN, Fashion-MNIST 28×28, batch 128")}  # fmt: skip
NAMES = {"lfw": "lfw", "mnist": "mnist", "fashion": "fashion-mnist"}


def endless(loader: DataLoader[Tensor]) -> Iterator[Tensor]:
    while True:
        yield from loader


def steps_of(case: str) -> tuple[Config, Backend, Callable[[], object], Callable[[], object], float]:
    """Our step, the tutorial's step, and the floating-point operations of one iteration."""
    preset, _ = CASES[case]
    dataset = load_dataset(NAMES[case], size=64 if case == "lfw" else None)
    images = dataset.train.images
    config = make_config(NAMES[case], preset).resolve(
        num_images=len(images), size=images.shape[-1], channels=images.shape[1]
    )
    backend = choose_backend(convolutional=networks.NETWORKS[config.network].convolutional)
    state, batches = new_state(config, backend), Batches(images, config, backend)
    plain = new_state(config, choose_backend(precision="float32", convolutional=False))
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
    g = networks.flops(plain.g, config.latent_dim)
    d = networks.flops(plain.d, images.shape[1], images.shape[-1], images.shape[-1])
    # G: one pass, its gradients twice; D: two passes and their weight gradients (and, but for the first layer, input
    # gradients), then one pass and input gradients in G's step.
    operations = config.batch_size * (3 * g + 8 * d)
    return (
        config,
        backend,
        lambda: train_iteration(state, batches, config, backend),
        lambda: loop.step(next(stream)),
        operations,
    )


def rate(step: Callable[[], object], images: int, seconds: float) -> float:
    """Images a second over about `seconds`."""
    step()
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        step()
        count += 1
    return count * images / (time.perf_counter() - start)


def matrix_rate(dtype: torch.dtype) -> float:
    """The best of ten 2,048³ matrix products, in operations a second."""
    a, b = torch.randn(2, 2048, 2048).to(dtype)
    best = float("inf")
    for _ in range(10):
        start = time.perf_counter()
        torch.mm(a, b)
        best = min(best, time.perf_counter() - start)
    return 2 * 2048**3 / best


def measure(case: str, repeats: int, seconds: float) -> str:
    config, backend, ours, theirs, operations = steps_of(case)
    pairs = [(rate(ours, config.batch_size, seconds), rate(theirs, config.batch_size, seconds)) for _ in range(repeats)]
    ratios = sorted(a / b for a, b in pairs)
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    peak = matrix_rate(backend.autocast_dtype or torch.float32)
    share = mine / config.batch_size * operations / peak
    return (
        f"| {CASES[case][1]} | {mine:,.0f} | {other:,.0f} | **{statistics.median(ratios):.2f}** "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f}) | {peak / 1e9:.0f} GFLOP/s | {100 * share:.0f} % |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=list(CASES))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--write", type=Path, help="replace the section between the speed marks of this file")
    arguments = parser.parse_args()
    lines = [
        f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, {choose_backend().reason}; "
        f"{arguments.repeats} interleaved repeats of {arguments.seconds:g} s.",
        "",
        "| training alone | ganscope, images/s | tutorial, images/s | ratio (range) | matrix product | share of it |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    print("\n".join(lines), flush=True)
    for case in arguments.cases:
        lines.append(measure(case, arguments.repeats, arguments.seconds))
        print(lines[-1], flush=True)
    lines += [
        "",
        f"Peak memory of this benchmark: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB.",
    ]
    print(lines[-1])
    if arguments.write:
        text = arguments.write.read_text(encoding="utf-8")
        head, rest = text.split("<!-- speed -->\n", 1)
        tail = rest.split("<!-- /speed -->", 1)[1]
        arguments.write.write_text(
            f"{head}<!-- speed -->\n" + "\n".join(lines) + f"\n<!-- /speed -->{tail}", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
