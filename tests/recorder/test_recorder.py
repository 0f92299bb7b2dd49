"""The judge of a run: when it gathers what it needs of the reals, and that it describes them once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganscope.config.plan import plan
from ganscope.config.presets import make_config
from ganscope.data.load import load_dataset
from ganscope.progress import Progress
from ganscope.recorder import ImageJudge, Recorder, planned
from ganscope.runs.run import Run
from ganscope.runs.snapshot import Snapshot


class Noting(ImageJudge):
    """A judge that only notes what it is shown, and when it gathers."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.seen: list[tuple[int, int]] = []
        self.gathered = 0

    def _gather(self) -> None:
        self.gathered += 1
        self._monitor = object()  # type: ignore[assignment]

    def _judge(self, snapshot: Snapshot) -> str | None:
        self.seen.append((snapshot.images_seen, int(snapshot.fakes.sum())))
        return "failed" if snapshot.images_seen == 0 else None


def fakes_of(images_seen: int) -> np.ndarray:
    return np.full((4, 1, 8, 8), images_seen + 1, np.uint8)


@pytest.fixture
def made(tmp_path: Path) -> tuple[Any, ...]:
    config = plan(make_config("digits"), num_images=1438, size=8, channels=1)
    run = Run.create(tmp_path / "run", config, {}, "")
    return run, load_dataset("digits"), config, Progress(quiet=True)


def test_reals_are_gathered_at_the_first_snapshot_and_once(made: tuple[Any, ...]) -> None:
    judge = Noting(*made)
    recorder = Recorder(made[0], num_images=1438, images_per_iteration=64, judge=judge)
    assert judge.gathered == 0
    assert [recorder.snapshot(seen, fakes_of(seen)) for seen in (0, 64)] == ["failed", None]
    assert (judge.seen, judge.gathered) == ([(0, 256), (64, 65 * 256)], 1)


def test_a_recorder_without_a_judge_keeps_lines_and_pictures(tmp_path: Path) -> None:
    config = plan(make_config("digits"), num_images=100, size=8, channels=1)
    run = Run.create(tmp_path / "run", config, {}, "")
    recorder = Recorder(run, num_images=100, images_per_iteration=10)
    recorder.log(50, {"g_loss": 1.5})
    recorder.log_held_out(50, {"d_loss": 0.5})
    assert recorder.snapshot(50, fakes_of(50)) is None
    where = {"images_seen": 50, "iteration": 5, "epoch": 0.5}
    assert json.loads(run.lines_path("history").read_text()) == where | {"g_loss": 1.5}
    assert json.loads(run.lines_path("test").read_text()) == where | {"d_loss": 0.5}
    assert np.array_equal(np.load(run.sample_path(50, ".npy")), fakes_of(50))
    assert run.sample_path(50).is_file() and recorder.products() == {}


def test_planned_snapshots_are_regular_and_early() -> None:
    due = planned(64, 10)
    assert [i for i in range(1, 200) if due(10 * i)] == [2, 8, 16, 32, 64, 128, 192]
