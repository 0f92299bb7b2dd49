"""Nothing moves under the hand, nothing breaks under long names, and small, printed and framed pages are whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.browsing import BASE, LAST, SPEC, STOP, made, other_pixels, pixels, serving, settle, slide, spot, until
from fixtures.synthetic import build_run, write_snapshot
from ganscope.page.report import write_report
from ganscope.runs.run import Run

pytestmark = pytest.mark.browser

LONG = "x" * 100 + " \u202egnol\u202c " + "y" * 100
WIDE = """() => [...document.querySelectorAll('body *')].filter((e) => {
  const box = e.getBoundingClientRect(), inside = '.table-scroll, pre, .marks, .map, .name, bdi';
  return box.width && box.right > innerWidth + 1 && !e.closest(inside) && getComputedStyle(e).position !== 'absolute';
}).map((e) => e.outerHTML.slice(0, 100))"""  # what reaches beyond the page


def test_a_mark_leaves_the_map_in_sight(visit: Any, report: str) -> None:
    page = visit(report, width=1440, height=900)
    page.locator(".mark.warning").first.click()
    until(page, f"{STOP} === 2")
    settle(page)
    assert page.evaluate("scrollY") == 0
    assert page.locator(".map").bounding_box()["y"] < 450
    assert "Class 9 never comes out." in page.locator(".note").inner_text()
    page.locator(".note button").first.click()  # whoever wants the evidence goes there
    until(page, "document.activeElement.closest('.finding') !== null")
    page.keyboard.press("Escape")
    assert page.locator(".note").is_hidden()


def test_the_slider_keeps_its_length(visit: Any, tmp_path: Path) -> None:
    page = visit(made(tmp_path / "long", every=6_400_123))
    lengths = set()
    for stop in range(4):
        slide(page, stop)
        settle(page)
        box = page.locator(".time-slider").bounding_box()
        lengths.add((box["x"], box["width"]))
    assert len(lengths) == 1


@pytest.mark.slow
def test_the_wheel_scrolls_the_page_until_the_map_is_meant(visit: Any, report: str) -> None:
    page = visit(report)
    box = page.locator(".map-over").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    before = pixels(page, BASE)
    page.mouse.wheel(0, 240)
    until(page, "scrollY > 100")
    assert pixels(page, BASE) == before and "Ctrl" in page.locator(".map-hint").inner_text()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -240)
    page.keyboard.up("Control")
    assert other_pixels(page, before, BASE) != before
    zoomed, at = pixels(page, BASE), page.evaluate("scrollY")
    page.locator(".map-over").focus()
    page.mouse.wheel(0, -240)
    assert other_pixels(page, zoomed, BASE) != zoomed and page.evaluate("scrollY") == at


@pytest.mark.slow
def test_a_double_click_zooms_and_chooses_nothing(visit: Any, report: str) -> None:
    page = visit(report)
    before = pixels(page, BASE)
    page.mouse.dblclick(*spot(page))
    assert pixels(page, BASE) != before and page.locator(".pinned").is_hidden()


@pytest.mark.slow
def test_a_phone_scrolls_past_the_map_with_one_finger_and_moves_it_with_two(visit: Any, report: str) -> None:
    page = visit(report, width=390, height=844, has_touch=True, is_mobile=True)
    page.locator(".map-over").scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    box = page.locator(".map-over").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before, scrolled = pixels(page, BASE), page.evaluate("scrollY")
    send = page.context.new_cdp_session(page).send

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": px, "y": py, "id": i} for i, (px, py) in enumerate(points)]
        send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", (x, y))
    for k in range(1, 11):
        touch("touchMove", (x, y - 20 * k))
    touch("touchEnd")
    until(page, f"scrollY > {scrolled + 100}")
    assert pixels(page, BASE) == before, "one finger scrolls the page"
    page.wait_for_timeout(1200)  # until the swing of the scrolling is over
    page.evaluate(f"scrollTo(0, {scrolled})")
    page.wait_for_timeout(300)
    touch("touchStart", (x - 30, y), (x + 30, y))
    for k in range(1, 11):
        touch("touchMove", (x - 30 - 5 * k, y), (x + 30 + 5 * k, y))
    touch("touchEnd")
    assert pixels(page, BASE) != before, "two fingers zoom the map"
    assert abs(page.evaluate("scrollY") - scrolled) < 15
    assert page.evaluate("visualViewport.scale") == 1


def test_a_tap_on_a_phone_opens_its_card_in_sight_of_the_map(visit: Any, report: str) -> None:
    page = visit(report, width=390, height=844, has_touch=True, is_mobile=True)
    page.locator(".map-over").scroll_into_view_if_needed()
    page.touchscreen.tap(*spot(page))
    card = page.locator(".pinned").bounding_box()
    assert card["y"] > 300 and card["y"] + card["height"] <= 845
    assert page.locator(".map").bounding_box()["y"] < card["y"] - 100


def test_columns_out_of_sight_on_a_phone_have_a_sign_and_what_was_not_measured_no_legend(
    visit: Any, tmp_path: Path
) -> None:
    run = build_run(tmp_path / "watched", SPEC)
    run.lines_path("test").unlink()
    page = visit(write_report(run).as_uri(), width=390, height=844, has_touch=True, is_mobile=True)
    hidden = """[...document.querySelectorAll('.details table')]
      .filter((e) => e.offsetWidth > e.parentElement.clientWidth)
      .map((e) => getComputedStyle(e.parentElement)).map((s) => [s.overflowX, s.backgroundAttachment])"""
    until(page, f"({hidden}).length > 0")
    assert all(found == ["auto", "local, local, scroll, scroll"] for found in page.evaluate(hidden))
    assert "held-out" not in page.locator(".charts").inner_text()


def test_a_run_of_few_images_says_why_it_has_no_map_and_no_numbers(visit: Any, tmp_path: Path) -> None:
    run = build_run(tmp_path / "few", SPEC)
    for path in (run.lines_path("evals"), run.real_map_info_path, run.real_map_path):
        path.unlink()
    environment = json.loads(run.environment_path.read_text())
    environment["dataset"] = {**(environment.get("dataset") or {}), "num_train": 18}
    run.environment_path.write_text(json.dumps(environment))
    page = visit(write_report(run).as_uri())
    said = "18 training images are too few: no metrics, no map (from 50 on there are)."
    until(page, f"document.body.innerText.includes({'Not measured: ' + said!r})")
    assert page.locator(".no-map").inner_text() == said and "appears here" not in page.inner_text("body")


@pytest.mark.slow
@pytest.mark.parametrize("classes", [10, 120])
def test_long_names_keep_within_the_page(visit: Any, tmp_path: Path, classes: int) -> None:
    run = build_run(tmp_path / ("n" * 200), SPEC, classes=classes, num_real=600, snapshots=2)
    info = run.real_map_info_path
    text = info.read_text()
    for k in range(classes):
        text = text.replace(f'"class {k}"' if classes > 10 else f'"{k}"', f'"{k} {LONG}"')
    info.write_text(text)
    for width in (1440, 390):
        page = visit(write_report(run).as_uri(), width=width, height=900)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(WIDE) == []
        tall = page.evaluate("[...document.querySelectorAll('.chart')].map((c) => c.getBoundingClientRect().height)")
        assert max(tall) < 620
        assert page.locator(".legend > .hint").first.bounding_box()["height"] < 160
        assert page.locator(".run h2").bounding_box()["height"] < 90


def test_every_measurement_is_in_sight(visit: Any, report: str) -> None:
    page = visit(report, width=1440, height=900)
    hidden = page.evaluate("""() => [...document.querySelectorAll('.details .table-scroll, .side, .classes')]
      .filter((e) => e.scrollHeight > e.clientHeight + 1).map((e) => e.className)""")
    assert hidden == [], "a part that scrolls inside itself hides what it has"


@pytest.mark.slow
def test_on_paper_the_map_is_round_and_nothing_is_cut(visit: Any, report: str) -> None:
    page = visit(report, color_scheme="dark")
    ratio = page.evaluate("(() => { const c = document.querySelector('.map-over'); return c.width / c.height; })()")
    page.locator(".map-over").focus()
    page.keyboard.press("n")
    page.keyboard.press("v")
    page.keyboard.press("f")
    page.locator(".chip").nth(1).click()
    page.locator(".samples summary").click()
    settle(page)
    corner = "[...document.querySelector('.map-base').getContext('2d').getImageData(2, 2, 1, 1).data].join()"
    assert page.evaluate(corner) == "18,21,27,255"
    # At once, since a browser prints what the canvases hold when the listeners have returned.
    paper = f"(() => {{ dispatchEvent(new Event('beforeprint')); return {corner}; }})()"
    assert page.evaluate(paper) == "255,255,255,255", "paper is white"
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})  # A4 at 96 dots an inch
    page.wait_for_timeout(300)
    assert page.locator(".controls").is_hidden() and page.locator(".map-tools").is_hidden()
    fit = page.evaluate("""(() => { const c = document.querySelector('.map-over');
      return [getComputedStyle(c).objectFit, c.width / c.height, c.clientWidth / c.clientHeight]; })()""")
    assert fit[0] == "contain" or abs(fit[1] - fit[2]) < 0.02, (ratio, fit)
    assert page.evaluate(WIDE) == []
    cut = page.evaluate("""() => [...document.querySelectorAll('.table-scroll, .classes, .image-list')].filter((e) =>
      e.clientHeight && e.scrollHeight > e.clientHeight + 2).map((e) => e.className)""")
    assert cut == []
    floating = page.evaluate("""() => [...document.querySelectorAll('.run *')].filter((e) =>
      ['fixed', 'sticky'].includes(getComputedStyle(e).position)).map((e) => e.className)""")
    assert floating == [], "it would stand on every page"
    bar = page.evaluate("getComputedStyle(document.querySelector('.bar.fake')).printColorAdjust")
    assert bar == "exact", "bars, swatches and pressed chips are backgrounds"
    squashed = page.evaluate("""() => [...document.querySelectorAll('.run canvas')].filter((c) => {
      const stretch = c.clientHeight && (c.clientWidth / c.clientHeight) / (c.width / c.height);
      return stretch && getComputedStyle(c).objectFit !== 'contain' && Math.abs(stretch - 1) > 0.05;
    }).map((c) => c.className)""")
    assert squashed == []
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    until(page, f"{corner} === '18,21,27,255'")


def test_in_a_sandboxed_frame_the_report_works_without_storage_or_network(
    browser: Any, run: Run, tmp_path: Path
) -> None:
    """As a notebook or a strict site shows it: an opaque origin, no storage, no history, no clipboard."""
    outer = tmp_path / "outer.html"
    inner = write_report(run).read_text(encoding="utf-8").replace("&", "&amp;").replace('"', "&quot;")
    frame = f'<iframe sandbox="allow-scripts" style="width:1200px;height:800px" srcdoc="{inner}"></iframe>'
    outer.write_text(f"<!doctype html><title>outer</title>{frame}", encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
    page.goto(outer.as_uri())
    inside = page.frames[1]
    inside.wait_for_selector("html[data-ready=true]")
    inside.locator(".time-slider").fill("1")
    inside.locator(".mark.warning").first.click()
    inside.locator(".map-over").focus()
    page.keyboard.press("n")
    assert "Generated image 0" in inside.locator(".pinned").inner_text()
    page.wait_for_timeout(500)  # the address is not written
    assert inside.locator(".time-slider").input_value() == "2"
    assert complaints == []
    page.close()


# ---- live ------------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_eight_tabs_of_one_live_page_all_load_and_all_follow(browser: Any, tmp_path: Path) -> None:
    run = build_run(tmp_path / "tabs", SPEC)
    with serving(run) as address:
        context = browser.new_context(viewport={"width": 900, "height": 700}, reduced_motion="reduce")
        pages = [context.new_page() for _ in range(8)]
        for page in pages:
            page.goto(address)
            page.wait_for_selector("html[data-ready=true]", timeout=20_000)
        write_snapshot(run, SPEC, 4)
        for page in pages:
            page.bring_to_front()
            until(page, f"{LAST} === 4")
        context.close()


@pytest.mark.slow
def test_live_the_map_keeps_the_last_placed_snapshot_until_the_new_one_has_its_places(
    visit: Any, tmp_path: Path
) -> None:
    run = build_run(tmp_path / "placing", SPEC)
    with serving(run) as address:
        page = visit(address)
        before = page.evaluate("document.querySelector('.map-over').toDataURL()")
        write_snapshot(run, SPEC, 4)
        placed = run.map_path(4 * SPEC.every)
        later = placed.read_bytes()
        placed.unlink()
        until(page, f"{LAST} === 4 && {STOP} === 4")
        until(page, "document.querySelector('.unlike').textContent.startsWith('the map shows 19,200 images')")
        settle(page)
        now = page.evaluate("document.querySelector('.map-over').toDataURL()")
        assert len(now) > 0.8 * len(before), "the points are still there"
        placed.write_bytes(later)
        until(page, "document.querySelector('.unlike').textContent.includes('like no real image')")
        page.context.close()
