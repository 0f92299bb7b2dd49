"""The browser of samples: the worst first, each beside its nearest real image, page by page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fixtures.browsing import SPEC, WAITING, settle, until
from fixtures.synthetic import build_run
from ganscope.page.report import write_report

pytestmark = pytest.mark.browser


def test_the_worst_come_first_beside_their_nearest_real_images_page_by_page(visit: Any, tmp_path: Path) -> None:
    run = build_run(tmp_path / "run", SPEC, all_pictures=True)
    page = visit(write_report(run).as_uri(), height=1000)
    page.get_by_text("Browse all generated images").click()
    page.get_by_role("button", name="The 50 worst").click()
    words = page.locator(".samples .hint")
    assert words.inner_text() == "1 to 50 of 120, page 1 of 3, at 19,200 images seen."
    until(page, f"{WAITING}('.samples-both canvas', 20) === 0")
    points = np.load(run.map_path(19_200))
    worst = np.lexsort((np.arange(120), -points["distance"]))
    first = page.locator(".samples-both canvas").first
    first.click(position={"x": 5, "y": 5})
    assert page.locator(".pinned h3").inner_text() == f"Generated image {worst[0]}"
    page.locator(".samples-both canvas").nth(1).click(position={"x": 5, "y": 5})
    assert page.locator(".pinned h3").inner_text() == f"Real image {points['nearest'][worst[0]]:,}"
    page.get_by_role("button", name="Next", exact=True).click()
    page.get_by_role("button", name="Next", exact=True).click()
    until(page, "document.querySelector('.samples .hint').innerText.startsWith('101 to 120 of 120, page 3')")
    until(page, "location.hash.includes('browse=far.all.any.2')")
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    until(page, "document.querySelector('.samples .hint').innerText.startsWith('101 to 120 of 120, page 3')")


def test_they_can_be_of_a_class_on_the_rim_or_of_the_selection(visit: Any, report: str) -> None:
    page = visit(report)
    page.get_by_text("Browse all generated images").click()
    words = page.locator(".samples .hint")
    assert "Pictures of 60 of the 120 points are kept at this moment" in words.inner_text()
    page.get_by_label("What the samples look like").select_option("3")
    assert words.inner_text().startswith("1 to 7 of 7,")  # of 60 in turn over nine classes
    page.get_by_label("What the samples look like").select_option("9")
    assert words.inner_text().startswith("None at 19,200 images seen.")
    page.get_by_label("What the samples look like").select_option("-1")
    page.get_by_label("Where the samples lie").select_option("chosen")
    assert "Select some on the map first" in words.inner_text()
    page.locator(".map-over").focus()
    page.keyboard.press("v")
    settle(page)
    assert words.inner_text().startswith("1 to 50 of 60,")
    page.get_by_label("Where the samples lie").select_option("rim")
    page.keyboard.press("Home")
    until(page, "document.querySelector('.samples .hint').innerText.includes('of 60, page 1 of 2, at 0 images seen')")
