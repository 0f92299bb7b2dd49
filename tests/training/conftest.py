"""Fixtures of the tests of trainings."""

from __future__ import annotations

import pytest

from ganscope.training import batches as batches_module


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 7 images, windows of 5 blocks."""

    class Small(batches_module.ByBlocks):
        def __init__(self, count: int, image_bytes: int, seed: int) -> None:
            super().__init__(count, image_bytes, seed, block=7 * image_bytes, window=36 * image_bytes)

    monkeypatch.setattr(batches_module, "ByBlocks", Small)
