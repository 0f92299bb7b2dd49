"""Calibrate and test the findings: train runs that fail on purpose and runs that do not, and count who is named what.

    python benchmarks/diagnosis.py                       every kind, both data sets, 4 seeds; prints the tables
    python benchmarks/diagnosis.py --kinds healthy_mlp d_too_strong --data mnist --seeds 0 1
    python benchmarks/diagnosis.py --table               only judges the runs that are already done
    python benchmarks/diagnosis.py --explain RUN.json    what was found in one run, snapshot by snapshot

A run is one JSON file `<out>/<data>-<kind>-<seed>.json`; one that exists is not trained again. Even seeds calibrate
(the thresholds in `diagnosis.py` were set on them), odd seeds test. The data is found in `$GANSCOPE_DATA`.

The training here is a plain loop over small fully connected networks and images of half the size, so that sixty runs
take some twenty minutes of one core; it writes what `ganscope train` writes: the same history, the same lines of
evals.jsonl. With --real, and always for the convolutional kind, ganscope's own trainer makes the runs.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganscope.diagnosis.ending import stop_reason
from ganscope.diagnosis.finding import Finding
from ganscope.diagnosis.rules import diagnose, verdict
from ganscope.metrics.coverage import Balls, support
from ganscope.metrics.distance import Gaussian, frechet_distance, frechet_stderr
from ganscope.metrics.memorisation import QUANTILE, Nearness, memorisation, nearness
from ganscope.metrics.shares import reverse_kl, shares
from ganscope.metrics.variety import diversity, duplicate_threshold, duplicates, kl_floor
from ganscope.training.objectives import OBJECTIVES, Targets

SNAPSHOTS = 20
ITERATIONS = 3000
NUM_FAKES = 1000
PIXELS = 196
LOG_EVERY = 50


@dataclass(frozen=True)
class Kind:
    """One way to train, and what the diagnosis should say of it."""

    why: str
    expected: tuple[str, ...] = ()
    """Findings any of which names this failure rightly; empty for a healthy kind."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What differs from the `mlp` preset; names are those of ganscope's settings."""
    images: int | None = None
    """Training images D is shown; None: all."""
    iterations: int = ITERATIONS


KINDS: dict[str, Kind] = {
    # made to fail
    "d_too_strong": Kind(
        "D wide, fast, five steps for one of a G that crawls",
        ("discriminator_wins",),
        dict(d_width=256, d_lr=2e-3, d_steps=5, g_lr=1e-6),
        iterations=800,
    ),
    "saturating": Kind(
        "the minimax loss against a strong D",
        ("vanishing_gradient",),
        dict(objective="minimax", d_width=256, d_lr=2e-3, d_steps=5, g_lr=1e-4),
        iterations=1000,
    ),
    "g_lr_too_high": Kind(
        "G's learning rate a hundred times too high",
        ("mode_collapse", "divergence"),
        dict(g_lr=5e-2),
        iterations=2000,
    ),
    "tiny_g": Kind(
        "a G of two hidden units and two latents",
        ("discriminator_wins", "mode_collapse"),
        dict(g_width=2, latent_dim=2),
    ),
    "momentum": Kind(
        "G half as fast as D, both with momentum 0.9",
        ("mode_collapse",),
        dict(d_lr=1e-3, g_beta1=0.9, d_beta1=0.9),
    ),
    "handful": Kind("D is shown 16 images", ("memorisation",), {}, images=16, iterations=5000),
    "label_noise": Kind(
        "D's labels are wrong half of the time",
        ("fooling_with_garbage",),
        dict(label_real=0.5, label_fake=0.5),
        iterations=2000,
    ),
    "weak_d": Kind(
        "a D of two hidden units that hardly learns",
        ("fooling_with_garbage",),
        dict(d_width=2, d_lr=1e-5, g_lr=1e-3),
        iterations=2000,
    ),
    "g_steps": Kind(
        "fifteen G steps for one of D",
        ("fooling_with_garbage", "mode_collapse"),
        dict(g_steps=15, g_lr=1e-3, d_lr=2e-4),
        iterations=600,
    ),
    "too_long": Kind(
        "D overfits 60 images long past the best",
        ("past_its_best",),
        dict(d_width=256, d_lr=1e-3),
        images=60,
        iterations=5000,
    ),
    # healthy
    "healthy_mlp": Kind("equal rates, momentum 0.5, labels 1 and 0"),
    "healthy_slow": Kind(
        "the mlp preset, whose G is slow to start",
        (),
        dict(g_lr=1e-4, d_lr=1e-3, g_beta1=0.9, d_beta1=0.9, label_real=0.9),
    ),
    "healthy_smooth": Kind("labels 0.9, a batch of 32", (), dict(label_real=0.9, batch_size=32)),
    "healthy_strong_d": Kind("a wide D, twice as fast as G", (), dict(d_lr=1e-3, d_width=256)),
    "healthy_least_squares": Kind("least squares", (), dict(objective="least-squares")),
    "healthy_hinge": Kind("hinge", (), dict(objective="hinge")),
    "healthy_dcgan": Kind(
        "a narrow DCGAN, Adam 2e-4",
        (),
        dict(network="dcgan", init_std=0.02, g_lr=2e-4, d_lr=2e-4, g_width=24, d_width=24),
        iterations=700,
    ),
}
BASE: dict[str, Any] = dict(
    network="mlp",
    objective="non-saturating",
    batch_size=64,
    g_lr=5e-4,
    d_lr=5e-4,
    g_beta1=0.5,
    d_beta1=0.5,
    label_real=1.0,
    label_fake=0.0,
    label_generator=1.0,
    g_width=128,
    d_width=128,
    d_steps=1,
    g_steps=1,
    latent_dim=100,
)
"""The networks of the `mlp` preset with rates that reach good pictures within a benchmark's few thousand steps."""


