"""Images that occur twice: exactly, or nearly."""

from __future__ import annotations

import numpy as np
from PIL import Image

from fixtures.pictures import noise
from ganscope.data.duplicates import exact_groups, near_pairs, thumbnail


def test_near_pairs_are_found_among_many_and_nothing_else() -> None:
    pictures = [noise(i) for i in range(300)]
    pictures += [pictures[5].resize((200, 200)), Image.eval(pictures[9], lambda v: min(255, v + 4))]
    pictures += [Image.new("RGB", (64, 64), (v, v, v)) for v in (10, 11, 12)]  # flat: nothing to compare
    thumbs = np.stack([thumbnail(np.ascontiguousarray(np.moveaxis(np.asarray(p), 2, 0))) for p in pictures])
    assert near_pairs(thumbs) == [(5, 300), (9, 301)]
    assert near_pairs(thumbs[-3:]) == []


def test_a_common_background_makes_no_pairs() -> None:
    """Small figures in the middle of the same large white ground, as sprites are: each is another."""
    pictures = []
    for i in range(200):
        page = Image.new("RGB", (64, 64), "white")
        page.paste(noise(i).resize((16 + i % 8, 20)), (20 + i % 5, 22))
        pictures.append(page)
    pictures.append(pictures[7].resize((128, 128)))
    thumbs = np.stack([thumbnail(np.ascontiguousarray(np.moveaxis(np.asarray(p), 2, 0))) for p in pictures])
    assert near_pairs(thumbs) == [(7, 200)]


def test_exact_groups() -> None:
    assert exact_groups([b"a", b"b", b"a", b"c", b"b", b"a"]) == [[0, 2, 5], [1, 4]]
