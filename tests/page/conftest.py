"""The browser of the page's tests. Without playwright or Chromium they are skipped, and say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fixtures.browsing import CHROMIUM, FLAGS, SPEC, Page, settle
from fixtures.synthetic import build_run
from ganscope.page.report import write_report
from ganscope.runs.run import Run


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is needed: pip install -e '.[test]'")
    if CHROMIUM is None:
        pytest.skip("chromium is needed: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Page]]:
    """Open an address; at the end of the test the page must not have complained or asked anyone else."""
    contexts, complaints = [], []

    def opened(
        address: str, *, width: int = 1280, height: int = 800, quiet: bool = True, wait: bool = True, **options: Any
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce", **options)
        contexts.append(context)
        own = address if address.startswith("http") else "file-has-no-requests:"

        def judge(route: Any) -> None:
            if route.request.url.startswith(own):
                route.continue_()
            else:
                complaints.append(f"a request left: {route.request.url}")
                route.abort()

        context.route("http*://**/*", judge)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
        if quiet:
            page.on(
                "console", lambda line: complaints.append(f"{line.type}: {line.text}") if line.type != "log" else None
            )
        page.goto(address)
        if wait:
            page.wait_for_selector("html[data-ready=true]")
            settle(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return build_run(tmp_path_factory.mktemp("browser") / "run", SPEC)


@pytest.fixture(scope="session")
def report(run: Run) -> str:
    return write_report(run).as_uri()
