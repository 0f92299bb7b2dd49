"""`ganscope film`: images have one film, points another."""

from __future__ import annotations

from pathlib import Path

import pytest

import ganscope.film
import ganscope.toys
from ganscope.cli import main
from ganscope.runs import Run


@pytest.mark.parametrize(("has_points", "filmed"), [(False, "images"), (True, "toy")])
def test_the_run_says_which_film(
    has_points: bool,
    filmed: str,
    digits_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def film(kind: str, run: Run, out: Path | None) -> list[Path]:
        return [Path(kind, run.path.name, str(out))]

    monkeypatch.setattr(Run, "has_points", has_points)
    monkeypatch.setattr(ganscope.film, "make_film", lambda run, out: film("images", run, out))
    monkeypatch.setattr(ganscope.toys, "write_toy_film", lambda run, out: film("toy", run, out))
    assert main(["film", str(digits_run), "--out", "a.mp4"]) == 0
    assert main(["film", str(digits_run)]) == 0
    assert capsys.readouterr().out == f"{filmed}/{digits_run.name}/a.mp4\n{filmed}/{digits_run.name}/None\n"
