"""For everybody: axe-core finds nothing on any page in either theme, and what it cannot see is tried by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.browsing import SPEC, STOP, made, settle, slide, until
from fixtures.synthetic import build_run
from ganscope.metrics import METRICS
from ganscope.page.report import write_report
from ganscope.runs.run import Run

pytestmark = pytest.mark.browser
WEB = Path(__file__).parents[2] / "web"
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
needs_axe = pytest.mark.skipif(not AXE.is_file(), reason="axe-core is needed: npm ci in web/")


def violations(page: Any) -> list[str]:
    """What axe-core has against the page as it is now."""
    page.evaluate(AXE.read_text(encoding="utf-8") + "\n;undefined")
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations)")
    return [f"{one['id']}: {json.dumps([node['html'][:160] for node in one['nodes'][:3]])}" for one in found]


@needs_axe
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(visit: Any, report: str, theme: str) -> None:
    page = visit(report, color_scheme=theme, bypass_csp=True)
    assert violations(page) == []
    page.locator(".map-over").focus()
    page.keyboard.press("n")
    page.keyboard.press("v")
    page.locator(".mark").first.click()
    page.locator(".chip").nth(1).click()
    for one in page.locator("details").all():
        one.evaluate("(details) => { details.open = true; }")
    settle(page)
    assert violations(page) == [], "with a point, a selection, a note and everything open"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert violations(page) == [], "with the help"


@needs_axe
@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_other_pages(visit: Any, run: Run, tmp_path: Path, theme: str) -> None:
    others = [build_run(tmp_path / "other", SPEC, seed=5), build_run(tmp_path / "third", SPEC, classes=3), run]
    four = write_report(run, tmp_path / "four.html", compare=others).as_uri()
    young = made(tmp_path / "young", snapshots=0)
    many = made(tmp_path / "many", classes=120, num_real=600, snapshots=2)
    flat = made(tmp_path / "flat", with_map=False)
    told = made(tmp_path / "told", conditional=True)
    for address in (four, young, many, flat, told):
        page = visit(address, color_scheme=theme, bypass_csp=True)
        assert violations(page) == [], address
    phone = visit(many, width=390, height=844, has_touch=True, is_mobile=True, color_scheme=theme, bypass_csp=True)
    assert violations(phone) == []


@pytest.mark.slow
def test_nothing_chatters_while_it_plays(visit: Any, report: str) -> None:
    page = visit(report)
    page.evaluate("""() => {
      window.spoken = [];
      new MutationObserver((changes) => changes.forEach(({ target }) => {
        const element = target.nodeType === 1 ? target : target.parentElement;
        const live = element?.closest('[aria-live]:not([aria-live=off]), output, [role=status], [role=alert]');
        const playing = document.querySelector('.play').getAttribute('aria-label') === 'Pause';
        if (live && playing) window.spoken.push(live.outerHTML.slice(0, 80));
      })).observe(document.body, { subtree: true, childList: true, characterData: true });
    }""")
    page.keyboard.press("Home")
    page.locator(".speed").select_option("4")
    page.locator(".play").click()
    until(page, f"{STOP} === 3")
    assert page.evaluate("window.spoken") == []


def test_walking_through_the_images_is_told(visit: Any, report: str) -> None:
    page = visit(report)
    page.locator(".map-over").focus()
    page.keyboard.press("n")
    told = page.locator(".map [aria-live=polite]")
    assert told.inner_text().startswith("generated image 0, looks like: 0")


def test_the_focus_stays_in_the_page_when_its_button_goes(visit: Any, report: str) -> None:
    page = visit(report)
    page.locator(".map-over").focus()
    page.keyboard.press("n")
    page.get_by_label("Let go").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.className") == "map-over"


def test_what_is_pressed_is_large_enough(visit: Any, report: str) -> None:
    """24 CSS pixels (WCAG 2.5.8), a check box counted with its label."""
    page = visit(report)
    page.locator(".map-over").focus()
    page.keyboard.press("n")
    slide(page, 2)
    small = page.evaluate("""() => [...document.querySelectorAll('button, select, input, summary')].filter((e) => {
      const box = (e.closest('label') ?? e).getBoundingClientRect();
      return box.width && e.type !== 'range' && (box.width < 24 || box.height < 24);
    }).map((e) => e.outerHTML.slice(0, 120))""")
    assert small == []


def test_a_question_mark_explains_its_term_in_place(visit: Any, report: str) -> None:
    page = visit(report)
    terms = json.loads((WEB / "src" / "glossary.json").read_text(encoding="utf-8"))
    page.locator(".map-over").focus()
    page.keyboard.press("n")
    told = {}
    for button in page.locator(".explain:visible").all():
        button.click()
        bubble = page.locator(".bubble")
        told[button.get_attribute("aria-label")] = bubble.inner_text()
        box = bubble.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 1280
        page.keyboard.press("Escape")
        assert bubble.count() == 0
    named = {f"What is {title}?": f"{title}\n\n{meaning}" for title, meaning in terms.values()}
    assert told == {name: named[name] for name in told}
    for term in ("map", "rim", "distance", "score", "floor", "held_out", "frechet", "losses", "scores", "latent"):
        assert f"What is {terms[term][0]}?" in told, term


def test_every_metric_is_in_the_glossary_and_the_glossary_in_the_docs() -> None:
    terms = json.loads((WEB / "src" / "glossary.json").read_text(encoding="utf-8"))
    assert set(METRICS) <= set(terms)
    docs = (WEB.parent / "docs" / "glossary.md").read_text(encoding="utf-8")
    for _, meaning in terms.values():
        assert meaning in docs


@pytest.mark.slow
def test_the_legend_says_what_the_colours_mean(visit: Any, report: str) -> None:
    page = visit(report)
    line = page.locator(".legend-line")
    assert "class" not in line.inner_text()
    for value, words in (
        ("class", "of the class it looks like"),
        ("score", "1, surely real"),
        ("distance", "3 and more"),
    ):
        page.get_by_label("Colour the generated images by").select_option(value)
        until(page, f"document.querySelector('.legend-line').textContent.includes({words!r})")
