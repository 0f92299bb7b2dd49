"""The runs that the documentation shows: trained here, each from one command that a reader can repeat.

    python docs/gallery.py OUT [NAME …]      trains those that are not there yet, says what each is named

All are small: the 8×8 digits that scikit-learn brings, or points. Together some four minutes of two cores. A run whose
diagnosis is not the one that its page speaks of is an error: the documentation would say what is not so.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ganscope.data import load_dataset
from ganscope.runs import Run

PLAIN = "--preset mlp --g-lr 5e-4 --d-lr 5e-4 --g-beta1 0.5 --d-beta1 0.5 --label-real 1"


class Shown(NamedTuple):
    """One run: its title, the words after `ganscope train`, what it shows, and the findings that must be among its own."""

    title: str
    command: str
    sentence: str
    findings: tuple[str, ...] = ()


RUNS: dict[str, Shown] = {
    "healthy": Shown(
        "Healthy",
        "digits --seed 0",
        "The default on handwritten digits. The black points leave the rim, find every cluster and stay there.",
    ),
    "points": Shown(
        "A ring of eight points, D* beside D",
        "ring --epochs 4",
        "The density is known, so the optimal discriminator D* can be drawn beside the learned one.",
    ),
    "line": Shown(
        "A mixture on a line",
        "mixture-1d --epochs 3",
        "One dimension: p_data, the generator's density, D and D* in one picture.",
    ),
    "collapsed": Shown(
        "Collapsed",
        f"digits {PLAIN} --g-lr 5e-2 --epochs 30",
        "A generator whose learning rate is a hundred times too high draws one picture again and again.",
        ("mode_collapse",),
    ),
    "overpowered": Shown(
        "Discriminator too strong",
        f"digits {PLAIN} --d-width 256 --d-lr 2e-3 --d-steps 5 --g-lr 1e-6 --epochs 150",
        "The discriminator recognises every fake, and the generator learns nothing from it any more.",
        ("discriminator_wins",),
    ),
    "saturated": Shown(
        "A loss without gradient",
        f"digits {PLAIN} --objective minimax --d-width 256 --d-lr 2e-3 --d-steps 5 --g-lr 1e-4 --epochs 150",
        "The minimax loss is flat where the discriminator is sure, so the generator stands still.",
        ("vanishing_gradient",),
    ),
    "garbage": Shown(
        "Fooling with garbage",
        f"digits {PLAIN} --label-real 0.5 --label-fake 0.5 --epochs 40",
        "The discriminator's labels are wrong half of the time: it cannot tell, and the pictures are noise.",
        ("fooling_with_garbage",),
    ),
    "forgotten": Shown(
        "A neglected class",
        f"{{rare}} {PLAIN} --g-lr 1e-3 --d-lr 1e-3 --epochs 50",
        "Three pictures in two hundred are an 8. The generator draws them less than half as often: see the class shares.",
    ),
    "memorised": Shown(
        "Learned by heart",
        f"{{few}} {PLAIN} --d-lr 1.5e-3 --epochs 1500",
        "Sixty training images and a long training: the discriminator learns them by heart.",
        ("memorisation", "past_its_best", "learned_by_heart"),
    ),
}
SETTINGS = "--num-fakes 1000 --snapshots 20 --threads 1 --quiet"


def data_files(out: Path) -> dict[str, str]:
    """The two data sets made from the digits: one with a rare class, one with 60 images."""
    digits = load_dataset("digits").train
    assert digits.labels is not None
    rng = np.random.default_rng(0)
    eights = np.flatnonzero(digits.labels == 8)
    kept = np.setdiff1d(np.arange(len(digits.images)), eights[20:])
    few = rng.permutation(len(digits.images))[:66]
    made = {"rare": kept, "few": few}
    for name, rows in made.items():
        np.savez(out / f"{name}.npz", images=digits.images[rows], labels=digits.labels[rows])
    return {name: str(out / f"{name}.npz") for name in made}


def train(out: Path, names: list[str] | None = None) -> dict[str, Run]:
    """Train what is not there yet; name → run."""
    out.mkdir(parents=True, exist_ok=True)
    files = data_files(out)
    runs = {}
    for name in names or list(RUNS):
        shown, path = RUNS[name], out / name
        run = Run(path)
        if not (path / "finished.json").is_file():
            words = shown.command.format(**files).split() + SETTINGS.split()
            start = time.monotonic()
            command = [sys.executable, "-m", "ganscope", "train", *words, "--run", str(path)]
            done = subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
            print(f"{name:<12} {time.monotonic() - start:5.0f} s  {run.verdict()}", flush=True)
        found = findings_of(run)
        if shown.findings and not set(shown.findings) & set(found):
            sys.exit(f"{name} is to show {' or '.join(shown.findings)}, and shows {', '.join(found) or 'nothing'}")
        runs[name] = run
    return runs


def findings_of(run: Run) -> list[str]:
    """The findings of the newest snapshot, by name."""
    lines = run.evals()
    return [finding["id"] for finding in lines[-1].get("findings", [])] if lines else []


if __name__ == "__main__":
    train(Path(sys.argv[1]), sys.argv[2:] or None)
