"""The command line as a whole: mistakes get one message and status 2, help explains every option."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.commandline import fails
from ganscope.cli import main


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train", "mnst"], "did you mean 'mnist'"),
        (["train", "digits", "--preset", "dcgna"], "did you mean 'dcgan'"),
        (["train", "digits", "--objective", "hing"], "hinge"),
        (["train", "digits", "--device", "cuda:7"], "--device cpu"),
        (["train", "digits", "--size", "0"], "--size must be at least"),
        (["train", "digits", "--fail-on", "mode_colapse"], "did you mean 'mode_collapse'"),
        (["train", "digits", "--eval-every", "0"], "--eval-every must be at least"),
        (["train", "digits", "--best-by", "frechett"], "did you mean 'frechet'"),
        (["train", "digits", "--network", "toy"], "points, not images"),
        (["train", "ring", "--flip"], "points, not images"),
        (["train", "gaussian", "--conditional"], "needs several classes"),
        (["train", "digits", "--conditional", "--pack", "2"], "cannot go together"),
        (["train", "digits", "--preset", "mlp", "--class-balance", "uniform"], "add --conditional"),
        (["train", "ring", "--network", "mlp"], "points, not images"),
        (["train", "digits", "--preset", "dcgan", "--gradient-penalty", "10"], "--d-norm none"),
        (["train", "ring", "--stop", "auto"], "scores and no findings"),
        (["train", "digits", "--no-metrics", "--stop", "auto"], "--stop auto needs measurements"),
        (["train", "digits", "--no-metrics", "--fail-on", "mode_collapse"], "--fail-on needs measurements"),
        (["train", "."], "lies among the images"),
        (["check", "."], "lies among the images"),
        (["check", "digits", "--size", "0"], "out of range"),
        (["evaluate", "nowhere", "-n", "3"], "-n must be at least 128"),
        (["sample", "nowhere"], "is not a run"),
        (["runs", "a", "b", "c"], "compares two"),
        (["view", "nowhere"], "is not a run"),
        (["check", "nowhere"], "no data set"),
    ],
)
def test_mistakes_get_one_message(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert says in fails(capsys, arguments)
    assert not list(tmp_path.glob("runs/*/config.json"))


@pytest.mark.parametrize("command", ["", "train", "sample", "view", "report", "film", "evaluate", "check", "runs"])
def test_help_explains_every_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"] if command else ["--help"])
    assert caught.value.code == 0 and len(capsys.readouterr().out) > 150
