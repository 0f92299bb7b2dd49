"""Masks, and the same pictures in other sizes."""

from __future__ import annotations

from collections import Counter

import pytest

from ganscope.data.layout import Layout, understand


def files(*patterns: str, num: int = 20) -> list[str]:
    return [pattern.format(i) for pattern in patterns for i in range(num)]


def classes(layout: Layout) -> dict[str, int]:
    return dict(Counter(layout.classes or ()))


@pytest.mark.parametrize(
    "names",
    [
        files("images/{}.jpg", "masks/{}.png"), files("train/images/{}.jpg", "train/labels/{}.png"),
        files("{}.jpg", "{}_mask.png"), files("JPEGImages/{}.jpg", "SegmentationClass/{}.png"),
    ],
)  # fmt: skip
def test_masks_beside_images_are_left_out(names: list[str]) -> None:
    layout = understand(names)
    assert len(layout.names) == 20 and all(name.endswith(".jpg") for name in layout.names) and layout.classes is None
    assert len(understand(names, only="*").names) == 40


@pytest.mark.parametrize(
    ("images", "masks"),
    [
        ("train_images/{}.jpg", "train_masks/{}.png"), ("ISIC_Input/{}.jpg", "ISIC_GroundTruth/{}_segmentation.png"),
        ("rgb/{}.png", "depth/{}.png"), ("{}.input.jpg", "{}.seg.png"), ("{}_rgb.png", "{}_depth.png"),
        ("{}_sat.jpg", "{}_mask.png"), ("0001TP_{}.png", "0001TP_{}_L.png"),
        ("leftImg8bit/train/aachen/{}_leftImg8bit.png", "gtFine/train/aachen/{}_gtFine_labelIds.png"),
    ],
)  # fmt: skip
def test_masks_by_words_in_longer_names(images: str, masks: str) -> None:
    layout = understand([*files(images), *files(masks)])
    assert list(layout.names) == files(images) and set(layout.left_out) == set(files(masks))


def test_the_same_pictures_in_sizes_that_files_are_named_by() -> None:
    for marks in (("_16x16", "_32x32", "_64x64"), ("", "@2x"), ("-small", "-large")):
        names = files(*(f"a{{}}{mark}.png" for mark in marks))
        sides = dict(zip(marks, (16, 32, 64), strict=False))
        layout = understand(names, sizes={n: (sides[m],) * 2 for m in marks for n in files(f"a{{}}{m}.png")})
        assert list(layout.names) == files(f"a{{}}{marks[-1]}.png"), marks


def test_a_theme_of_icons_is_one_size() -> None:
    """Not every icon is drawn in every size, and the sizes lie inside or outside of the kinds."""
    for pattern in ("base/{side}x{side}/{kind}/{i}.png", "{kind}/{side}/{i}.png", "{kind}/{side}x{side}@2x/{i}.png"):
        scale = 2 if "@" in pattern else 1
        sizes = {
            pattern.format(side=side, kind=kind, i=i): (side * scale,) * 2
            for side, drawn in ((16, 100), (22, 110), (32, 80), (64, 45), (256, 40))
            for kind in ("apps", "places")
            for i in (*range(drawn), *range(1000 * side, 1000 * side + 10))
        }
        layout = understand(list(sizes), sizes=sizes)
        num = 90 if scale == 2 else 55  # 32x32@2x has 64 pixels
        assert {sizes[name][0] for name in layout.names} == {64} and classes(layout) == {"apps": num, "places": num}
        assert "of the pictures in" in next(iter(layout.left_out.values()))


def test_folders_of_other_numbers_or_other_pictures_are_no_sizes() -> None:
    numbers = {f"{age}/{age}_{i}.png": (64 + age, 64 + age) for age in (16, 32, 64) for i in range(20)}
    assert len(understand(list(numbers), sizes=numbers).names) == 60, "their pictures have other sides"
    apart = {f"{side}/{side}_{i}.png": (side, side) for side in (16, 32, 64) for i in range(20)}
    assert len(understand(list(apart), sizes=apart).names) == 60, "no picture is in two of them"


def test_thumbnails_beside_their_pictures_are_left_out() -> None:
    for thumbs in ("photos/thumbnails/{}.jpg", "thumbs/{}.jpg", "thumbs/{}_thumb.jpg"):
        names = files("photos/{}.jpg", thumbs)
        sizes = {name: (16, 16) if "thumb" in name else (96, 96) for name in names}
        assert list(understand(names, sizes=sizes).names) == files("photos/{}.jpg")
    alone = files("thumbs/{}.jpg", "cats/x{}.jpg")
    assert len(understand(alone, sizes=dict.fromkeys(alone, (64, 64))).names) == 40, "others are pictures of their own"


def test_a_class_of_masks_is_no_mask() -> None:
    assert classes(understand(files("mask/{}.jpg", "no_mask/{}.jpg"))) == {"mask": 20, "no_mask": 20}
