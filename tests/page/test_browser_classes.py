"""A conditional run on the page: which class is worst, and show me."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.browsing import made, pixels, settle, until

pytestmark = pytest.mark.browser

STRIPS = """() => [...document.querySelectorAll('.class-strip')].map((canvas) => {
  const d = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let most = 0; for (let i = 0; i < d.length; i += 4) most = Math.max(most, d[i]);
  return most;
})"""


def test_it_names_the_worst_class_and_shows_it(visit: Any, tmp_path: Path) -> None:
    page = visit(made(tmp_path / "told", conditional=True))
    card = page.locator(".by-class")
    words = card.locator(".class-worst").inner_text()
    assert "Worst: 9, 7.9 times as far" in words
    assert "Least obeyed: 9, of which 0 % look like it; most of the others look like 0." in words
    assert "Least varied: 0, with 20 % of the variety" in words
    rows = card.locator("tbody tr")
    assert rows.count() == 10 and rows.first.inner_text().split()[0] == "9"
    assert card.locator("tbody tr canvas").first.get_attribute("aria-label") == "4 images asked for 9"
    until(page, f"({STRIPS})().every((most) => most > 100)")
    assert "9 for 0 (12)" in card.locator(".confusion-box").inner_text()
    before = pixels(page)
    card.get_by_role("button", name="Show me 9").first.click()
    settle(page)
    assert pixels(page) != before
    foot = page.locator(".unlike").first.inner_text()
    assert foot.startswith("only the 12 asked for 9, of which 0 look like it;")
    assert "asked0" not in page.url and "asked=9" in until_url(page)
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    until(page, "document.querySelector('.unlike').innerText.startsWith('only the 12 asked for 9')")
    card.get_by_role("button", name="show all on the map").click()
    settle(page)
    assert not page.locator(".unlike").first.inner_text().startswith("only")
    card.get_by_label("Order of the classes").select_option("order")
    assert rows.first.inner_text().split()[0] == "0"


def until_url(page: Any) -> str:
    until(page, "location.hash.includes('asked=')")
    return str(page.url)


def test_the_matrix_is_that_of_the_moment(visit: Any, tmp_path: Path) -> None:
    page = visit(made(tmp_path / "told", conditional=True, dropped=False))
    title, card = page.locator(".by-class h3"), page.locator(".by-class")
    assert "Nothing is mistaken." in card.locator(".confusion-box").inner_text()
    assert title.inner_text() == "Class by class, at 19,200 images seen"
    page.keyboard.press("Home")
    until(page, "document.querySelector('.by-class h3').innerText === 'Class by class, at 0 images seen'")


def test_a_run_without_classes_asked_for_has_no_such_card(visit: Any, report: str) -> None:
    page = visit(report)
    assert page.locator(".by-class").is_hidden()
    assert page.locator("option[value=asked]").is_hidden()
