"""From a config to a run: what a longer training keeps of its first plan, and that a stored config is the run again."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganscope.config.plan import Plan, plan
from ganscope.config.presets import make_config
from ganscope.data import examine, load_configured
from ganscope.errors import DataError
from ganscope.launch.estimate import too_short
from ganscope.launch.launch import configure, launch, of_trainable_size
from ganscope.progress import Progress
from ganscope.training import build_networks

QUICK: dict[str, Any] = dict(
    preset="mlp", batch_size=64, threads=1, snapshots=2, num_fakes=128, metrics=False, map="none"
)
QUIET = Progress(quiet=True)


def test_too_few_epochs_are_told_in_images_and_the_number_told_is_enough() -> None:
    def told(num_images: int, preset: str = "auto", **settings: Any) -> str | None:
        config = make_config("x", preset, **settings)
        return too_short(plan(config, num_images=num_images, size=64, channels=3), num_images)

    text = told(229, epochs=20.0)
    assert text is not None and "4,580 images seen" in text and "--epochs 263 at least" in text
    assert "--epochs 2621 for the best" in text
    assert told(229, epochs=263.0) is None and told(229, epochs=262.0) is not None
    assert told(229) is None, "the default is long enough for any folder"
    assert told(500, "plain") is not None, "forty epochs by a preset are as few as by hand"
    assert told(60_000, epochs=1.0) is None


def test_a_carried_on_training_says_so_in_its_config(tmp_path: Path) -> None:
    """A later look, and a resumption by the plain command, must see the longer plan."""
    first = launch(make_config("digits", epochs=0.5, **QUICK), run_path=tmp_path / "run", progress=QUIET)
    second = launch(make_config("digits", epochs=1.5, **QUICK), run_path=tmp_path / "run", progress=QUIET)
    assert second.outcome.images_seen > first.outcome.images_seen
    assert second.run.config().epochs == 1.5
    second.run.unmark_finished()  # as an interruption leaves it
    third = launch(make_config("digits", epochs=0.5, **QUICK), runs=tmp_path, progress=QUIET)
    assert third.run.path != second.run.path


def test_a_toys_config_holds_what_was_given(tmp_path: Path) -> None:
    """γ is scaled by the data for the training alone: stored scaled, a config trained again would be scaled twice."""
    config = make_config("grid", epochs=0.01, snapshots=1)
    run = launch(config, run_path=tmp_path / "run", progress=QUIET).run
    assert run.config().r1 == config.r1
    assert json.loads(run.config_path.read_text())["r1"] == config.r1


@pytest.mark.parametrize("side", [7, 30, 50, 100])
def test_training_takes_what_check_suggests(tmp_path: Path, side: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Any size goes in by default: check and train choose the same size and preset, and say so."""
    rng = np.random.default_rng(side)
    for i in range(12):
        Image.fromarray(rng.integers(0, 256, (side, side, 3), np.uint8)).save(tmp_path / f"{i}.png")
    report = examine(str(tmp_path))
    config = configure(str(tmp_path))
    assert config.preset == report.suggested_preset
    assert load_configured(config).train.images.shape[2:] == report.size
    quiet = Progress(quiet=True)
    for wanted in (None, side):
        sized = dataclasses.replace(config, size=wanted, d_width=None, g_width=None)
        made = of_trainable_size(sized, quiet).size or report.suggested_size
        build_networks(plan(sized, num_images=12, size=made, channels=3))  # raises where the networks cannot make it


def test_nothing_to_learn_is_one_line_and_no_run(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for i in range(9):
        Image.new("L", (8, 8), 255).save(tmp_path / "data" / f"{i}.png")
    with pytest.raises(DataError, match="nothing to learn"):
        launch(configure(str(tmp_path / "data")), runs=tmp_path / "runs", progress=Progress(quiet=True))
    assert not (tmp_path / "runs").exists()


def test_the_classes_are_told_by_default_where_each_has_enough_images(tmp_path: Path) -> None:
    def trained(name: str, **settings: Any) -> Plan:
        settings = QUICK | dict(preset="auto", snapshots=1, epochs=0.1) | settings
        return launch(make_config("digits", **settings), run_path=tmp_path / name, progress=QUIET).run.config()

    def told(*counts: int, **settings: Any) -> bool:
        config = make_config("x", "r3dcgan", **settings)
        return plan(config, num_images=1000, size=8, channels=1, class_counts=counts).conditional

    assert told(100, 500) and not told(99, 500) and not told(500) and told(0, 100, 100) and not told()
    assert told(5, 5, conditional=True) and not told(500, 500, conditional=False)
    assert trained("by default").num_classes == 10 and trained("not", conditional=False).num_classes == 0
    assert trained("of packs", pack=2).num_classes == 0, "which D cannot judge by class"
    assert trained("equally often", class_balance="uniform").conditional
    assert trained("published", preset="mlp").num_classes == 0, "a published system stays what it is"


def test_a_run_from_before_classes_were_told_by_default_is_resumed_as_it_was(tmp_path: Path) -> None:
    settings = QUICK | dict(preset="r3mlp", snapshots=1)
    first = launch(
        make_config("digits", epochs=0.2, conditional=False, **settings), run_path=tmp_path / "a", progress=QUIET
    )
    later = launch(make_config("digits", epochs=0.4, **settings), run_path=tmp_path / "a", progress=QUIET)
    assert later.outcome.images_seen > first.outcome.images_seen and not later.run.config().conditional
