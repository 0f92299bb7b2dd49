"""Which run is resumed, and with which settings."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganscope.config.plan import Plan, plan
from ganscope.config.presets import make_config
from ganscope.errors import RunError
from ganscope.launch.estimate import snapshot_cost
from ganscope.launch.launch import launch
from ganscope.launch.resume import as_planned, resumed_config
from ganscope.progress import Progress
from ganscope.runs.run import Run

QUICK: dict[str, Any] = dict(
    preset="mlp", batch_size=64, threads=1, snapshots=2, num_fakes=128, metrics=False, map="none"
)


QUIET = Progress(quiet=True)


def planned(config: Plan) -> Plan:
    draft = plan(config, num_images=60_000, size=28, channels=1)
    return plan(config, num_images=60_000, size=28, channels=1, snapshot_cost=snapshot_cost(draft))


@pytest.mark.parametrize("data", ["mnist", "fashion-mnist"])
def test_more_epochs_keep_the_first_plan(data: str, tmp_path: Path) -> None:
    short, long = (make_config(data, epochs=epochs) for epochs in (5.0, 20.0))
    stored = planned(short)
    assert planned(long).snapshots != stored.snapshots, "the case needs plans that differ"
    run = Run.create(tmp_path / "run", stored, {}, "")
    found = resumed_config(run, long, planned(long))
    assert found == dataclasses.replace(stored, epochs=20.0)


def test_a_setting_that_was_given_is_not_replaced_by_the_plan() -> None:
    stored = planned(make_config("mnist", epochs=5.0))
    given = make_config("mnist", epochs=5.0, snapshots=3)
    assert as_planned(given, planned(given), stored, piloted=False).snapshots == 3


def test_a_run_goes_on_after_its_data_and_itself_have_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "here").mkdir()
    for i in range(40):
        Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)).save(tmp_path / "here" / f"{i}.png")
    monkeypatch.chdir(tmp_path)
    settings: dict[str, Any] = {**QUICK, "batch_size": 8, "epochs": 2.0}
    first = launch(make_config("here", **settings), runs=tmp_path / "runs", progress=QUIET).run
    assert first.config().data == str(tmp_path / "here"), "found from any folder"
    (tmp_path / "here").rename(tmp_path / "there")
    first.path.rename(tmp_path / "renamed")
    longer = make_config("there", **(settings | {"epochs": 3.0}))
    again = launch(longer, run_path=tmp_path / "renamed", progress=QUIET)
    assert again.run.config().data == str(tmp_path / "there") and again.outcome.images_seen == 112, "14 batches of 8"
    other = rng.integers(0, 256, (8, 8), np.uint8)
    Image.fromarray(other).save(tmp_path / "there" / "0.png")
    (tmp_path / "there").rename(tmp_path / "changed")
    with pytest.raises(RunError, match="other settings"):
        launch(make_config("changed", **(settings | {"epochs": 4.0})), run_path=tmp_path / "renamed", progress=QUIET)
