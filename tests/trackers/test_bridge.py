"""What a run tells a tracker is read back from what the real package wrote, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fixtures.synthetic import build_run
from ganscope.errors import ConfigError
from ganscope.recorder import Recorder
from ganscope.runs.run import Run
from ganscope.trackers import bridge as bridges
from ganscope.trackers.bridge import Bridge, tracker_names


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = build_run(tmp_path / "run", num_real=60, num_fake=30, num_images=16, snapshots=4, history=20)
    images = np.zeros((16, 1, 28, 28), np.uint8)
    for seen in made.samples():
        recorder = Recorder(made, num_images=60, images_per_iteration=1)
        recorder.snapshot(seen, images + seen % 250)
    return made


def test_names() -> None:
    assert tracker_names("tensorboard, wandb") == ("tensorboard", "wandb")
    with pytest.raises(ConfigError, match="did you mean 'wandb'"):
        tracker_names("wandbb")


def test_a_tracker_that_fails_is_said_and_left_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise OSError("no disk")

    monkeypatch.setattr(bridges, "start", lambda name, run: Broken())
    said: list[str] = []
    bridge = Bridge(run, ["wandb"], said.append)
    bridge.update()
    bridge.finish()
    assert said == ["--log-to wandb has failed and is left out: OSError: no disk"]
