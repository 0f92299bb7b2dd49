"""Charts that one can work with: part, scale, smoothing, files; and a picture of the map that stands by itself."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from fixtures.browsing import until

pytestmark = pytest.mark.browser


def saved(page: Any, button: Any) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        button.click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def test_a_chart_gives_its_numbers_and_its_picture(visit: Any, report: str) -> None:
    page = visit(report)
    chart = page.locator(".chart").nth(2)
    chart.locator(".chart-menu summary").click()
    name, content = saved(page, chart.get_by_role("button", name="CSV"))
    rows = content.decode().split("\r\n")
    assert name == "measured.csv" and rows[0] == "images seen,frechet,real against real (floor)"
    assert rows[1] == "0,186,1.9" and rows[-2] == "19200,6,1.9" and len(rows) == 6
    name, content = saved(page, chart.get_by_role("button", name="SVG"))
    svg = ET.fromstring(content)
    assert name == "measured.svg" and svg.tag.endswith("svg")
    texts = [element.text for element in svg.iter() if element.tag.endswith("text")]
    assert {"Measured", "images seen", "frechet", "real against real (floor)"} <= set(texts)


def test_part_scale_and_smoothing_are_the_reader_s(visit: Any, report: str) -> None:
    page = visit(report)
    chart = page.locator(".chart").first
    chart.scroll_into_view_if_needed()
    box = chart.locator(".u-over").bounding_box()
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 40, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    assert page.evaluate("Number(document.querySelector('.time-slider').value)") == 3, "marking a part is no scrubbing"
    chart.locator(".chart-menu summary").click()
    _, content = saved(page, chart.get_by_role("button", name="SVG"))
    ticks = [e.text for e in ET.fromstring(content).iter() if e.tag.endswith("text")]
    assert "6k" in ticks and "15k" not in ticks and "0" not in ticks[1:4]
    chart.get_by_role("button", name="Whole").click()
    rough = saved(page, chart.get_by_role("button", name="CSV"))[1].decode().split("\r\n")
    chart.get_by_label("Smoothing of Losses").select_option("0.3")
    even = saved(page, chart.get_by_role("button", name="CSV"))[1].decode().split("\r\n")

    def wobble(rows: list[str]) -> float:
        values = [float(row.split(",")[1]) for row in rows[1:-1] if row.split(",")[1]]
        return sum(abs(a - b) for a, b in itertools.pairwise(values))

    assert wobble(even) < wobble(rough) / 3
    chart.get_by_label("logarithmic").check()
    until(page, "document.querySelector('.chart .u-over') !== null")


def test_the_saved_map_has_title_moment_and_legend(visit: Any, report: str) -> None:
    page = visit(report)
    name, content = saved(page, page.get_by_role("button", name="Save as a picture"))
    assert name == "a run-19200.png" or name.endswith("-19200.png")
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    size = page.evaluate("(() => { const c = document.querySelector('.map canvas'); return [c.width, c.height]; })()")
    assert width == size[0] and height > size[1] + 64 + 24, "the heading above, the legend below"
    name, content = saved(page, page.get_by_role("button", name="Save as SVG"))
    svg = ET.fromstring(content)
    assert name.endswith("-19200.svg") and [float(svg.get(side, 0)) for side in ("width", "height")] == [width, height]
    texts = [element.text for element in svg.iter() if element.tag.endswith("text")]
    words = [element.text for element in svg.iter() if element.get("font-weight") == "700"]
    assert words[-1] == page.locator(".run-head h2").inner_text(), "the title after the map's names"
    told = texts[texts.index(words[-1]) + 1]
    assert told.startswith("19,200 images seen · ") and told.endswith(" % like no real image (hollow, on the rim)")
    assert texts[-2:] == ["generated", "generated, like no real image"] and texts.count("4") >= 2, "legend and map"
    dots = [element for element in svg.iter() if element.tag.endswith("circle")]
    reals = sum(element.get("d", "").count("h0") for element in svg.iter() if element.tag.endswith("path"))
    assert len(dots) == 2 * (120 + 2) and reals == 400, "two circles a dot, those of the legend too; each real image"
