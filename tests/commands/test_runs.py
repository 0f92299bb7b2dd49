"""`ganscope runs`: a list, or two runs compared."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ganscope.cli import main
from ganscope.runs.run import Run


def test_damaged_lines_cost_themselves_only(digits_run: Path, tmp_path: Path) -> None:
    run = Run(shutil.copytree(digits_run, tmp_path / "run"))
    whole = run.history()
    with run.lines_path("history").open("ab") as file:
        file.write(b'\xff{"images_seen": 1}\nnull\n[1]\n')
    assert run.history() == whole
    run.product("finished.json").write_text("{")
    assert run.summary() == {}
    assert main(["runs", str(tmp_path)]) == 0


def test_listing_and_comparing(digits_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", str(digits_run.parent)]) == 0
    assert "00000-digits-mlp" in capsys.readouterr().out
    assert main(["runs", str(digits_run), str(digits_run)]) == 0
    assert "the settings are the same" in capsys.readouterr().out
