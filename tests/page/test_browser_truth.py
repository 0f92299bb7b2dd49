"""What the page says is so: each test has an answer known from how its run was made."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from fixtures.browsing import READ, SPEC, STOP, WAITING, made, serving, settle, slide, until
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


@pytest.mark.slow
def test_each_of_two_runs_has_its_own_classes(visit: Any, run: Run, tmp_path: Path) -> None:
    """The second has four classes, the last never reached; whatever arrives first, its numbers are its own."""
    other = build_run(tmp_path / "four", SPEC, classes=4, every=9600, snapshots=3)
    page = visit(write_report(run, tmp_path / "two.html", compare=other).as_uri(), width=1600)
    until(page, f"({SHARES})()[1].length === 6")
    _, right = page.evaluate(SHARES)
    states = [row.split()[0] for row in right[:4]]
    assert states == ["fine", "fine", "fine", "missing"] and "33 %" in right[0]
    assert right[4] == "3 comes out too rarely."


def test_a_training_that_stopped_without_an_end_is_not_live(visit: Any, tmp_path: Path) -> None:
    stopped = build_run(tmp_path / "stopped", SPEC)
    for name in ("history", "test", "evals", "timing"):
        os.utime(stopped.lines_path(name), (time.time() - 7200,) * 2)
    with serving(stopped) as address:
        page = visit(address)
        page.locator(".lives .stopped").wait_for()
        assert page.locator(".lives").inner_text() == "stopped before its end, 2 h ago"
        with stopped.locked():  # a training takes it up again
            until(page, "document.querySelector('.lives').textContent === 'live, but no step for 2 h'")
        until(page, "document.querySelector('.lives').textContent === 'stopped before its end, 2 h ago'")
        page.context.close()
    page = visit(write_report(stopped).as_uri())
    assert page.locator(".lives").inner_text().startswith("not finished when this file was written, last step ")


def test_a_selection_stays_the_same_points_and_shows_their_pictures_of_now(visit: Any, report: str) -> None:
    page = visit(report)
    page.locator(".map-over").focus()
    page.keyboard.press("v")
    chosen = page.locator(".chosen")
    until(page, f"{WAITING}('.chosen .images', 60) === 0")
    picture = "document.querySelector('.chosen .images').toDataURL()"
    at_end, title = page.evaluate(picture), chosen.locator("h3").inner_text()
    assert chosen.locator(".when").is_hidden()
    page.keyboard.press("Home")
    until(page, f"{picture} !== {at_end!r} && {WAITING}('.chosen .images', 60) === 0")
    assert chosen.locator("h3").inner_text() == title, "the same points"
    assert chosen.locator(".when").inner_text() == "Chosen at 19,200 images, shown as they are at 0."
    page.keyboard.press("End")
    until(page, f"{picture} === {at_end!r}")


def test_a_point_without_a_picture_says_so_and_leads_to_one(visit: Any, tmp_path: Path) -> None:
    """120 points, pictures of 60 at every snapshot and of all at the last one."""
    page = visit(made(tmp_path / "more", all_pictures=True))
    page.locator(".map-over").focus()
    page.keyboard.press("p")  # the last point, 119
    pinned = page.locator(".pinned")
    assert "Generated image 119" in pinned.inner_text() and page.locator(".no-picture").count() == 0
    drawn = (
        "[...document.querySelectorAll('.pinned .pair canvas')]"
        ".every((c) => c.getContext('2d').getImageData(0, 0, 112, 112).data.some((v) => v))"
    )
    until(page, drawn)
    assert "kept at 1 of 4 snapshots" in pinned.inner_text()
    page.keyboard.press("Home")
    page.locator(".no-picture").wait_for()
    assert "No picture of this point is kept at this moment" in pinned.inner_text()
    page.get_by_role("button", name="See it at 19,200 images").click()
    until(page, f"{STOP} === 3 && document.querySelector('.no-picture') === null")
    until(page, drawn)
    page.keyboard.press("n")  # point 0 has one everywhere
    assert "at every snapshot" in pinned.inner_text()


@pytest.mark.slow
def test_where_no_picture_of_a_point_is_kept_nothing_waits_for_one(visit: Any, report: str) -> None:
    page = visit(report)
    page.locator(".map-over").focus()
    page.keyboard.press("p")
    assert "No picture of this point is kept" in page.locator(".pinned").inner_text()
    assert page.locator(".pinned .images").count() == 0 and page.locator(".no-picture button").count() == 0


def test_a_finding_that_has_passed_is_no_advice(visit: Any, tmp_path: Path) -> None:
    gone = build_run(tmp_path / "gone", SPEC)
    lines = [json.loads(line) for line in gone.lines_path("evals").read_text().splitlines()]
    lines[-1] |= {"findings": [], "verdict": "still learning", "best": 0}
    gone.lines_path("evals").write_text("".join(json.dumps(line) + "\n" for line in lines))
    page = visit(write_report(gone).as_uri())
    card = page.locator("details.finding")
    assert not card.evaluate("(card) => card.open")
    assert "passed: it held from 12,800 to 12,800 images" in card.inner_text()
    mark = page.locator(".mark")
    assert mark.count() == 1, "an untrained generator is not the best of anything"
    assert mark.get_attribute("aria-label").startswith("passed: missing modes")
    mark.click()
    assert "it said: Class 9 never comes out." in page.locator(".note").inner_text()
    assert card.evaluate("(card) => card.open") and "train longer" not in card.inner_text()


@pytest.mark.slow
def test_the_count_of_unlike_images_counts_what_is_shown(visit: Any, report: str) -> None:
    page = visit(report)
    slide(page, 0)
    text = page.locator(".unlike").first
    assert text.inner_text().startswith("100 % like")
    page.get_by_label("generated", exact=True).uncheck()
    until(page, "document.querySelector('.unlike').textContent === ''")
    page.get_by_label("generated", exact=True).check()
    page.keyboard.press("3")
    until(page, "document.querySelector('.unlike').textContent.startsWith('100 % of those shown like')")


def test_a_key_hides_the_class_of_its_name(visit: Any, report: str) -> None:
    page = visit(report)
    page.keyboard.press("3")
    hidden = (
        "[...document.querySelectorAll('.class-name')].filter((b) => b.ariaPressed === 'false').map((b) => b.innerText)"
    )
    until(page, f"{hidden}.join() === '3'")
    page.keyboard.press("0")
    until(page, f"{hidden}.join() === '0,3'")


@pytest.mark.slow
def test_generated_images_take_the_colour_of_what_they_look_like(visit: Any, report: str) -> None:
    page = visit(report)
    count = f"""(hex) => {{ const selector = '.map canvas', nth = 1;{READ}
      const p = new Uint32Array(d.buffer); return p.reduce((n, v) => n + (v === hex ? 1 : 0), 0); }}"""
    orange = 0xFF0EA9FF  # of class 1, #ffa90e as the canvas has it
    assert page.evaluate(count, orange) == 0
    page.get_by_label("Colour the generated images by").select_option("class")
    settle(page)
    assert page.evaluate(count, orange) > 50


@pytest.mark.slow
def test_the_data_are_sampled_across_a_folder_sorted_by_class(visit: Any, tmp_path: Path) -> None:
    """2,000 reals sorted by class: the first 120 would all be of the first class."""
    run = build_run(tmp_path / "sorted", SPEC, num_real=2000, snapshots=1)
    page = visit(write_report(run).as_uri())
    assert page.locator(".contact h3").inner_text() == "The data: 120 of 2,000 real images, evenly spaced"
    page.locator(".contact").scroll_into_view_if_needed()
    canvas = page.locator(".contact canvas")
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] - 10, "y": box["height"] - 10 if box["height"] < 60 else 10})
    number = int(page.locator(".pinned h3").inner_text().removeprefix("Real image ").replace(",", ""))
    assert number > 300


@pytest.mark.slow
def test_names_that_collide_are_moved_or_counted_never_dropped(visit: Any, tmp_path: Path) -> None:
    page = visit(made(tmp_path / "full", classes=40, num_real=800, snapshots=1), width=800, height=700)
    page.locator(".map").evaluate("(map) => { map.style.height = '420px'; map.style.width = '360px'; }")
    settle(page)
    text = page.locator(".unnamed").inner_text()
    assert text == "" or text.startswith("no room for the name")
