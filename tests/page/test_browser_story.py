"""The key moments under the slider: found, shown beside what was before, told, and linked to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.browsing import SPEC, STOP, made, settle, slide, until
from fixtures.synthetic import build_run
from ganscope.page.report import write_report
from ganscope.runs.run import Run

pytestmark = pytest.mark.browser

PAINTED = """(() => [...document.querySelectorAll('.story-figures canvas')].map((canvas) => {
  const d = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0; for (let i = 0; i < d.length; i += 4) sum = (sum * 31 + d[i]) % 2147483647;
  return sum;
}))()"""


def test_chips_go_to_their_moment_and_show_it_beside_what_was_before(visit: Any, report: str) -> None:
    page = visit(report)
    chips = page.locator(".chip")
    assert chips.all_inner_texts() == ["noise", "first shapes", "missing modes begins", "best · end"]
    chips.nth(2).click()
    until(page, f"{STOP} === 2")
    panel = page.locator(".story-panel")
    assert "missing modes begins, at 12,800 images. Class 9 never comes out." in panel.inner_text()
    assert "before, 6,400 images" in panel.inner_text() and "here, 12,800 images" in panel.inner_text()
    until(page, f"{PAINTED}.length === 2 && {PAINTED}[0] !== {PAINTED}[1] && {PAINTED}.every((sum) => sum > 0)")
    until(page, "location.hash.includes('story=12800')")
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    until(
        page,
        f"{STOP} === 2 && document.querySelector('.chip[aria-pressed=true]')?.innerText === 'missing modes begins'",
    )
    slide(page, 0)
    settle(page)
    assert panel.is_hidden(), "what is said of one moment does not stand over another"
    chips.nth(0).click()
    until(page, f"{PAINTED}.length === 1")
    page.get_by_role("button", name="Close the moment").click()
    assert panel.is_hidden() and "story" not in page.evaluate("location.hash.split('story=0')[1] ?? ''")


def test_the_story_is_told_from_where_one_is_and_can_be_stopped(visit: Any, report: str) -> None:
    page = visit(report)
    page.get_by_role("button", name="Tell the story").click()
    until(page, f"{STOP} === 0")
    until(page, f"{STOP} === 1")
    page.get_by_role("button", name="Stop").click()
    assert page.locator(".chip[aria-pressed=true]").inner_text() == "first shapes"
    page.get_by_role("button", name="Tell the story").click()
    until(page, f"{STOP} === 2")
    page.keyboard.press("Home")
    until(page, "document.querySelector('.story-tell').innerText === 'Tell the story'")


def test_without_a_story_and_beside_another_run_there_are_no_chips(visit: Any, run: Run, tmp_path: Path) -> None:
    assert visit(made(tmp_path / "young", snapshots=1)).locator(".story").is_hidden()
    other = build_run(tmp_path / "other", SPEC, seed=5)
    both = write_report(run, tmp_path / "two.html", compare=other).as_uri()
    assert visit(both).locator(".story").count() == 0
