"""The browser of samples: the worst first, each beside its nearest real image, page by page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fixtures.browsing import SPEC, WAITING, settle, until
from fixtures.synthetic import build_run
from ganscope.page.report import write_report

pytestmark = pytest.mark.browser


def says(page: Any, text: str) -> None:
    """The browser's line of words comes to hold a text."""
    until(page, f"document.querySelector('.samples .hint').innerText.includes({json.dumps(text)})")


def test_the_worst_come_first_beside_their_nearest_real_images_page_by_page(visit: Any, tmp_path: Path) -> None:
    run = build_run(tmp_path / "run", SPEC, all_pictures=True)
    page = visit(write_report(run).as_uri(), height=1000)
    page.get_by_text("Browse all generated images").click()
    page.get_by_role("button", name="The 50 worst").click()
    says(page, "1 to 50 of 120, page 1 of 3, at 19,200 images seen.")
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
    says(page, "101 to 120 of 120, page 3")
    until(page, "location.hash.includes('browse=far.all.any.2')")
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    says(page, "101 to 120 of 120, page 3")


def test_they_can_be_of_a_class_on_the_rim_or_of_the_selection(visit: Any, report: str) -> None:
    page = visit(report)
    page.get_by_text("Browse all generated images").click()
    says(page, "Pictures of 60 of the 120 points are kept at this moment")
    page.get_by_label("What the samples look like").select_option("3")
    says(page, "1 to 7 of 7,")  # of 60 in turn over nine classes
    page.get_by_label("What the samples look like").select_option("9")
    says(page, "None at 19,200 images seen.")
    page.get_by_label("What the samples look like").select_option("-1")
    page.get_by_label("Where the samples lie").select_option("chosen")
    says(page, "Select some on the map first")
    page.locator(".map-over").focus()
    page.keyboard.press("v")
    settle(page)
    says(page, "1 to 50 of 60,")
    page.get_by_label("Where the samples lie").select_option("rim")
    page.keyboard.press("Home")
    says(page, "of 60, page 1 of 2, at 0 images seen")