# ---------------------------------------------------------------- data and features


def read_idx(path: Path) -> np.ndarray:
    """The array in a gzipped IDX file, uint8."""
    raw = gzip.decompress(path.read_bytes())
    dims = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(raw[3])]
    return np.frombuffer(raw, dtype=np.uint8, offset=4 + 4 * len(dims)).reshape(dims)


@dataclass
class Reals:
    """A data set as this benchmark needs it: flat images in [-1, 1], and what the metrics compare against."""

    train: Tensor
    test: Tensor
    images: tuple[np.ndarray, np.ndarray]
    """Training and test images as they are, `(N, 1, 28, 28) uint8`."""
    classifier: nn.Sequential
    reference: np.ndarray
    held_out: np.ndarray
    share: np.ndarray


def load_reals(name: str, cache: Path) -> Reals:
    """Training and test images of MNIST or Fashion-MNIST with a small classifier for the features (cached)."""
    root = Path(os.environ["GANSCOPE_DATA"]) / name
    read = lambda file: read_idx(root / f"{file}-ubyte.gz")  # noqa: E731
    images = read("train-images-idx3")[:, None], read("t10k-images-idx3")[:, None]
    train, test, labels = halved(images[0]), halved(images[1]), read("train-labels-idx1").astype(np.int64)
    net = nn.Sequential(nn.Linear(PIXELS, 256), nn.ReLU(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 10))
    file = cache / f"{name}-classifier.pt"
    if file.exists():
        net.load_state_dict(torch.load(file, weights_only=True))
    else:
        torch.manual_seed(0)
        optimiser = torch.optim.Adam(net.parameters(), 1e-3)
        targets = torch.from_numpy(labels)
        for _ in range(3):
            for batch in torch.randperm(len(train)).split(128):
                optimiser.zero_grad()
                nn.functional.cross_entropy(net(train[batch]), targets[batch]).backward()
                optimiser.step()
        torch.save(net.state_dict(), file)
    share = np.bincount(labels, minlength=10) / len(labels)
    pick = np.random.default_rng(0).permutation(len(train))[:NUM_FAKES]
    reference = features(net, train[torch.from_numpy(pick)])[0]
    return Reals(train, test, images, net, reference, features(net, test[:NUM_FAKES])[0], share)


