"""Measuring beside a training: what waits in the run is what was shown; a process that dies is started once more."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ganscope.config import make_config, plan
from ganscope.progress import Progress
from ganscope.recorder import worker
from ganscope.recorder.worker import Beside
from ganscope.runs import Run, Snapshot


@pytest.fixture
def beside(tmp_path: Path) -> Beside:
    config = plan(make_config("digits", "mlp"), num_images=100, size=8, channels=1)
    return Beside(Run.create(tmp_path / "run", config, {}, ""), Progress(quiet=True))


def test_what_waits_is_what_was_shown(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "start", lambda: None)
    fakes = np.random.default_rng(0).integers(0, 256, (5, 1, 8, 8), dtype=np.uint8)
    shown = Snapshot(640, 10, 0.5, fakes, np.linspace(0, 1, 5, dtype=np.float32), None, None, 12.5)
    for images_seen, scores in ((640, shown.scores), (1280, None)):
        assert beside.look_at(dataclasses.replace(shown, images_seen=images_seen, scores=scores)) is None
        with np.load(beside.run.fakes_path(images_seen, unseen=True)) as found:
            assert np.array_equal(found["fakes"], fakes) and found["where"].tolist() == [10, 0.5, 12.5]
            assert np.array_equal(found["scores"], [] if scores is None else scores)
    assert beside.run.fakes(unseen=True) == [640, 1280]
    asked = np.arange(5)
    beside.look_at(dataclasses.replace(shown, images_seen=1920, labels=asked))
    judged: list[Snapshot] = []
    judge = SimpleNamespace(look_at=judged.append)
    for images_seen in (640, 1920):
        worker.measure(beside.run, judge, images_seen, Progress(quiet=True))  # type: ignore[arg-type]
    assert judged[0].labels is None and np.array_equal(judged[1].labels, asked)


def test_a_process_that_dies_is_started_once_more_and_no_oftener(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []

    def start(words: list[str], **options: object) -> SimpleNamespace:
        started.append(words)
        return SimpleNamespace(poll=lambda: 1)

    monkeypatch.setattr(worker, "subprocess", SimpleNamespace(Popen=start, PIPE=-1, DEVNULL=-3))
    for _ in range(4):
        beside.start()
    assert len(started) == 2 and started[0][1:] == ["-m", "ganscope.recorder.worker", str(beside.run.path), "--quiet"]
