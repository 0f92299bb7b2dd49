"""What a finished run leaves; what cannot be made stops nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

import ganscope.film
import ganscope.page
from ganscope.errors import RunError
from ganscope.progress import Progress
from ganscope.recorder.products import make_products, save_curves
from ganscope.runs import Run


def test_what_cannot_be_made_is_said_and_stops_nothing_else(
    digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(run: Run) -> list[Path]:
        raise RunError("no encoder", found="nothing", todo="install one")

    monkeypatch.setattr(ganscope.film, "grid_film", broken)
    monkeypatch.setattr(ganscope.page, "write_report", lambda run, finished: run.product("report.html"))
    run = Run(shutil.copytree(digits_run, tmp_path / "run"))
    made = make_products(run, Progress())
    assert made == {
        "images": run.sample_path(run.samples()[-1]),
        "curves": run.product("curves.png"),
        "page": run.product("report.html"),
    }
    assert "no film: no encoder" in capsys.readouterr().err


def test_a_run_without_a_line_has_curves_too(digits_run: Path, tmp_path: Path) -> None:
    run = Run(shutil.copytree(digits_run, tmp_path / "run"))
    run.lines_path("history").write_bytes(b"")
    with Image.open(save_curves(run)) as image:
        assert image.size == (1430, 550)
