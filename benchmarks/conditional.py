"""Conditional trainings made to fail in known ways, beside healthy ones: what the two rules about a told class see.

    python benchmarks/conditional.py --seeds 2           trains what is missing and prints the table
    python benchmarks/conditional.py --table             only the table of what is there
    python benchmarks/conditional.py --also RUN …        judges finished conditional runs, of any data, as healthy

Trainings of digits (`r3mlp`, `--epochs`, and other presets for the healthy ones), each in its folder under `--out`. The
faults are planted in the training and in the sampling alike:

shuffled     G is told a class drawn at random, D and the reals keep theirs: labels of G only
half         the same for every second image
mislabelled  the labels do not belong to the images: every batch's are shuffled, for both networks
shifted      G is told the class after the right one
frozen       G's latent is 0 whenever it is asked for class 4: one picture
frozen-0.1 … the same latent times 0.1, 0.3: a class of little variety
few          for class 4 there are five latents only

Columns: `obeyed` and `least variety` are what the rules compare with their limits (diagnosis/conditional.py), at the
last snapshot and at the worst of those at which the run is better than `bad`; Fréchet is that of all fakes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganscope.config import make_config
from ganscope.diagnosis.conditional import class_variety, obedience
from ganscope.launch import launch
from ganscope.networks import conditional
from ganscope.progress import Progress
from ganscope.runs import Run
from ganscope.training import Batch, Batches

VICTIM = 4
Change = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
HEALTHY: dict[str, dict[str, Any]] = {
    "r3mlp": {}, "mlp": {"preset": "mlp"}, "hinge": {"preset": "hinge", "epochs": 60.0},
    "r3dcgan": {"preset": "r3dcgan"}, "uniform": {"class_balance": "uniform"},
}  # fmt: skip


def scaled(by: float) -> Change:
    """The latent of the victim's class times a number."""
    return lambda z, labels: (torch.where((labels == VICTIM)[:, None], by * z, z), labels)


def few(z: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """One of five latents for the victim's class, chosen by the latent's first number."""
    fixed = torch.randn(5, z.shape[1], generator=torch.Generator().manual_seed(0))
    chosen = fixed[(torch.special.ndtr(z[:, 0]) * 5).long().clamp(0, 4)]
    return torch.where((labels == VICTIM)[:, None], chosen, z), labels


def told_at_random(share: float) -> Change:
    """A class at random for a share of the images, by the latent itself, so that sampling does the same."""

    def change(z: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        chance, number = torch.special.ndtr(z[:, 0]), torch.special.ndtr(z[:, 1])
        return z, torch.where(chance < share, (number * 10).long().clamp(0, 9), labels)

    return change


PLANTED: dict[str, tuple[str, Change]] = {
    "shuffled": ("condition_ignored", told_at_random(1.0)),
    "half": ("condition_ignored", told_at_random(0.5)),
    "mislabelled": ("condition_ignored", lambda z, labels: (z, labels)),
    "shifted": ("condition_ignored", lambda z, labels: (z, (labels + 1) % 10)),
    "frozen": ("class_collapsed", scaled(0.0)),
    "frozen-0.1": ("class_collapsed", scaled(0.1)),
    "frozen-0.3": ("", scaled(0.3)),
    "few": ("", few),
}


@contextlib.contextmanager
def planted(change: Change | None) -> Iterator[None]:
    """Every conditional generator made in here has the fault."""
    whole = conditional.ConditionalGenerator.forward

    def forward(self: conditional.ConditionalGenerator, z: Tensor, labels: Tensor) -> Tensor:
        return whole(self, *change(z, labels)) if change else whole(self, z, labels)

    conditional.ConditionalGenerator.forward = forward  # type: ignore[method-assign]
    try:
        yield
    finally:
        conditional.ConditionalGenerator.forward = whole  # type: ignore[method-assign]


@contextlib.contextmanager
def shuffled_labels() -> Iterator[None]:
    """Every batch's labels in another order than its images."""
    whole = Batches.at

    def at(self: Batches, position: int, count: int) -> Batch:
        found = whole(self, position, count)
        assert found.labels is not None
        order = torch.randperm(len(found.labels), generator=torch.Generator().manual_seed(position))
        return Batch(found.images, found.labels[order])

    Batches.at = at  # type: ignore[method-assign]
    try:
        yield
    finally:
        Batches.at = whole  # type: ignore[method-assign]


def trained(path: Path, change: Change | None, seed: int, epochs: float, **settings: Any) -> Run:
    """The run, trained first if it is not there."""
    if not Run(path).finished():
        options = {"epochs": epochs, "snapshots": 12, "map": "none", "threads": 1, **settings}
        mislabelled = path.name.startswith("mislabelled")
        with planted(change), shuffled_labels() if mislabelled else contextlib.nullcontext():
            launch(make_config("digits", seed=seed, conditional=True, **options), run_path=path,
                   progress=Progress(quiet=True))  # fmt: skip
    return Run(path)


def row(kind: str, expected: str, run: Run) -> dict[str, Any]:
    """What the rules saw in a run."""
    evals = run.evals()
    frechet = np.array([line["metrics"]["frechet"]["value"] for line in evals])
    good = frechet < 0.5 * frechet[0]
    obeyed = np.array([obedience(line.get("per_class") or {}) for line in evals])
    variety = np.array([np.nanmin(class_variety(line)) if line.get("per_class") else np.nan for line in evals])
    findings = [finding["id"] for finding in evals[-1]["findings"]]
    return {
        "kind": kind, "run": run.path.name, "expected": expected, "frechet": frechet[-1],
        "floor": evals[-1]["metrics"]["frechet"]["floor"], "obeyed": obeyed[-1],
        "obeyed_worst": float(np.nanmin(np.where(good, obeyed, np.nan))), "variety": variety[-1],
        "variety_worst": float(np.nanmin(np.where(good, variety, np.nan))), "findings": findings,
    }  # fmt: skip


def table(rows: list[dict[str, Any]]) -> str:
    lines = ["| run | expected | Fréchet (floor) | obeyed, last | worst | least variety, last | worst | findings |",
             "|---|---|--:|--:|--:|--:|--:|---|"]  # fmt: skip
    for one in rows:
        numbers = [f"{one['frechet']:.2f} ({one['floor']:.2f})"]
        numbers += [f"{one[name]:.2f}" for name in ("obeyed", "obeyed_worst", "variety", "variety_worst")]
        lines.append(f"| {one['run']} | {one['expected']} | {' | '.join(numbers)} | {', '.join(one['findings'])} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Planted faults of conditional trainings.")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=float, default=40.0)
    parser.add_argument("--out", type=Path, default=Path("/tmp/ganscope-conditional"))
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--also", type=Path, nargs="*", default=[])
    parser.add_argument("--table", action="store_true", help="train nothing")
    arguments = parser.parse_args()
    rows, stored = [], arguments.out / "rows.json"
    for seed in range(arguments.seeds):
        kinds: list[tuple[str, str, Any, dict[str, Any]]] = [
            (name, "", None, settings) for name, settings in HEALTHY.items()
        ]
        kinds += [(name, expected, change, {}) for name, (expected, change) in PLANTED.items()]
        for name, expected, change, settings in kinds:
            path = arguments.out / f"{name}-{seed}"
            if arguments.only and name not in arguments.only:
                continue
            if not arguments.table or Run(path).finished():
                rows.append(row(name, expected, trained(path, change, seed, arguments.epochs, **settings)))
    rows += [row("healthy", "", Run.open(path)) for path in arguments.also]
    stored.write_text(json.dumps(rows, indent=1))
    print(table(rows))


if __name__ == "__main__":
    main()
