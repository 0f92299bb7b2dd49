"""`ganscope sweep`: what belongs to the sweep, what to its trials, and what to one that has begun."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ganscope.sweeps
from fixtures.commandline import fails
from ganscope.cli import main


class Result:
    """A sweep that found something, or nothing."""

    def __init__(self, best: str | None) -> None:
        self.best = best

    def table(self) -> str:
        return "the table"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    seen: dict[str, Any] = {"best": "trial 3"}

    def start(data: str, over: list[str], **options: Any) -> Result:
        seen.update(data=data, over=over, **options)
        return Result(seen["best"])

    def join(url: str, **options: Any) -> Result:
        seen.update(joined=url, **options)
        return Result(seen["best"])

    monkeypatch.setattr(ganscope.sweeps, "start_sweep", start)
    monkeypatch.setattr(ganscope.sweeps, "join_sweep", join)
    return seen


def test_settings_of_the_trials_are_those_of_train(started: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--over", "g_lr=1e-4:1e-2:log", "d_steps=1:3", "--trials", "5", "--preset", "mlp", "--epochs", "2"]
    assert main(["sweep", "digits", *line]) == 0
    assert (started["data"], started["over"]) == ("digits", ["g_lr=1e-4:1e-2:log", "d_steps=1:3"])
    assert started["settings"] == {"preset": "mlp", "epochs": 2.0}
    assert (started["trials"], started["seeds"], started["runs"]) == (5, 1, Path("sweeps"))
    assert capsys.readouterr().out == "the table\n"


def test_a_sweep_without_a_best_has_failed(started: dict[str, Any]) -> None:
    started["best"] = None
    assert main(["sweep", "digits", "--over", "g_lr=1e-4:1e-2"]) == 1


def test_who_joins_brings_nothing_of_his_own(started: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "--join", "sweeps/a", "--name", "b"]) == 0
    assert started["joined"] == "sweeps/a" and started["name"] == "b"
    for own in (["digits"], ["--over", "g_lr=1:2"], ["--epochs", "3"]):
        assert "--join takes what the sweep was started with" in fails(capsys, ["sweep", *own, "--join", "sweeps/a"])
    assert "needs data, or --join" in fails(capsys, ["sweep"])
