"""The order of the images: every one once an epoch."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.streams import BACKEND, numbered, numbers, plan_of
from ganscope.training.batches import Batches


@pytest.mark.usefixtures("small_windows")
def test_a_window_mixes_blocks_from_all_over_the_set(tmp_path: Path) -> None:
    """Sorted by class on the disk, as folders are, a window has images of most classes."""
    images = numbered(1000, tmp_path / "x.npy")
    seen = numbers(Batches(images, plan_of("blocks", 1000), BACKEND, in_memory=False).at(0, 35))
    blocks = {number // 7 for number in seen}
    assert len(blocks) == 5 and max(blocks) - min(blocks) > 30
    assert [number // 7 for number in seen] != sorted(number // 7 for number in seen)


def test_the_order_of_sets_in_memory_is_what_it_was(tmp_path: Path) -> None:
    """The first images of two epochs, recorded before sets could be read from the disk."""
    found = Batches(numbered(50, tmp_path / "x.npy"), plan_of("images", 50), BACKEND)
    assert numbers(found.at(0, 6)) + numbers(found.at(50, 6)) == RECORDED


RECORDED = [2, 18, 10, 39, 5, 38, 1, 3, 23, 28, 11, 41]
