"""The page of any run: a toy's is prepared first."""

from __future__ import annotations

from pathlib import Path

import pytest

import ganscope.toys
from ganscope.launch import pages
from ganscope.runs import Run


@pytest.mark.parametrize("toy", [True, False])
def test_a_toy_is_prepared_before_its_page_is_written(toy: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, Run]] = []

    def write(run: Run, out: Path | None, *, compare: list[Run], profile: str) -> Path:
        done.extend([("written", run), *(("beside", other) for other in compare)])
        return out or Path("default")

    monkeypatch.setattr(Run, "has_points", toy)
    monkeypatch.setattr(ganscope.toys, "prepare_page", lambda run: done.append(("prepared", run)))
    monkeypatch.setattr(pages, "write_report", write)
    runs = [Run(Path("a")), Run(Path("b"))]
    assert pages.write_page(runs, Path("both.html")) == Path("both.html")
    prepared = [("prepared", run) for run in runs] if toy else []
    assert done == [*prepared, ("written", runs[0]), ("beside", runs[1])]
