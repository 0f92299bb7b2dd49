"""Names of folders that are no classes."""

from __future__ import annotations

from collections import Counter

import pytest

from ganscope.data.layout import Layout, understand
from ganscope.data.parts import part_of


def files(*patterns: str, num: int = 20) -> list[str]:
    return [pattern.format(i) for pattern in patterns for i in range(num)]


def classes(layout: Layout) -> dict[str, int]:
    return dict(Counter(layout.classes or ()))


def test_words_that_only_contain_the_name_of_a_part_are_none() -> None:
    for word in ("contest", "attest", "evil", "trainer", "latest", "devices", "trees", "tests of time", "validated"):
        assert part_of(word) is None, word
    assert understand(files("train/{}.jpg", "car/{}.jpg", "plane/{}.jpg")).classes is not None


@pytest.mark.parametrize(
    "folders",
    [
        ["fold1", "fold2"], ["images_001", "images_002", "images_003"], ["part-1", "part-2"], ["2023-01", "2023-02"],
        ["20230101", "20230214"], ["2019", "2020"], ["100CANON", "101CANON"], ["2023/01", "2023/02"],
    ],
)  # fmt: skip
def test_numbered_pieces_dates_and_cameras_are_no_classes(folders: list[str]) -> None:
    layout = understand(files(*(f"{folder}/{{}}.jpg" for folder in folders)))
    assert layout.classes is None and any("--labels folders" in str(found) for found in layout.decisions)
    assert len(classes(understand(files(*(f"{f}/{{}}.jpg" for f in folders)), labels="folders"))) == len(folders)
