"""Everything that a reader has chosen stands in the address: reload, back, and a link to a moment."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.browsing import BASE, STOP, WAITING, pixels, settle, slide, until

pytestmark = pytest.mark.browser

HASH = "decodeURIComponent(location.hash)"


def arrange(page: Any) -> None:
    """Another moment, window, class, colouring, theme and layer than the page opens with, and a point chosen."""
    slide(page, 2)
    page.get_by_label("Colour the generated images by").select_option("distance")
    page.get_by_label("Light or dark").click()
    page.get_by_label("pictures", exact=True).uncheck()
    page.keyboard.press("3")
    page.locator(".map-over").focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("n")
    page.locator(".map-over").blur()
    parts = "t=12800 by=distance theme=dark off=pictures hide=3 v= pin=fake.0"
    for part in parts.split():
        until(page, f"{HASH}.includes({part!r})")


def test_a_reload_and_a_link_show_the_same(visit: Any, report: str) -> None:
    page = visit(report)
    opened = pixels(page, BASE)
    arrange(page)
    until(page, f"{WAITING}('.pinned .images', 4) === 0")
    wanted = pixels(page, BASE), page.url, page.locator(".pinned").inner_text()
    assert wanted[0] != opened
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    until(page, f"{STOP} === 2 && document.querySelector('.pinned .images') !== null")
    assert (pixels(page, BASE), page.url, page.locator(".pinned").inner_text()) == wanted
    other = visit(page.url)
    assert pixels(other, BASE) == wanted[0]
    assert other.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.slow
def test_back_leads_to_where_the_reader_was(visit: Any, report: str) -> None:
    page = visit(report)
    slide(page, 1)
    until(page, f"{HASH} === '#t=6400'")
    page.locator(".mark.warning").first.click()
    until(page, f"{STOP} === 2 && {HASH} === '#t=12800'")
    page.go_back()
    until(page, f"{STOP} === 1")
    page.go_forward()
    until(page, f"{STOP} === 2")


@pytest.mark.slow
def test_an_address_by_a_stranger_does_no_harm(visit: Any, report: str) -> None:
    page = visit(report + "#t=999999999&v=9_9_1e9&hide=77.3&pin=fake.99999&by=<b>&theme=pink&off=x&show=500")
    assert page.evaluate(STOP) == 3
    page.keyboard.press("Escape")
    page.locator(".map-over").focus()
    page.keyboard.press("f")
    settle(page)
    assert page.locator(".class-name[aria-pressed=false]").count() == 1


@pytest.mark.slow
def test_the_link_to_this_is_copied(visit: Any, report: str) -> None:
    page = visit(report, permissions=["clipboard-read", "clipboard-write"])
    slide(page, 1)
    page.get_by_label("Copy a link to this").click()
    page.get_by_label("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").endswith("#t=6400")


@pytest.mark.slow
def test_single_keys_can_be_switched_off(visit: Any, report: str) -> None:
    page = visit(report)
    page.keyboard.press("?")
    page.get_by_label("single keys do something").uncheck()
    page.keyboard.press("Escape")
    for key in ",3l?":
        page.keyboard.press(key)
    settle(page)
    assert page.evaluate(STOP) == 3 and page.locator("dialog.help").is_hidden()
    assert page.locator(".class-name[aria-pressed=false]").count() == 0
    assert page.locator("button.lasso").get_attribute("aria-pressed") == "false"
    page.keyboard.press("Home")  # no single character
    until(page, f"{STOP} === 0 && {HASH}.includes('keys=off')")