def halved(images: np.ndarray) -> Tensor:
    """`(N, 196) float32 in [-1, 1]`: the mean of each 2×2 block of `(N, 1, 28, 28) uint8`: a quarter of the work."""
    blocks = images.reshape(len(images), 14, 2, 14, 2).mean((2, 4), dtype=np.float32)
    return torch.from_numpy(blocks.reshape(len(images), PIXELS)).div(127.5).sub(1.0)


@torch.no_grad()
def features(net: nn.Sequential, images: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """`(N, 64) float64` features and `(N,)` classes of `(N, 196)` images."""
    hidden = net[:4](images)
    return hidden.double().numpy(), net[4](hidden).argmax(1).numpy()


# ---------------------------------------------------------------- metrics


def measure(reals: Reals, shown: Tensor, held_out: Nearness, fakes: Tensor, floors: dict[str, float]) -> dict[str, Any]:
    """The `metrics`, `class_share` and `unlike` of a line of evals.jsonl for `(M, 196)` fakes."""
    fake, classes = features(reals.classifier, fakes)
    real, count = Balls.fit(reals.reference), len(fakes)
    gaussian, spread = Gaussian.fit(reals.reference), Balls.fit(fake)
    reached, copies = support(real, spread), memorisation(held_out, nearness(shown.numpy(), fakes.numpy()))
    classes_share = shares(classes, len(reals.share))
    found = {
        "frechet": (frechet_distance(gaussian, fake), frechet_stderr(gaussian, fake)),
        "precision": reached.precision,
        "recall": reached.recall,
        "density": reached.density,
        "coverage": reached.coverage,
        "diversity": diversity(reals.reference, fake),
        "duplicate_rate": (duplicates(spread.nearest, duplicate_threshold(real.nearest)), 0.01),
        "memorisation": copies.copied,
        "class_kl": reverse_kl(reals.share, classes_share),
    }
    higher = ("precision", "recall", "density", "coverage", "diversity")
    metrics = {
        name: {
            "value": value,
            "stderr": stderr,
            "floor": floors.get(name),
            "num_real": count,
            "num_fake": count,
            "features": "mlp-64",
            "better": "higher" if name in higher else "lower",
        }
        for name, (value, stderr) in found.items()
    }
    share = classes_share.share.tolist()
    return {"metrics": metrics, "class_share": {"real": reals.share.tolist(), "fake": share}, "unlike": None}


def floors_of(reals: Reals) -> dict[str, float]:
    """The score of held-out reals in the place of the fakes."""
    shares = support(Balls.fit(reals.reference), Balls.fit(reals.held_out))
    return {
        "frechet": frechet_distance(reals.reference, reals.held_out),
        "precision": shares.precision[0],
        "recall": shares.recall[0],
        "density": shares.density[0],
        "coverage": shares.coverage[0],
        "diversity": diversity(reals.reference, reals.held_out)[0],
        "memorisation": QUANTILE,
        "class_kl": kl_floor(reals.share, NUM_FAKES),
    }


# ---------------------------------------------------------------- one run


def snapshots_of(iterations: int) -> set[int]:
    """Iterations with a snapshot: 0, a few early ones, then regularly."""
    regular = iterations // SNAPSHOTS
    return {0, regular // 4, regular // 2, *range(regular, iterations + 1, regular)}


def gradient_norm(net: nn.Module) -> Tensor:
    """`()`: the Euclidean norm of all gradients of `net`."""
    return torch.stack([p.grad.square().sum() for p in net.parameters() if p.grad is not None]).sum().sqrt()


def simulate(reals: Reals, kind: Kind, seed: int) -> dict[str, Any]:
    """Train one run of `kind`; its history, tests, evals and settings as `diagnose` wants them."""
    s = {**BASE, **kind.settings}
    torch.manual_seed(1000 + seed)
    shown = reals.train[torch.randperm(len(reals.train))[: kind.images]] if kind.images else reals.train
    s |= {"num_images": len(shown), "seed": seed, "iterations": kind.iterations}
    z, batch, names = s["latent_dim"], s["batch_size"], ("d_loss", "g_loss", "d_real", "d_fake_before", "d_fake_after")
    g = nn.Sequential(nn.Linear(z, s["g_width"]), nn.LeakyReLU(0.01), nn.Linear(s["g_width"], PIXELS), nn.Tanh())
    d = nn.Sequential(nn.Linear(PIXELS, s["d_width"]), nn.LeakyReLU(0.01), nn.Linear(s["d_width"], 1), nn.Flatten(0))
    g_optimiser = torch.optim.Adam(g.parameters(), s["g_lr"], (s["g_beta1"], 0.999), fused=True)
    d_optimiser = torch.optim.Adam(d.parameters(), s["d_lr"], (s["d_beta1"], 0.999), fused=True)
    objective, targets = OBJECTIVES[s["objective"]], Targets(s["label_real"], s["label_fake"], s["label_generator"])
    fixed, due = torch.randn(NUM_FAKES, z), snapshots_of(kind.iterations)
    known, floors = shown[:4000], floors_of(reals)
    held_out = nearness(known.numpy(), reals.test[:NUM_FAKES].numpy())
    run: dict[str, Any] = {"history": [], "tests": [], "evals": [], "settings": s}
    sums: list[Tensor] = []
    for iteration in range(kind.iterations + 1):
        seen = iteration * batch * s["d_steps"]
        where = {"images_seen": seen, "iteration": iteration, "epoch": seen / len(shown)}
        if len(sums) == LOG_EVERY:
            means = torch.stack(sums).mean(0).tolist()
            lrs = {"d_lr": s["d_lr"], "g_lr": s["g_lr"]}
            run["history"].append(where | dict(zip((*names, "d_grad_norm", "g_grad_norm"), means, strict=True)) | lrs)
            sums.clear()
        if iteration in due:
            with torch.no_grad():
                fakes, scores = g(fixed), d(reals.test[:1000]).sigmoid()
                held_out_scores = {"d_real": float(scores.mean()), "d_fake": float(d(fakes).sigmoid().mean())}
            run["tests"].append(where | held_out_scores)
            run["evals"].append(where | measure(reals, known, held_out, fakes, floors))
        if iteration == kind.iterations:
            return run
        for _ in range(s["d_steps"]):
            with torch.no_grad():
                fake = g(torch.randn(batch, z))
            real_logits, fake_logits = d(shown[torch.randint(len(shown), (batch,))]), d(fake)
            d_loss = objective.d_loss(real_logits, fake_logits, targets)
            d_optimiser.zero_grad()
            d_loss.backward()
            d_optimiser.step()
        d_norm = gradient_norm(d)
        d.requires_grad_(False)
        for _ in range(s["g_steps"]):
            after = d(g(torch.randn(batch, z)))
            g_loss = objective.g_loss(after, real_logits.detach(), targets)
            g_optimiser.zero_grad()
            g_loss.backward()
            g_optimiser.step()
        d.requires_grad_(True)
        scores = [logits.detach().sigmoid().mean() for logits in (real_logits, fake_logits, after)]
        sums.append(torch.stack([d_loss.detach(), g_loss.detach(), *scores, d_norm, gradient_norm(g)]))
    return run


def train_real(reals: Reals, kind: Kind, seed: int, folder: Path) -> dict[str, Any]:
    """The same with ganscope's own trainer, on whole 28×28 images; the metrics stay those of this file."""
    from ganscope.config.fields import config_from_dict
    from ganscope.config.plan import plan
    from ganscope.device import choose_backend
    from ganscope.recorder import Judge, Recorder, planned
    from ganscope.runs.run import Run
    from ganscope.training.loop import train

    train_images, test_images = reals.images
    order = np.random.default_rng(1000 + seed).permutation(len(train_images))[: kind.images]
    train_images, shown = train_images[np.sort(order)], reals.train[np.sort(order)]
    settings = {**BASE, **kind.settings}
    epochs = kind.iterations * settings["batch_size"] * settings["d_steps"] / len(train_images)
    config = plan(
        config_from_dict(
            settings | {"seed": seed, "epochs": epochs, "snapshots": SNAPSHOTS, "num_fakes": NUM_FAKES, "threads": 1}
        ),
        num_images=len(train_images),
        size=28,
        channels=1,
    )
    backend = choose_backend(device="cpu", precision="float32", threads=1, convolutional=config.network != "mlp")
    known, floors, evals = shown[:4000], floors_of(reals), []
    held_out = nearness(known.numpy(), reals.test[:NUM_FAKES].numpy())

    class Measure(Judge):
        def look_at(self, snapshot: Any) -> None:
            where = {"images_seen": snapshot.images_seen, "iteration": snapshot.iteration, "epoch": snapshot.epoch}
            evals.append(where | measure(reals, known, held_out, halved(snapshot.fakes), floors))

    run, step = Run.create(folder, config, {}, ""), config.images_per_iteration
    due = planned(config.snapshot_every, step)
    recorder = Recorder(run, num_images=len(train_images), images_per_iteration=step, due=due, judge=Measure())
    train(run, train_images, test_images, config, backend, recorder, data_hash="")
    history, tests = run.lines("history"), run.lines("test")
    shutil.rmtree(folder)
    return {
        "history": history,
        "tests": tests,
        "evals": evals,
        "settings": config.to_dict() | {"num_images": len(train_images), "iterations": kind.iterations},
    }


# ---------------------------------------------------------------- all runs


def train_missing(out: Path, names: list[str], datasets: list[str], seeds: list[int], real: bool) -> None:
    """Train every run that `out` does not hold yet; `real`: with ganscope's trainer, which convolutions always have."""
    for data in datasets:
        todo = [(name, seed) for seed in seeds for name in names if not (out / f"{data}-{name}-{seed}.json").exists()]
        reals = load_reals(data, out) if todo else None
        for name, seed in todo:
            assert reals is not None
            start = time.process_time()
            if real or KINDS[name].settings.get("network") == "dcgan":
                run = train_real(reals, KINDS[name], seed, out / f".{data}-{name}-{seed}-run")
            else:
                run = simulate(reals, KINDS[name], seed)
            text = json.dumps({"kind": name, "data": data, **run})
            temporary = out / f".{data}-{name}-{seed}"
            temporary.write_text(text)
            temporary.replace(out / f"{data}-{name}-{seed}.json")
            last = {key: round(m["value"], 3) for key, m in run["evals"][-1]["metrics"].items()}
            print(f"{data} {name} {seed}: {time.process_time() - start:.0f} s CPU {last}", file=sys.stderr, flush=True)


# ---------------------------------------------------------------- judging them


@dataclass(frozen=True)
class Judged:
    """What the diagnosis said of one run, asked at every snapshot as if the run were going on."""

    kind: str
    seed: int
    findings: list[list[Finding]]
    images: list[int]
    onset: int
    """images_seen at which the failure begins: 0, or the best snapshot, or the first lasting copies."""

    def first(self, ids: tuple[str, ...]) -> int | None:
        """images_seen of the first snapshot at which one of `ids` is found."""
        hits = (n for n, found in zip(self.images, self.findings, strict=True) if any(f.id in ids for f in found))
        return next(hits, None)

    def delay(self) -> float:
        """How late the right finding came, as a share of the time for which the failure went on; infinite if never."""
        first = self.first(KINDS[self.kind].expected)
        return float("inf") if first is None else (first - self.onset) / (self.images[-1] - self.onset)

    def headline(self) -> str:
        """The finding that heads the verdict when the right one is first found."""
        named = (found[0].id for found in self.findings if any(f.id in KINDS[self.kind].expected for f in found))
        return next(named, "")

    def ever(self, severity: str) -> set[str]:
        return {f.id for found in self.findings for f in found if f.severity == severity}


def judge(path: Path) -> Judged:
    """Replay one stored run."""
    run = json.loads(path.read_text())
    evals, images = run["evals"], [line["images_seen"] for line in run["evals"]]
    found = [diagnose(run["history"], run["tests"], evals[: i + 1], run["settings"]) for i in range(len(evals))]
    expected, onset = KINDS[run["kind"]].expected, 0
    if "past_its_best" in expected:
        onset = images[int(np.argmin([line["metrics"]["frechet"]["value"] for line in evals]))]
    if "memorisation" in expected:
        copied = np.array([line["metrics"]["memorisation"]["value"] > 2 * QUANTILE for line in evals])
        onset = images[int(np.flatnonzero(~copied)[-1]) + 1] if copied[-1] else 0
    return Judged(run["kind"], run["settings"]["seed"], found, images, onset)


def print_tables(runs: list[Judged], title: str) -> None:
    """The confusion table in markdown: who was named what, and when."""
    print(f"\n### {title}: {len(runs)} runs\n")
    print(
        "| kind | runs | should be named | named | in the first third | latest at | heads the verdict "
        "| failures beside it | warnings |"
    )
    print("|---|--:|---|--:|--:|--:|--:|---|---|")
    for kind in KINDS:
        mine = [run for run in runs if run.kind == kind]
        if not mine:
            continue
        expected = KINDS[kind].expected
        delays = [run.delay() for run in mine]
        cells: list[object] = ["nothing", "", "", "", ""]
        if expected:
            early, late = sum(delay <= 1 / 3 for delay in delays), f"{100 * max(delays):.0f} %"
            cells = [" or ".join(expected), int(np.isfinite(delays).sum()), early, late]
            cells.append(sum(run.headline() in expected for run in mine))
        for severity in ("failure", "warning"):
            names = Counter(name for run in mine for name in run.ever(severity) - set(expected))
            cells.append(", ".join(f"{name} {count}" for name, count in names.items()))
        print(f"| {kind} | {len(mine)} | " + " | ".join(map(str, cells)) + " |")
    planted = [run for run in runs if KINDS[run.kind].expected]
    healthy = [run for run in runs if not KINDS[run.kind].expected]
    hits, alarms = sum(run.delay() <= 1 / 3 for run in planted), sum(bool(run.ever("failure")) for run in healthy)
    print(
        f"\nPlanted failures named in the first third: {hits} of {len(planted)}. Healthy runs called a failure: "
        f"{alarms} of {len(healthy)}."
    )


def explain(path: Path) -> None:
    """Print what was found in one run, snapshot by snapshot, with the numbers it was found by."""
    run, judged = json.loads(path.read_text()), judge(path)
    print(f"{path.stem}: failing since {judged.onset:,} images; named after {100 * judged.delay():.0f} % of that time")
    for line, found in zip(run["evals"], judged.findings, strict=True):
        values = {name: round(entry["value"], 2) for name, entry in line["metrics"].items()}
        print(line["images_seen"], values, *(f"{f.severity}:{f.id}" for f in found))
    print(verdict(judged.findings[-1], run["evals"]))
    print("stop:", stop_reason(run["history"], run["tests"], run["evals"], run["settings"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--data", nargs="+", choices=("mnist", "fashion-mnist"), default=["mnist", "fashion-mnist"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3])
    parser.add_argument("--out", type=Path, default=Path("runs/benchmark-diagnosis"))
    parser.add_argument("--real", action="store_true", help="train with ganscope itself: about eight times slower")
    parser.add_argument("--table", action="store_true", help="train nothing; judge the runs that are there")
    parser.add_argument("--explain", type=Path, metavar="RUN.json", help="what was found in one run")
    args = parser.parse_args()
    if args.explain:
        explain(args.explain)
        return
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    if not args.table:
        train_missing(args.out, args.kinds, args.data, args.seeds, args.real)
    names = [f"{data}-{kind}-{seed}.json" for data in args.data for kind in args.kinds for seed in args.seeds]
    there = [args.out / name for name in names]
    runs = [judge(path) for path in there if path.exists()]
    print_tables([run for run in runs if run.seed % 2 == 0], "even seeds (calibration)")
    print_tables([run for run in runs if run.seed % 2 == 1], "odd seeds (test)")


if __name__ == "__main__":
    main()
