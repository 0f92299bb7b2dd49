"""The page's tests share one run, its report, and the browser."""

from __future__ import annotations

import pytest

from fixtures.browsing import SPEC
from fixtures.synthetic import build_run
from ganscope.page.report import write_report
from ganscope.runs.run import Run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return build_run(tmp_path_factory.mktemp("browser") / "run", SPEC)


@pytest.fixture(scope="session")
def report(run: Run) -> str:
    return write_report(run).as_uri()
