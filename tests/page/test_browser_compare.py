"""Several runs on one page: each number on its own run, nothing said that is not so, and hands that move all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.browsing import READ, SPEC, settle, until
from fixtures.synthetic import build_run
from ganscope.page.report import write_report
from ganscope.runs.run import Run

pytestmark = pytest.mark.browser

SHARES = """() => [...document.querySelectorAll('.run')].map((run) =>
  [...run.querySelectorAll('.classes li')]
    .map((li) => li.dataset.state + ' ' + li.querySelector('.numbers').textContent)
    .concat(run.querySelector('.legend .hint').innerText, run.querySelector('.unlike').innerText))"""
ROWS = """() => [...document.querySelectorAll('.comparison [aria-label=Measurements] tbody tr')].map((row) =>
  [...row.querySelectorAll('td')].map((td) => td.innerText))"""
SETTINGS = """() => [...document.querySelectorAll('.comparison [aria-label="What differs"] tbody tr')].map((row) =>
  [...row.querySelectorAll('th, td')].map((cell) => cell.innerText))"""
VIEWS = "new URLSearchParams(location.hash.slice(1))"
STRIPS = """() => [...document.querySelectorAll('.strip canvas')].map((c) => c.toDataURL())"""


def compared(path: Path, runs: list[Run]) -> str:
    return write_report(runs[0], path / "compared.html", compare=runs[1:]).as_uri()


def test_a_run_beside_itself_four_times_is_equal_everywhere_and_always(visit: Any, run: Run, tmp_path: Path) -> None:
    page = visit(compared(tmp_path, [run] * 4), width=1600)
    assert page.evaluate(SETTINGS) == []
    assert "settings are the same." in page.locator(".comparison").inner_text()
    assert page.locator(".run").count() == 4
    for key in ("", "Home", "."):
        if key:
            page.keyboard.press(key)
            settle(page)
        until(
            page, f"(() => {{ const all = ({SHARES})(); return all.every((one) => one.join() === all[0].join()); }})()"
        )
        shares = page.evaluate(SHARES)
        assert len(shares[0]) == 12 and "10 %" in shares[3][0], "ten classes, the sentence and the rim"
        page.wait_for_timeout(120)
        rows = page.evaluate(ROWS)
        assert len(rows) == 3
        for first, second, third, fourth, _, verdict in rows:
            assert first == second == third == fourth != "–" and verdict == "equal"
        until(
            page,
            f"(() => {{ const all = ({STRIPS})(); return all.length === 4 && all.every((one) => one === all[0]); }})()",
        )
    for choice in ("frechet", "recall", "losses"):
        page.get_by_label("Curve of all runs").select_option(choice)
        values = page.locator(".comparison .readout .key").all_inner_texts()
        told = {
            name: {text.split("\n")[-1] for text in values if name in text} for name in ("generator", "discriminator")
        }
        if choice == "losses":
            assert [len(found) for found in told.values()] == [1, 1] and len(values) == 8
        else:
            assert len({text.split("\n")[-1] for text in values[:4] if "floor" not in text}) == 1


def test_every_run_has_its_own_classes_settings_and_verdicts(visit: Any, run: Run, tmp_path: Path) -> None:
    """The second has four classes with one dropped, the third two, the fourth none dropped; seeds 0, 1, 0, 2."""
    others = [
        build_run(tmp_path / "second", SPEC, classes=4, seed=1),
        build_run(tmp_path / "third", SPEC, classes=2, snapshots=3),
        build_run(tmp_path / "fourth", SPEC, dropped=False, seed=2),
    ]
    page = visit(compared(tmp_path, [run, *others]), width=1600)
    until(page, f"({SHARES})().every((one) => one.length > 3 && one.at(-2))")
    _, second, third, fourth = page.evaluate(SHARES)
    assert [row.split()[0] for row in second[:4]] == ["fine", "fine", "fine", "missing"] and "33 %" in second[0]
    assert second[4] == "3 comes out too rarely."
    assert [row.split()[0] for row in third[:2]] == ["often", "missing"] or third[0].startswith("fine 100 %")
    assert third[2] == "1 comes out too rarely."
    assert {row.split()[0] for row in fourth[:10]} == {"fine"} and len(fourth) == 12
    assert ["seed", "0", "1", "0", "2"] in page.evaluate(SETTINGS)
    rows = page.evaluate(ROWS)
    assert rows[0][0].startswith("6 ± 0.6") and rows[0][4:] == ["1.9", "equal"], "all four end at 6"
    letters = [badge.inner_text() for badge in page.locator(".strip .run-badge").all()]
    assert letters == ["A", "C"], "of one seed"
    assert "B, D: other latents" in page.locator(".paired").inner_text()
    page.keyboard.press("Home")
    page.keyboard.press(".")
    until(page, f"({ROWS})()[0].at(-1) === 'C'")  # half way when the others have a third


def test_hands_move_all_runs_of_one_map_and_each_alone_when_asked(visit: Any, run: Run, tmp_path: Path) -> None:
    page = visit(compared(tmp_path, [run, build_run(tmp_path / "same", SPEC)]), width=1600)
    page.locator(".map-over").nth(0).focus()
    page.keyboard.press("+")
    page.keyboard.press("+")
    until(page, f"{VIEWS}.get('v') !== null && {VIEWS}.get('v') === {VIEWS}.get('v1')")
    page.keyboard.press("3")
    until(page, f"{VIEWS}.get('hide') === '3' && {VIEWS}.get('hide1') === '3'")
    page.locator(".map-over").nth(1).focus()
    page.keyboard.press("n")
    until(page, f"{VIEWS}.get('pin') === 'fake.0' && {VIEWS}.get('pin1') === 'fake.0'")
    assert page.locator(".pinned:visible").count() == 2
    accent = f"""() => {{ const selector = '.map-over', nth = 1;{READ}
      let n = 0; for (let i = 0; i < d.length; i += 4)
        n += d[i + 3] > 200 && Math.abs(d[i] - 220) + Math.abs(d[i + 1] - 20) + Math.abs(d[i + 2] - 120) < 30;
      return n; }}"""
    page.keyboard.press("Escape")
    settle(page)
    assert page.evaluate(accent) == 0
    page.keyboard.press("f")
    settle(page)
    box = page.locator(".map-over").nth(0).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for x in range(40, int(box["width"]) - 40, 8):  # along a line until something is hit
        page.mouse.move(box["x"] + x, box["y"] + box["height"] / 2)
        if page.locator(".tip").nth(0).is_visible():
            break
    until(page, f"({accent})() > 20")
    page.mouse.move(2, 2)
    page.get_by_label("together").uncheck()
    page.locator(".map-over").nth(0).focus()
    page.keyboard.press("+")
    until(page, f"{VIEWS}.get('v') !== null && {VIEWS}.get('v1') === null && {VIEWS}.get('linked') === 'off'")


def test_time_runs_in_images_epochs_or_seconds(visit: Any, run: Run, tmp_path: Path) -> None:
    """The second takes 4 s a snapshot where the first takes 2: at 6 s one is at its end, the other half way."""
    slow = build_run(tmp_path / "slow", SPEC, seed=1)
    page = visit(compared(tmp_path, [run, slow]), width=1600)
    titles = "[...document.querySelectorAll('.grid-card h3')].map((one) => one.textContent.match(/at ([0-9,]+)/)[1])"
    assert page.evaluate(titles) == ["19,200", "19,200"]
    page.get_by_label("Time is counted in").select_option("seconds")
    until(page, "document.querySelector('.where').textContent === '12 s of training'")
    assert page.evaluate(titles) == ["19,200", "19,200"]
    page.evaluate("location.hash = 't=4&unit=seconds'")
    until(page, f"({titles}).join() === '12,800,6,400'")
    until(
        page,
        "document.querySelector('.comparison caption').textContent.includes('B at 6,400 images (4 s of training)')",
    )
    page.get_by_label("Time is counted in").select_option("epochs")
    until(page, f"({titles}).join() === '12,800,12,800'")
    assert page.locator(".where").inner_text() == "epoch 32.0"
    assert page.evaluate(f"{VIEWS}.get('unit')") in ("seconds", "epochs")
