"""The page in a real Chromium, from a file and live: what a reader does, and what must then be on the screen.

Every test runs on a page whose requests are watched: from a file none may leave, live only those to the server; and at
its end nothing may stand in the console. Pixels are read from the map's own canvases.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.browsing import (
    BASE,
    INK,
    LAST,
    OVER,
    READ,
    SPEC,
    STOP,
    WAITING,
    again,
    made,
    other_pixels,
    pixels,
    serving,
    settle,
    slide,
    spot,
    until,
)
from fixtures.synthetic import NASTY, build_run, write_snapshot
from ganscope.page.report import write_report
from ganscope.runs.run import Run

pytestmark = pytest.mark.browser


# ---- time ------------------------------------------------------------------------------------------------------------
def test_the_page_opens_at_the_last_snapshot_with_map_images_and_charts(visit: Any, report: str) -> None:
    page = visit(report)
    assert page.evaluate(STOP) == page.evaluate(LAST) == 3
    assert int(page.evaluate("document.documentElement.dataset.drawn")) > 0
    assert "19,200 images" in page.locator(".where").inner_text()
    assert page.locator(".verdict").inner_text() == "missing modes: one class never comes out"
    assert page.locator(".uplot").count() == 4
    assert "run" in page.title()


def test_the_slider_moves_map_images_and_words_together(visit: Any, report: str) -> None:
    page = visit(report)
    grid = "document.querySelector('.grid-card canvas').toDataURL().length"
    before = pixels(page), page.evaluate(grid), page.locator(".unlike").first.inner_text(), pixels(page, BASE)
    slide(page, 0)
    after = pixels(page), page.evaluate(grid), page.locator(".unlike").first.inner_text(), pixels(page, BASE)
    assert before[0] != after[0] and before[1] != after[1]
    assert before[2].startswith("0 %") and after[2].startswith("100 %")
    assert before[3] == after[3], "the reals must not move"
    assert "0 images" in page.locator(".where").inner_text()
    assert "at 0 images" in page.locator(".grid-card h3").inner_text()


def test_keys_move_through_time(visit: Any, report: str) -> None:
    page = visit(report)
    for key, stop in (("Home", 0), (".", 1), (".", 2), (",", 1), ("End", 3), (".", 3), ("Home", 0), (",", 0)):
        page.keyboard.press(key)
        until(page, f"{STOP} === {stop}")


NOW_LINES = """[...document.querySelectorAll('.chart:not([hidden]) .plot-area')].map((area) => {
  const over = area.querySelector('.u-over').getBoundingClientRect();
  const now = area.querySelector('.plot-now').getBoundingClientRect();
  return (now.left + now.width / 2 - over.left) / over.width;
})"""  # where each chart's line of the moment stands, 0 at the plot's left edge, 1 at its right


def test_the_line_of_the_moment_stands_where_the_moment_is(visit: Any, report: str) -> None:
    page = visit(report)
    ends = {"Home": 0.0, "End": 1.0}

    def check() -> None:
        for key, place in ends.items():
            page.keyboard.press(key)
            until(page, f"{STOP} === {0 if place == 0 else LAST}")
            settle(page)
            assert page.evaluate(NOW_LINES) == pytest.approx(
                [place] * page.locator(".chart:not([hidden]) .plot-area").count(), abs=0.01
            )

    check()
    page.set_viewport_size({"width": 900, "height": 800})
    settle(page)
    check()


@pytest.mark.slow
def test_space_plays_to_the_end_and_pauses(visit: Any, report: str) -> None:
    page = visit(report)
    page.keyboard.press("Home")
    page.locator(".speed").select_option("0.25")
    page.locator(".time-slider").focus()
    page.keyboard.press(" ")
    page.wait_for_selector(".play[aria-label='Pause']")
    until(page, f"{STOP} >= 1")
    page.keyboard.press(" ")
    page.wait_for_selector(".play[aria-label='Play the training']")
    page.locator(".speed").select_option("4")
    page.locator(".play").click()
    until(page, f"{STOP} === 3")
    page.wait_for_selector(".play[aria-label='Play the training']")


def test_a_click_on_a_chart_moves_the_time(visit: Any, report: str) -> None:
    page = visit(report)
    area = page.locator(".plot-area .u-over").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    page.mouse.click(box["x"] + 2, box["y"] + 40)
    until(page, f"{STOP} === 0")
    page.mouse.click(box["x"] + box["width"] * 0.66, box["y"] + 40)
    until(page, f"{STOP} === 2")


@pytest.mark.slow
def test_a_finding_on_the_axis_jumps_there_and_shows_its_evidence(visit: Any, report: str) -> None:
    page = visit(report)
    page.locator(".mark.warning").first.click()
    until(page, f"{STOP} === 2")
    card = page.locator("details.finding[open]").first
    assert "never comes out" in card.inner_text() and "share of rarest" in card.inner_text()
    assert page.locator(".mark.best").count() == 1


# ---- the map ---------------------------------------------------------------------------------------------------------
def test_a_class_can_be_hidden_by_key_and_by_click(visit: Any, report: str) -> None:
    page = visit(report)
    before = pixels(page, BASE), pixels(page, OVER)
    page.keyboard.press("0")  # the class called 0
    assert pixels(page, BASE) != before[0] and pixels(page, OVER) != before[1]
    assert page.locator(".class-name").first.get_attribute("aria-pressed") == "false"
    page.keyboard.press("0")
    assert (pixels(page, BASE), pixels(page, OVER)) == before
    page.locator(".class-name").nth(2).click()
    page.mouse.move(5, 5)
    assert page.locator(".class-name").nth(2).get_attribute("aria-pressed") == "false"
    assert pixels(page, BASE) != before[0]


@pytest.mark.slow
def test_colours_and_layers_can_be_chosen(visit: Any, report: str) -> None:
    page = visit(report)
    by_class = pixels(page, OVER)
    seen = {by_class}
    for value in ("class", "score", "distance"):
        page.get_by_label("Colour the generated images by").select_option(value)
        seen.add(pixels(page, OVER))
    assert len(seen) == 4
    reals = pixels(page, BASE)
    page.get_by_label("real", exact=True).uncheck()
    assert pixels(page, BASE) != reals


@pytest.mark.slow
def test_zooming_in_shows_pictures_and_f_shows_everything_again(visit: Any, report: str) -> None:
    page = visit(report)
    page.locator(".map-over").focus()  # which may scroll the page
    x, y = spot(page)  # where there is something to see
    home = pixels(page, BASE)
    page.mouse.move(x, y)
    for _ in range(4):
        page.mouse.wheel(0, -300)
    assert other_pixels(page, home, BASE) != home
    with_pictures = pixels(page, BASE)
    page.get_by_label("pictures").uncheck()
    assert other_pixels(page, with_pictures, BASE) != with_pictures
    page.get_by_label("pictures").check()
    page.locator(".map-over").focus()
    page.keyboard.press("f")
    assert pixels(page, BASE) == home


def test_a_click_pins_a_fake_with_trail_strip_and_nearest_real(visit: Any, report: str) -> None:
    page = visit(report)
    x, y = spot(page)
    page.mouse.move(2, 2)
    settle(page)
    assert page.evaluate(INK) == 0
    page.mouse.click(x, y)
    pinned = page.locator(".pinned")
    pinned.wait_for()
    settle(page)
    assert page.evaluate(INK) > 150, "the trail and a ring are drawn"
    text = pinned.inner_text()
    assert (
        "Generated image" in text and "nearest real" in text and "D's score" in text and "distance to the reals" in text
    )
    # Its four snapshots stand in the strip; a click there goes to that time.
    strip = pinned.locator(".images")
    assert "4 images of this latent" in strip.get_attribute("aria-label")
    until(page, f"{WAITING}('.pinned .images', 4) === 0")
    strip.click(position={"x": 8, "y": 8})
    until(page, f"{STOP} === 0")
    # Both pictures have been drawn, after the page of thumbnails had arrived.
    until(
        page,
        "[...document.querySelectorAll('.pinned .pair canvas')]"
        ".every((c) => c.getContext('2d').getImageData(0, 0, 112, 112).data.some((v) => v))",
    )
    page.keyboard.press("Escape")
    assert pinned.is_hidden()
    settle(page)
    assert page.evaluate(INK) == 0


def test_the_lasso_lists_and_counts_what_is_inside(visit: Any, report: str) -> None:
    page = visit(report)
    box = page.locator(".map-over").bounding_box()
    page.keyboard.down("Shift")
    corners = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99)]
    for k, (x, y) in enumerate(corners):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if k == 0:
            page.mouse.down()
    page.mouse.up()
    page.keyboard.up("Shift")
    page.locator(".chosen h3").wait_for()
    assert page.locator(".chosen h3").inner_text() == "Selected: 400 real, 120 generated"
    assert "pictures of 60" in page.locator(".chosen").inner_text()
    page.keyboard.press("Escape")
    assert page.locator(".chosen").is_hidden()


@pytest.mark.slow
def test_the_lasso_by_key_selects_a_part(visit: Any, report: str) -> None:
    page = visit(report)
    page.keyboard.press("l")
    assert page.locator("button.lasso").get_attribute("aria-pressed") == "true"
    box = page.locator(".map-over").bounding_box()
    for k, (x, y) in enumerate([(0.5, 0.01), (0.99, 0.01), (0.99, 0.99), (0.5, 0.99)]):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if k == 0:
            page.mouse.down()
    page.mouse.up()
    real, fake = (int(word) for word in page.locator(".chosen h3").inner_text().split() if word.isdigit())
    assert 100 < real < 300 and 20 < fake < 100


@pytest.mark.slow
def test_the_map_is_usable_without_a_pointer(visit: Any, report: str) -> None:
    page = visit(report)
    page.locator(".map-over").focus()
    before = pixels(page)
    page.keyboard.press("ArrowRight")
    assert pixels(page) != before
    page.keyboard.press("n")
    assert "Generated image 0" in page.locator(".pinned").inner_text()
    page.keyboard.press("p")
    assert "Generated image 119" in page.locator(".pinned").inner_text()
    page.keyboard.press("v")
    assert page.locator(".chosen h3").inner_text().startswith("Selected:")


# ---- readers of every kind -------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_focus_is_seen_and_everything_has_a_name(visit: Any, report: str) -> None:
    page = visit(report)
    page.keyboard.press("?")
    assert (
        page.locator("dialog.help").is_visible() and "previous and next snapshot" in page.locator("dialog").inner_text()
    )
    page.keyboard.press("Escape")
    nameless = page.evaluate("""() => {
      const label = (e) => e.closest('label')?.textContent.trim();
      const name = (e) => e.getAttribute('aria-label') || e.textContent.trim() || label(e);
      return [...document.querySelectorAll('button, select, input, canvas[tabindex], [role=application], section')]
        .filter((e) => !name(e)).map((e) => e.outerHTML.slice(0, 120));
    }""")
    assert nameless == []
    hidden = []
    for _ in range(40):
        page.keyboard.press("Tab")
        hidden += page.evaluate("""() => {
          const e = document.activeElement, style = getComputedStyle(e), wide = e.getBoundingClientRect().width > 0;
          const seen = parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== 'none' && wide;
          return e === document.body || seen ? [] : [e.outerHTML.slice(0, 120)];
        }""")
    assert hidden == []
    assert page.locator(".time-slider").get_attribute("aria-valuetext").startswith("19,200 images")


@pytest.mark.slow
def test_behind_each_chart_is_a_table(visit: Any, report: str) -> None:
    page = visit(report)
    for chart in page.locator(".chart:not([hidden])").all():
        chart.locator("details.table summary").click()
        chart.locator("tbody tr").first.wait_for()
        assert chart.locator("tbody tr").count() == 4
        assert chart.locator("thead th").count() >= 3
    losses = page.locator(".chart").first.locator("tbody tr").last.inner_text().split("\t")
    assert losses[0] == "19,200" and 0.5 < float(losses[1]) < 3


@pytest.mark.slow
def test_a_phone_shows_everything_without_sideways_scrolling_and_takes_touches(visit: Any, report: str) -> None:
    page = visit(report, width=390, height=844, has_touch=True, is_mobile=True, device_scale_factor=2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = page.evaluate("""() => [...document.querySelectorAll('body *')].filter((e) => {
      const box = e.getBoundingClientRect();
      for (let a = e; a; a = a.parentElement) if (getComputedStyle(a).overflowX !== 'visible') return false;
      return box.width && box.right > 391 && !e.closest('.marks, .map');
    }).map((e) => e.outerHTML.slice(0, 100))""")
    assert wide == []
    page.get_by_label("Show everything").tap()
    before = pixels(page)
    page.get_by_label("Next snapshot").tap()
    page.get_by_label("Previous snapshot").tap()
    until(page, f"{STOP} === 2")
    assert pixels(page) != before
    page.locator(".map-over").scroll_into_view_if_needed()
    page.touchscreen.tap(*spot(page))
    assert page.locator(".pinned").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.slow
def test_dark_is_dark_and_can_be_switched(visit: Any, report: str) -> None:
    page = visit(report, color_scheme="dark")
    corner = "[...document.querySelector('.map canvas').getContext('2d').getImageData(0, 0, 1, 1).data]"
    assert max(page.evaluate(corner)[:3]) < 40
    page.get_by_label("Light or dark").click()
    settle(page)
    assert min(page.evaluate(corner)[:3]) > 240


# ---- runs of every kind ----------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize("snapshots", [0, 1])
def test_a_run_that_has_hardly_begun(visit: Any, tmp_path: Path, snapshots: int) -> None:
    page = visit(made(tmp_path / "young", snapshots=snapshots))
    assert page.locator(".time-slider").is_disabled()
    assert page.locator(".where").inner_text().startswith("0 images" if snapshots else "no snapshot yet")
    for key in (" ", ".", ",", "Home", "End", "Escape"):
        page.keyboard.press(key)
    assert pixels(page, BASE) != 0


@pytest.mark.slow
def test_a_run_without_a_map(visit: Any, tmp_path: Path) -> None:
    page = visit(made(tmp_path / "flat", with_map=False))
    assert page.locator(".no-map").is_visible()
    assert "128 generated images" not in page.locator(".grid-card canvas").get_attribute("aria-label")
    grid = page.locator(".grid-card canvas").evaluate("(c) => c.toDataURL()")
    page.keyboard.press("Home")
    page.wait_for_timeout(300)
    assert page.locator(".grid-card canvas").evaluate("(c) => c.toDataURL()") != grid
    page.mouse.click(300, 400)  # on the empty map


@pytest.mark.slow
def test_a_run_without_labels_speaks_of_clusters(visit: Any, tmp_path: Path) -> None:
    run = build_run(tmp_path / "found", SPEC)
    info = run.real_map_info_path.read_text()
    names = ", ".join(f'"cluster {k}"' for k in range(10))
    was = ", ".join(f'"{k}"' for k in range(10))
    assert was in info
    run.real_map_info_path.write_text(info.replace(was, names).replace('"labelled": true', '"labelled": false'))
    page = visit(write_report(run).as_uri())
    assert page.locator(".legend h3").inner_text().startswith("Clusters")
    assert page.locator(".legend .hint").first.inner_text() == "cluster 9 comes out too rarely."


@pytest.mark.slow
def test_a_run_of_one_cluster(visit: Any, tmp_path: Path) -> None:
    page = visit(made(tmp_path / "one", classes=0))
    assert page.locator(".legend").is_hidden()


@pytest.mark.slow
def test_a_thousand_classes_can_be_searched_and_brought_out(visit: Any, tmp_path: Path) -> None:
    page = visit(made(tmp_path / "many", classes=1000, num_real=2000, snapshots=2))
    before = pixels(page, BASE)
    page.get_by_label("Find a class").fill("class 77")
    assert page.locator(".classes li:visible").count() == 11  # 77 and 770 … 779
    page.locator(".class-name:visible").first.click()
    page.mouse.move(5, 5)
    assert pixels(page, BASE) != before


@pytest.mark.slow
@pytest.mark.parametrize(("channels", "size"), [(1, 8), (3, 8), (3, 32), (1, 128), (3, 128)])
def test_images_grey_and_in_colour_small_and_large(visit: Any, tmp_path: Path, channels: int, size: int) -> None:
    page = visit(
        made(tmp_path / "kind", channels=channels, size=size, num_real=60, num_fake=40, num_images=40, snapshots=2)
    )
    page.locator(".contact").scroll_into_view_if_needed()
    # Opaque pixels only: what has not arrived yet is drawn as a pale square.
    drawn = f"""(selector) => {{ const nth = 0;{READ}
      let grey = 0, colour = 0;
      for (let i = 0; i < d.length; i += 4) {{
        const high = Math.max(d[i], d[i + 1], d[i + 2]), low = Math.min(d[i], d[i + 1], d[i + 2]);
        if (d[i + 3] === 255 && high > 60) high - low > 25 ? colour++ : grey++;
      }}
      return [grey, colour];
    }}"""
    for name in (".grid-card canvas", ".contact canvas"):
        until(page, f"(({drawn})('{name}')).some((n) => n > 200)")
        grey, colour = page.evaluate(drawn, name)
        assert (colour > 200) if channels == 3 else (colour == 0 and grey > 200), name


@pytest.mark.slow
def test_a_snapshot_cut_short_is_skipped_and_the_others_stand(visit: Any, tmp_path: Path) -> None:
    run = build_run(tmp_path / "half", SPEC)
    path = run.map_path(2 * SPEC.every)
    path.write_bytes(path.read_bytes()[:700])
    page = visit(write_report(run).as_uri())
    whole = pixels(page)
    slide(page, 2)
    assert page.locator(".unlike").first.inner_text() == "the map shows 6,400 images: this snapshot has no places yet"
    slide(page, 3)
    assert pixels(page) == whole


def test_a_name_that_is_markup_is_shown_as_text(visit: Any, tmp_path: Path) -> None:
    page = visit(made(tmp_path / "nasty", nasty=True))
    x, y = spot(page)
    page.mouse.click(x, y)
    assert page.locator(".class-name .name").first.inner_text() == NASTY
    assert page.locator("img").count() == 0
    for chart in page.locator(".chart:not([hidden])").all():
        chart.locator("details.table summary").click()
    assert page.title() == "nasty · ganscope"


@pytest.mark.slow
def test_two_runs_share_the_axis(visit: Any, run: Run, tmp_path: Path) -> None:
    other = build_run(tmp_path / "other", SPEC, every=9600, snapshots=3, seed=5)
    page = visit(write_report(run, tmp_path / "two.html", compare=other).as_uri(), width=1600)
    assert page.locator(".run h2").all_inner_texts() == ["Arun", "Bother"]
    assert page.evaluate(LAST) == 4  # 0, 6400, 9600, 12800, 19200
    sums = "() => [...document.querySelectorAll('.map-over')].map((c) => c.toDataURL())"
    before = page.evaluate(sums)
    page.keyboard.press("Home")
    settle(page)
    page.wait_for_timeout(200)
    assert all(a != b for a, b in zip(before, page.evaluate(sums), strict=True))


# ---- live ------------------------------------------------------------------------------------------------------------
def test_live_a_new_snapshot_appears_and_is_followed_only_from_the_end(visit: Any, tmp_path: Path) -> None:
    run = build_run(tmp_path / "live", SPEC)
    with serving(run) as address:
        page = visit(address)
        assert page.locator(".lives .live").inner_text().startswith("live, last step ")
        assert page.evaluate(STOP) == 3
        before = pixels(page)
        write_snapshot(run, replace(SPEC, snapshots=9), 4)
        until(page, f"{LAST} === 4 && {STOP} === 4")
        assert pixels(page) != before
        page.keyboard.press("Home")
        until(page, f"{STOP} === 0")
        # What the reader closed or opened is not undone by the next line of the log.
        card = page.locator(".finding").first
        kept = not card.evaluate("(card) => card.open")
        card.evaluate("(card) => { card.open = !card.open; }")
        write_snapshot(run, SPEC, 5)
        until(page, f"{LAST} === 5")
        page.wait_for_timeout(300)
        assert page.evaluate(STOP) == 0
        assert card.evaluate("(card) => card.open") == kept
        run.mark_finished({})
        until(page, "document.querySelector('.lives').textContent === 'finished'")
        page.context.close()


@pytest.mark.slow
def test_live_a_map_that_comes_later_appears(visit: Any, tmp_path: Path) -> None:
    run = build_run(tmp_path / "later", SPEC, with_map=False, snapshots=0)
    with serving(run) as address:
        page = visit(address)
        assert page.locator(".no-map").is_visible()
        build_run(run.path, SPEC)
        until(page, f"{LAST} === 3")
        page.locator(".no-map").wait_for(state="hidden")
        page.context.close()


@pytest.mark.slow
def test_live_a_half_written_snapshot_becomes_whole(visit: Any, tmp_path: Path) -> None:
    run = build_run(tmp_path / "half", SPEC)
    path = run.map_path(3 * SPEC.every)
    whole = path.read_bytes()
    path.write_bytes(whole[:900])
    with serving(run) as address:
        page = visit(address)
        assert "the map shows 12,800 images" in page.locator(".unlike").first.inner_text()
        path.write_bytes(whole)
        until(page, "document.querySelector('.unlike').textContent.startsWith('0 %')")
        page.context.close()


@pytest.mark.slow
def test_live_the_server_goes_away_and_comes_back(visit: Any, tmp_path: Path) -> None:
    run = build_run(tmp_path / "away", SPEC)
    with serving(run) as address:
        # The browser itself writes a refused connection to the console; errors of the page still count.
        page = visit(address, quiet=False)
        port = int(address.rsplit(":", 1)[1].strip("/"))
    page.context.set_offline(True)
    page.locator(".lives .lost").wait_for()
    assert "trying again" in page.locator(".lives").inner_text()
    slide(page, 0)  # what has arrived stays usable
    until(page, f"{STOP} === 0")
    write_snapshot(run, SPEC, 4)
    with again(run, port) as _:
        page.context.set_offline(False)
        until(page, f"document.querySelector('.lives .live') !== null && {LAST} === 4")
        assert page.evaluate(STOP) == 0
        page.keyboard.press("End")
        until(page, "document.querySelector('.where').textContent.startsWith('25,600')")
        page.context.close()
