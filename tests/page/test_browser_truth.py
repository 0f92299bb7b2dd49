"""What the page says is so: each test has an answer known from how its run was made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.browsing import SPEC, settle, until
from fixtures.synthetic import build_run
from ganscope.page.report import write_report
from ganscope.runs.run import Run

pytestmark = pytest.mark.browser

SHARES = """() => [...document.querySelectorAll('.run')].map((run) => [
  ...[...run.querySelectorAll('.classes li')].map((row) => `${row.dataset.state} ${row.innerText}`),
  run.querySelector('.legend .hint').innerText, run.querySelector('.unlike').innerText,
])"""


def test_a_run_beside_itself_says_the_same_twice_at_every_moment(visit: Any, run: Run, tmp_path: Path) -> None:
    page = visit(write_report(run, tmp_path / "twice.html", compare=run).as_uri(), width=1600)
    for key in ("", "Home", ".", "."):
        if key:
            page.keyboard.press(key)
            settle(page)
        until(page, f"(() => {{ const [a, b] = ({SHARES})(); return a.join() === b.join(); }})()")
        left, right = page.evaluate(SHARES)
        assert left == right and "fine" in left[0] and len(left) == 12


def test_each_of_two_runs_has_its_own_classes(visit: Any, run: Run, tmp_path: Path) -> None:
    """The second has four classes, the last never reached; whatever arrives first, its numbers are its own."""
    other = build_run(tmp_path / "four", SPEC, classes=4, every=9600, snapshots=3)
    page = visit(write_report(run, tmp_path / "two.html", compare=other).as_uri(), width=1600)
    until(page, f"({SHARES})()[1].length === 6")
    _, right = page.evaluate(SHARES)
    states = [row.split()[0] for row in right[:4]]
    assert states == ["fine", "fine", "fine", "missing"] and "33 %" in right[0]
    assert right[4] == "3 comes out too rarely."
