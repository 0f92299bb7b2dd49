"""`ganscope report`: up to four runs in one file."""

from __future__ import annotations

from pathlib import Path

import pytest

import ganscope.launch
from fixtures.commandline import fails
from ganscope.cli import main
from ganscope.runs import Run


def test_the_runs_go_into_the_file_that_was_named(
    digits_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(runs: list[Run], out: Path | None, *, profile: str) -> str:
        return f"{[run.path.name for run in runs]} {out} {profile}"

    monkeypatch.setattr(ganscope.launch, "write_page", write)
    run = str(digits_run)
    assert main(["report", run]) == 0
    assert main(["report", run, run, "--out", "both.html", "--profile", "default"]) == 0
    name = digits_run.name
    assert capsys.readouterr().out == f"['{name}'] None default\n['{name}', '{name}'] both.html default\n"


def test_five_are_too_many(capsys: pytest.CaptureFixture[str]) -> None:
    assert "a page shows 4 runs at most" in fails(capsys, ["report", *"abcde"])
