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
import json
from pathlib import Path
from typing import Any

import numpy as np

from faults import planted
from ganscope.config import make_config
from ganscope.diagnosis.conditional import class_variety, obedience
from ganscope.launch import launch
from ganscope.progress import Progress
from ganscope.runs import Run

HEALTHY: dict[str, dict[str, Any]] = {
    "r3mlp": {}, "mlp": {"preset": "mlp"}, "hinge": {"preset": "hinge", "epochs": 60.0},
    "r3dcgan": {"preset": "r3dcgan"}, "uniform": {"class_balance": "uniform"},
}  # fmt: skip


PLANTED: dict[str, str] = {
    "shuffled": "condition_ignored",
    "half": "condition_ignored",
    "mislabelled": "condition_ignored",
    "shifted": "condition_ignored",
    "frozen": "class_collapsed",
    "frozen-0.1": "class_collapsed",
    "frozen-0.3": "",
    "few": "",
}


def trained(path: Path, fault: str, seed: int, epochs: float, **settings: Any) -> Run:
    """The run, trained first if it is not there."""
    if not Run(path).finished():
        options = {"epochs": epochs, "snapshots": 12, "map": "none", "threads": 1, **settings}
        with planted(fault):
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
        kinds: list[tuple[str, str, str, dict[str, Any]]] = [
            (name, "", "", settings) for name, settings in HEALTHY.items()
        ]
        kinds += [(name, expected, name, {}) for name, expected in PLANTED.items()]
        for name, expected, fault, settings in kinds:
            path = arguments.out / f"{name}-{seed}"
            if arguments.only and name not in arguments.only:
                continue
            if not arguments.table or Run(path).finished():
                rows.append(row(name, expected, trained(path, fault, seed, arguments.epochs, **settings)))
    rows += [row("healthy", "", Run.open(path)) for path in arguments.also]
    stored.write_text(json.dumps(rows, indent=1))
    print(table(rows))


if __name__ == "__main__":
    main()
