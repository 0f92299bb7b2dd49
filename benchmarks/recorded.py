"""Recorded runs: a training's numbers without its pictures, a few kilobytes each; how they are written and read.

    python benchmarks/recorded.py RUN [RUN ...] --out tests/diagnosis/recorded     pack finished runs
    python benchmarks/recorded.py --make digits-mlp --seeds 0 1 --out FOLDER       train and pack (kinds: --list)

A recorded run is `<name>.json.gz`: config, lines of history, test and evals as `diagnose` wants them, with four
significant digits, history averaged to at most 120 lines. The rules' tests and `benchmarks/stopping.py` replay them.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import math
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

LINES = 120
HISTORY = ("d_loss", "g_loss", "d_real", "d_fake_before", "d_fake_after", "g_grad_norm")
TESTS = ("d_loss", "g_loss", "d_real", "d_fake")
PARTS = ("value", "stderr", "floor", "num_fake", "floor_num", "groups", "better", "spread")
Lines = list[dict[str, Any]]

# name: data, preset, settings. Failures that earlier versions called balanced, and what they are beside.
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "digits-default": ("digits", "auto", dict(snapshots=48)),
    "digits-mlp": ("digits", "mlp", dict(snapshots=24)),
    "digits-plain": ("digits", "plain", dict(snapshots=12)),
    "digits-init5": ("digits", "plain", dict(snapshots=12, init_std=5.0)),
    "digits-clip": ("digits", "wgan", dict(snapshots=12, weight_clip=1e-5, epochs=60.0)),
    "digits-r1-1000": ("digits", "auto", dict(snapshots=12, r1=1000.0, epochs=60.0)),
    "digits-latent2": ("digits", "auto", dict(snapshots=24, latent_dim=2)),
    "digits-hinge": ("digits", "r3mlp", dict(snapshots=24, objective="hinge", epochs=60.0)),
    "digits-least-squares": ("digits", "r3mlp", dict(snapshots=24, objective="least-squares", epochs=60.0)),
    "digits-r3dcgan": ("digits", "r3dcgan", dict(snapshots=24, epochs=60.0)),
    "mnist-mlp": ("mnist", "r3mlp", dict(snapshots=24, epochs=3.0)),
    "fashion-mlp": ("fashion-mnist", "r3mlp", dict(snapshots=24, epochs=3.0)),
}


def pack(config: dict[str, Any], history: Lines, tests: Lines, evals: Lines) -> dict[str, Any]:
    """The record of a run, small."""
    lines = [
        {key: line[key] for key in ("images_seen", "iteration", "class_share") if line.get(key) is not None}
        | {"metrics": {n: {k: m[k] for k in PARTS if m.get(k) is not None} for n, m in line["metrics"].items()}}
        for line in evals
    ]
    edges = [line["images_seen"] for line in evals]
    packed = {
        "config": {key: value for key, value in config.items() if value is not None},
        "history": thinned(history, HISTORY, edges),
        "tests": thinned(tests, TESTS, edges),
        "evals": lines,
    }
    short: dict[str, Any] = rounded(packed)
    return short


def thinned(lines: Lines, names: tuple[str, ...], edges: list[int]) -> Lines:
    """Means over at most `LINES` parts of the run, none across a snapshot."""
    seen = np.array([line["images_seen"] for line in lines], np.float64)
    if not len(seen):
        return []
    cuts = np.union1d(np.searchsorted(seen, edges, "right"), np.linspace(0, len(seen), LINES).astype(int))
    found = []
    for start, end in itertools.pairwise(cuts):
        part = lines[start:end]
        values = {name: float(np.mean([line[name] for line in part])) for name in names if name in part[0]}
        found.append({"images_seen": int(part[-1]["images_seen"])} | values)
    return found


def rounded(value: Any) -> Any:
    """Every float with four significant digits."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return float(f"{value:.4g}") if isinstance(value, float) and math.isfinite(value) else value


def write(path: Path, record: dict[str, Any]) -> None:
    """The same bytes for the same record."""
    text = json.dumps(record, separators=(",", ":")).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text, 9, mtime=0))


def read(path: Path) -> tuple[Lines, Lines, Lines, dict[str, Any]]:
    """History, tests, evals and settings, as `diagnose` takes them."""
    record = json.loads(gzip.decompress(path.read_bytes()))
    return record["history"], record["tests"], record["evals"], record["config"]


def of_run(folder: Path) -> dict[str, Any]:
    """The record of a run directory, of any version."""

    def lines(name: str) -> Lines:
        return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]

    config, evals = json.loads((folder / "config.json").read_text()), lines("evals")
    last = evals[-1]
    return pack(
        config | {"num_images": round(last["images_seen"] / last["epoch"])}, lines("history"), lines("test"), evals
    )


def make(data: str, preset: str, seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """Train a kind with ganscope's own trainer, measure it as a run is measured, keep the numbers."""
    from ganscope.config import make_config
    from ganscope.data import load_dataset
    from ganscope.launch.estimate import snapshot_cost
    from ganscope.progress import Progress
    from ganscope.recorder import ImageJudge, Recorder, planned
    from ganscope.runs import Run
    from ganscope.training import backend_of, train

    config = make_config(data, preset, seed=seed, map="none", threads=1, device="cpu", **settings)
    dataset = load_dataset(config.data, size=config.size, channels=config.channels, holdout=config.holdout)
    count, channels, size = dataset.train.images.shape[:3]
    resolved = config.resolve(
        num_images=count, size=size, channels=channels, snapshot_cost=snapshot_cost(config, size, channels)
    )
    progress = Progress(quiet=True)
    assert resolved.snapshot_every is not None
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(Path(folder) / "run", resolved, {}, "")
        step = resolved.images_per_iteration
        due = planned(resolved.snapshot_every, step)
        judge = ImageJudge(run, dataset, resolved, progress)
        recorder = Recorder(run, num_images=count, images_per_iteration=step, due=due, judge=judge)
        train(
            run, dataset.train.images, dataset.test.images, resolved, backend_of(resolved), recorder,
            data_hash=dataset.train.content_hash, progress=progress,
        )  # fmt: skip
        recorder.close()
        names = {"num_images": count, "class_names": list(dataset.train.class_names)}
        return pack(resolved.to_dict() | names, run.history(), run.lines("test"), run.evals())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--make", nargs="*", default=[], choices=list(KINDS))
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    for folder in arguments.runs:
        write(arguments.out / f"{folder.name}.json.gz", of_run(folder))
    for seed in arguments.seeds:
        for name in arguments.make:
            path, start = arguments.out / f"{name}-{seed}.json.gz", time.monotonic()
            if not path.exists():
                data, preset, settings = KINDS[name]
                write(path, make(data, preset, seed, settings))
                print(f"{path.name}: {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
