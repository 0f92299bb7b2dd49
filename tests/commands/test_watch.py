"""`ganscope watch`: folders that other programs left become runs with findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganscope.cli import main
from ganscope.runs.run import Run


def test_the_sprites_are_warned_of(data_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data_root / "foreign" / "stylegan2-ada-sprites"
    assert main(["watch", str(folder), "--out", str(tmp_path / "run"), "--once"]) == 0
    run = Run.open(tmp_path / "run")
    assert len(run.history()) == 80 and run.settings().preset == "StyleGAN2-ADA"
    found = {finding["id"] for finding in run.evals()[-1]["findings"]}
    assert {"impossible_metric", "strong_augmentation"} <= found
    assert "cannot be true in 8 of 8 measurements" in run.verdict() and run.best() is None
    assert run.history()[-1]["epoch"] == pytest.approx(run.history()[-1]["images_seen"] / 912)
    assert run.product("report.html").is_file()
    said = capsys.readouterr().err
    assert "name them with --reals" in said and "another training's weights" in said
    assert "verdict: warning: impossible_metric since 0 images." in said
    assert "no pictures of known moments" in run.verdict()


@pytest.mark.slow
def test_somebodys_dcgan(data_root: Path, tmp_path: Path) -> None:
    folder = data_root / "foreign" / "dcgan-mnist"
    assert main(["watch", str(folder), "--reals", "mnist", "--out", str(tmp_path / "run"), "--once"]) == 0
    run = Run.open(tmp_path / "run")
    assert run.samples() == [60_000 * epoch for epoch in range(1, 21)]
    last = run.evals()[-1]
    assert last["metrics"]["precision"]["value"] > 0.6 and "frechet" not in last["metrics"]
    assert {finding["severity"] for finding in last["findings"]} <= {"info"}
