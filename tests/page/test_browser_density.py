"""The density of generated images: contours, too much and too little, clusters known by place and pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.browsing import READ, SPEC, settle, until
from fixtures.synthetic import build_run
from ganscope.page.report import write_report

pytestmark = pytest.mark.browser

# Shares of the orange of "too much" and of the blue of "too little" around the middle of each class's densest part.
TINTS = f"""() => {{ const selector = '.map-over', nth = 0;{READ}
  let [much, little] = [0, 0];
  for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 60) {{
    if (Math.abs(d[i] - 213) + Math.abs(d[i + 1] - 94) + d[i + 2] < 60) much++;
    if (d[i] + Math.abs(d[i + 1] - 90) + Math.abs(d[i + 2] - 200) < 60) little++;
  }}
  return [much, little]; }}"""


def test_too_much_and_too_little_are_seen_and_the_choice_is_in_the_address(visit: Any, report: str) -> None:
    """Class 9 is never drawn, so it is too little somewhere; untrained, all is too much where nothing real is."""
    page = visit(report)
    assert page.evaluate(TINTS) == [0, 0]
    page.get_by_label("Draw the generated images").select_option("balance")
    until(page, f"({TINTS})()[1] > 200")
    assert "too much (eight times)" in page.locator(".legend-line").inner_text()
    until(page, "location.hash.includes('as=balance')")
    page.keyboard.press("Home")
    settle(page)
    much, little = page.evaluate(TINTS)
    assert much > 200 and little > 200
    page.get_by_label("Draw the generated images").select_option("contours")
    settle(page)
    assert page.evaluate(TINTS) == [0, 0]
    until(page, "location.hash.includes('as=contours')")
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    until(page, "document.querySelector('[aria-label=\"Draw the generated images\"]').value === 'contours'")


def test_clusters_without_names_have_a_colour_by_place_and_pictures(visit: Any, tmp_path: Path) -> None:
    run = build_run(tmp_path / "clusters", SPEC, classes=12, num_real=480)
    info = json.loads(run.real_map_info_path.read_text())
    names = [f"cluster {k}" for k in range(12)]
    run.real_map_info_path.write_text(json.dumps({**info, "labelled": False, "classes": names}))
    page = visit(write_report(run).as_uri())
    colours = page.evaluate("[...document.querySelectorAll('.swatch')].map((one) => one.style.backgroundColor)")
    assert len(colours) == 12 and len(set(colours)) == 12
    until(page, "document.querySelectorAll('canvas.faces[data-drawn]').length === 12")
