"""The GAN speedrun: how soon does a training on MNIST reach a fixed quality?

    python benchmarks/speedrun.py                          the record's recipe, seeds 0 to 2, one core
    python benchmarks/speedrun.py --threads 2              two cores; --device cuda: a GPU
    python benchmarks/speedrun.py --preset r3dcgan --recipe default
    python benchmarks/speedrun.py --set epochs=2 g_lr=0.003 --name mine
    python benchmarks/speedrun.py --table                  every entry in --out

Target: 10,000 generated images (a) at most three times the floor's Fréchet distance, in the 64 numbers of ganscope's
MNIST classifier, the floor being that of 10,000 held-out digits, (b) all ten digits among them, each at least half as
often as in the data, (c) no more copies of training images than among held-out digits, within two standard errors.

Rules. Any network, loss, schedule and order of images; no weights, no statistics and no images but MNIST's 60,000
training images; no look at the test images, nor at the target's numbers, decides anything before the target is
reached. The clock runs while the training runs: reading the data and looking at the target stand still. Looks are as
often as one likes; a look that passes must pass once more on 10,000 other latents, or it was luck. An entry is three
seeds; its time is their mean, its range is told beside it. The processor is named, and nothing else runs on it.

To submit: the command line, the table's row, and for anything that is no setting of `ganscope train`, the code.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganscope.config import Plan, make_config, plan
from ganscope.data import cache_root, load_dataset
from ganscope.features import feature_space
from ganscope.launch import launch
from ganscope.metrics import Evaluator
from ganscope.progress import Progress
from ganscope.runs import Snapshot, describe
from ganscope.training import asked, backend_of, generate
from given import settings_of

NUM_FAKES, TIMES_FLOOR, LEAST_SHARE = 10_000, 3.0, 0.5
LOOK_EVERY = 6_400  # images between two looks
# The record's: what is not named is the default of `ganscope train mnist`. How it was found: docs/log.md.
RECIPES: dict[str, dict[str, Any]] = {
    "default": {},
    "record": {},
}


class Target:
    """Looks at snapshots of one training and ends it once the target is reached."""

    def __init__(self, plan: Plan, first: int) -> None:
        self.plan, self.first = plan, first
        self.backend = backend_of(plan)
        data = load_dataset("mnist")
        assert data.train.labels is not None
        self.shares = np.bincount(data.train.labels) / len(data.train.labels)
        self.space = feature_space(data.train, data.test, cache_root())
        pixels = feature_space(data.train, data.test, cache_root(), name="pca")
        self.judge = Evaluator(data.train, data.test, self.space, pixels, num_fake=NUM_FAKES)
        self.looks: list[dict[str, Any]] = []
        self.cpu_started, self.cpu_aside = time.process_time(), 0.0

    def __call__(self, snapshot: Snapshot) -> str | None:
        started = time.process_time()
        spent = started - self.cpu_started - self.cpu_aside
        reached = snapshot.images_seen >= self.first and self.reached(snapshot, spent)
        self.cpu_aside += time.process_time() - started
        return "the target is reached" if reached else None

    def reached(self, snapshot: Snapshot, cpu_seconds: float) -> bool:
        for draw in range(2):
            look = self.look(snapshot, draw)
            clock = {"images_seen": snapshot.images_seen, "seconds": snapshot.train_seconds, "cpu_seconds": cpu_seconds}
            self.looks.append(clock | look)
            print(f"{snapshot.images_seen:,} images, {snapshot.train_seconds:.1f} s: {told(look)}", flush=True)
            if not look["passed"]:
                return False
        return True

    def look(self, snapshot: Snapshot, draw: int) -> dict[str, Any]:
        assert snapshot.g is not None
        given = asked(self.plan, NUM_FAKES, f"speedrun {draw}", snapshot.images_seen, balance="data")
        images = generate(snapshot.g, given, self.backend)
        metrics = self.judge.observe(images, None if given.labels is None else given.labels.numpy())["metrics"]
        frechet, copies = metrics["frechet"], metrics["memorisation"]
        times = frechet["value"] / frechet["floor"]
        share = np.bincount(self.space.classify(images).argmax(axis=1), minlength=len(self.shares)) / len(images)
        rarest = float((share / self.shares).min())
        copied = copies["value"] - copies["floor"] <= 2 * (copies["stderr"] or 0.0)
        passed = bool(times <= TIMES_FLOOR and rarest >= LEAST_SHARE and copied)
        return {"times_floor": times, "rarest": rarest, "copies": copies["value"], "passed": passed}


def told(look: dict[str, Any]) -> str:
    return (
        f"{look['times_floor']:.2f} times the floor, rarest digit {look['rarest']:.2f} of its share, "
        f"{look['copies']:.1%} copies: {'passed' if look['passed'] else 'not yet'}"
    )


def entry(arguments: argparse.Namespace, settings: dict[str, Any], seed: int) -> None:
    """One seed, trained until the target or its plan ends; the looks are kept."""
    path = arguments.out / f"{arguments.name}-{arguments.threads}-{arguments.device}-{seed}.json"
    if path.exists():
        return
    step = settings.get("batch_size", 64)
    more = dict(threads=arguments.threads, device=arguments.device, seed=seed)
    config = make_config(
        "mnist", arguments.preset, metrics=False, map="none", num_fakes=128,
        snapshot_every=max(1, LOOK_EVERY // step), **({"conditional": True} | settings), **more,
    )  # fmt: skip
    held: list[Target] = []

    def watch(snapshot: Snapshot) -> str | None:
        return held[0](snapshot)

    run = arguments.out / path.stem
    held.append(Target(planned(config), arguments.first))
    launched = launch(config, run_path=run, progress=Progress(quiet=True), callback=watch)
    looks = held[0].looks
    reached = bool(looks) and looks[-1]["passed"]
    facts = describe(command=["speedrun"], backend_reason="", threads=arguments.threads, dataset={})
    path.write_text(
        json.dumps(
            {
                "name": arguments.name, "seed": seed, "threads": arguments.threads, "device": arguments.device,
                "settings": settings, "reached": reached, "processor": facts.get("processor"),
                "torch": torch.__version__, "images_seen": launched.outcome.images_seen, "looks": looks,
            },
            indent=1,
        )
    )  # fmt: skip


def planned(config: Any) -> Plan:
    classes = load_dataset("mnist").train.labels
    counts = tuple(np.bincount(classes)) if config.conditional else ()
    return plan(config, num_images=60_000, size=28, channels=1, class_counts=tuple(int(c) for c in counts))


def table(out: Path) -> str:
    """An entry a row: seconds of training until the target, the mean of the seeds and every one of them."""
    rows: dict[tuple[str, str, int, str], list[dict[str, Any]]] = {}
    for path in sorted(out.glob("*.json")):
        one = json.loads(path.read_text())
        rows.setdefault((one["name"], one["device"], one["threads"], one["processor"]), []).append(one)
    lines = ["| entry | on | seconds of training, mean | every seed | processor seconds | images seen | settings |"]
    lines.append("|---|---|--:|---|--:|--:|---|")
    for (name, device, threads, processor), ones in rows.items():
        where = f"{threads} thread{'s' * (threads > 1)} of {processor}" if device == "cpu" else device
        last = [one["looks"][-1] if one["reached"] else None for one in sorted(ones, key=lambda one: one["seed"])]
        each = ", ".join(f"{look['seconds']:.0f}" if look else "not reached" for look in last)
        done = [look for look in last if look]
        mean = f"**{np.mean([look['seconds'] for look in done]):.0f}**" if len(done) == len(last) else "not reached"
        cpu = f"{np.mean([look['cpu_seconds'] for look in done]):.0f}" if done else ""
        images = f"{np.mean([look['images_seen'] for look in done]):,.0f}" if done else ""
        settings = " ".join(f"{key}={value}" for key, value in ones[0]["settings"].items()) or "the default's"
        lines.append(f"| {name} | {where} | {mean} | {each} | {cpu} | {images} | {settings} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="r3dcgan")
    parser.add_argument("--recipe", choices=list(RECIPES), default="record")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings on top of the recipe's")
    parser.add_argument("--name", help="of the entry; default: the recipe's")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--first", type=int, default=25_000, help="images seen before the first look")
    parser.add_argument("--out", type=Path, default=Path("runs/speedrun"))
    parser.add_argument("--table", action="store_true", help="train nothing")
    arguments = parser.parse_args()
    arguments.name = arguments.name or arguments.recipe
    arguments.out.mkdir(parents=True, exist_ok=True)
    settings = RECIPES[arguments.recipe] | settings_of(arguments.set)
    for seed in [] if arguments.table else arguments.seeds:
        entry(arguments, settings, seed)
    print(table(arguments.out))


if __name__ == "__main__":
    main()
