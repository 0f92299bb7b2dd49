"""What a run tells a tracker is read back from what the real package wrote, offline."""

from __future__ import annotations

from typing import Any

import pytest

from ganscope.errors import ConfigError
from ganscope.runs.run import Run
from ganscope.trackers import bridge as bridges
from ganscope.trackers.bridge import Bridge, tracker_names


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
