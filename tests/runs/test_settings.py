"""The settings of a run, from its `config.json`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganscope.config.plan import plan
from ganscope.config.presets import make_config
from ganscope.errors import RunError
from ganscope.runs.run import Run


def make(path: Path) -> Run:
    return Run.create(path, plan(make_config("digits", "mlp"), num_images=100, size=8, channels=1), {"a": 1}, "text")


def test_config_round_trip_and_foreign_folders(tmp_path: Path) -> None:
    run = make(tmp_path / "00000-digits-mlp")
    assert Run.open(run.path).config() == plan(make_config("digits", "mlp"), num_images=100, size=8, channels=1)
    with pytest.raises(RunError, match="00000-digits-mlp"):
        Run.open(tmp_path)
    run.config_path.write_text('{"format": 99}')
    with pytest.raises(RunError, match="written by ganscope of a later version, this is"):
        run.config()
    run.config_path.write_text("[1, 2]")
    with pytest.raises(RunError, match="damaged"):
        run.config()
    run.environment_path.unlink()
    with pytest.raises(RunError, match="missing or damaged"):
        run.environment()
    run.config_path.write_text("{")
    with pytest.raises(RunError, match="damaged"):
        run.config()
