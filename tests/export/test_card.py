"""The card of a model: its figures, and no path of this disk."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ganscope.cli import main
from ganscope.export.card import public
from ganscope.runs import Run


@pytest.fixture(scope="module")
def model(run_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hub") / "model"
    assert main(["export", str(run_path), "--hub", str(out), "--license", "cc-by-4.0"]) == 0
    return out


def test_the_card_gives_the_figures_of_the_snapshot(model: Path, run_path: Path) -> None:
    run = Run.open(run_path)
    seen = json.loads((model / "config.json").read_text())["images_seen"]
    line = next(line for line in run.evals() if line["images_seen"] == seen)
    (row,) = re.findall(r"\| Fréchet distance \|.*", (model / "README.md").read_text())
    one = line["metrics"]["frechet"]
    assert f"| {one['value']:.4g} |" in row and f"| {one['floor']:.4g} |" in row and "1,438 / 128" in row


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("/home/ada/photos", "photos"),
        ("~/photos/", "photos"),
        ("C:\\Users\\ada\\x.npz", "x.npz"),
        ("--run=/tmp/a/b", "--run=b"),
        ("digits", "digits"),
        ("*/128/*", "*/128/*"),
        ({"a": ["../x/y", 3, None]}, {"a": ["y", 3, None]}),
    ],
)
def test_paths_become_names(given: object, shown: object) -> None:
    assert public(given) == shown
