"""`ganscope evaluate`: what is asked on the command line is what is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ganscope.evaluation
from ganscope.cli import main


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the measurement was asked for, in place of the measurement."""
    seen: dict[str, Any] = {}

    def measured(run: Path, **settings: Any) -> dict[str, str]:
        seen.update(run=run, **settings)
        return {"table": "frechet 1.25"}

    monkeypatch.setattr(ganscope.evaluation, "evaluate", measured)
    return seen


def test_every_option_arrives(asked: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["-n", "256", "--snapshot", "12_800", "--features", "pca", "--data", "moved/", "--tstr"]
    assert main(["evaluate", str(tmp_path), *line]) == 0
    del asked["progress"]
    assert asked == {
        "run": tmp_path, "snapshot": 12_800, "num_fake": 256, "tstr": True, "features": "pca", "data": "moved/",
    }  # fmt: skip
    assert capsys.readouterr().out == "frechet 1.25\n"


def test_the_defaults_are_those_of_the_help(asked: dict[str, Any], tmp_path: Path) -> None:
    assert main(["evaluate", str(tmp_path)]) == 0
    del asked["progress"]
    assert asked == {
        "run": tmp_path, "snapshot": "best", "num_fake": 10_000, "tstr": False, "features": "auto", "data": None,
    }  # fmt: skip
