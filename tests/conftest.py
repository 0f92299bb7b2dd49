"""Fixtures shared by all tests; the reason of every possible skip is here."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from fixtures.commandline import FAST
from fixtures.visiting import browser, visit  # noqa: F401 one browser for the whole session
from ganscope.cli import main

# One thread: the tests are many small products, and bit-exactness is stated for a fixed thread count.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With GANSCOPE_ALL_TESTS set, as CI does, a skipped test is a failed one."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("GANSCOPE_ALL_TESTS"):
        report.outcome, report.longrepr = "failed", f"skipped, where nothing may be: {report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def private_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the tests, and the runs that several of them share, out of the user's cache: one for the whole session.

    The workers of pytest-xdist share it too, so that what one has decoded or fitted is there for the others.
    """
    root = tmp_path_factory.getbasetemp()
    cache = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "ganscope-cache"
    cache.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANSCOPE_CACHE", str(cache))
        yield cache


@pytest.fixture(autouse=True)
def same_draws() -> None:
    """A test draws the same numbers whatever ran before it; torch is not imported for a test that does without."""
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One trained run for the tests that only look at it."""
    path = tmp_path_factory.mktemp("runs") / "00000-digits-mlp"
    assert main(["train", "digits", "--run", str(path), "--map", "none", *FAST]) == 0
    return path


@pytest.fixture
def data_root() -> Path:
    """The folder of real data sets; CI sets it, so nothing is skipped there."""
    value = os.environ.get("GANSCOPE_DATA")
    if not value:
        pytest.skip("real data sets needed: set GANSCOPE_DATA (see CONTRIBUTING.md)")
    root = Path(value).resolve()
    if not root.is_dir():
        raise FileNotFoundError(f"GANSCOPE_DATA={value} is not a folder")
    return root
