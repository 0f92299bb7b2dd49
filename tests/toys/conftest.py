"""Trainings of toys that several tests look at."""

from __future__ import annotations

import pytest

from fixtures.toy_runs import trained
from ganscope.runs.run import Run


@pytest.fixture(scope="session")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("ring") / "a ring", "ring")


@pytest.fixture(scope="session")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("mixture") / "a mixture", "mixture-1d")
