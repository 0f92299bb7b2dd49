"""Trainings of feature spaces are short here, and on one thread."""

from __future__ import annotations

import pytest

from ganscope.features import spaces


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads on a machine that is busy with other tests wait for each other most of the time."""
    monkeypatch.setattr(spaces, "THREADS", 1)
    monkeypatch.setattr(spaces.classifier, "planned_images", lambda num_images, size: 8 * num_images)
