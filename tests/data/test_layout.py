"""What names of files say: parts, classes, what is left out."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganscope.data.layout import Layout, understand
from ganscope.data.parts import TEST, TRAIN, VALID, part_of
from ganscope.errors import ConfigError


def files(*patterns: str, num: int = 20) -> list[str]:
    return [pattern.format(i) for pattern in patterns for i in range(num)]


def parts(layout: Layout) -> dict[str, int]:
    return dict(Counter(layout.parts))


def classes(layout: Layout) -> dict[str, int]:
    return dict(Counter(layout.classes or ()))


@pytest.mark.parametrize(
    ("train", "held_out", "part"),
    [
        ("train", "test", TEST), ("train2017", "val2017", VALID), ("train_images", "test_images", TEST),
        ("seg_train/seg_train", "seg_test/seg_test", TEST), ("train", "dev", VALID), ("train", "eval", VALID),
        ("valid", "test", TEST), ("train_set", "val_set", VALID), ("Training", "Testing", TEST),
        ("images/train", "images/val", VALID), ("set/train/images", "set/test/images", TEST),
        ("Train", "Validation", VALID), ("dataset.train", "dataset.test", TEST), ("trainval", "test", TEST),
        ("train_cleaned", "test_cleaned", TEST), ("train-32x32", "test-32x32", TEST), ("train-jpg", "test-jpg", TEST),
        ("train (1)", "test (1)", TEST), ("images_background", "images_evaluation", VALID),
        ("bounding_box_train", "gallery", TEST), ("Training", "Validierung", VALID),
        ("train2014", "test-dev2015", TEST),
        ("a/b/c/train", "a/b/c/val", VALID),
    ],
)  # fmt: skip
def test_folders_named_like_parts_are_the_split(train: str, held_out: str, part: str) -> None:
    layout = understand(files(f"{train}/{{}}.jpg", f"{held_out}/{{}}.jpg"))
    assert parts(layout) == {TRAIN: 20, part: 20} and layout.classes is None
    assert all(name.startswith(held_out) for name, p in zip(layout.names, layout.parts, strict=True) if p != TRAIN)


def test_classes_are_below_the_parts_and_the_test_folder_is_held_out() -> None:
    layout = understand(files(*(f"{part}/{k}/{{}}.png" for part in ("train", "valid", "test") for k in "ab")))
    assert parts(layout) == {TRAIN: 40, TEST: 40} and classes(layout) == {"a": 40, "b": 40}
    assert len(layout.left_out) == 40 and all(name.startswith("valid/") for name in layout.left_out)
    assert any("--splits none" in str(decision) for decision in layout.decisions)
    together = understand(files("train/{}.png", "valid/{}.png", "test/{}.png"), splits="none", labels="none")
    assert parts(together) == {TRAIN: 60}


def test_the_two_sides_of_a_pair_are_classes() -> None:
    for names in (("trainA", "trainB", "testA", "testB"), ("A/train", "B/train", "A/test", "B/test")):
        layout = understand(files(*(f"{name}/{{}}.jpg" for name in names)))
        assert parts(layout) == {TRAIN: 40, TEST: 40} and classes(layout) == {"A": 40, "B": 40}


def test_test_pictures_without_a_class_are_left_out_and_the_classes_stay() -> None:
    for test in ("test1", "test"):
        layout = understand(files("train/cat/{}.jpg", "train/dog/{}.jpg", f"{test}/{{}}.jpg"))
        assert parts(layout) == {TRAIN: 40} and classes(layout) == {"cat": 20, "dog": 20}
        assert set(layout.left_out) == set(files(f"{test}/{{}}.jpg"))


def test_words_that_only_contain_the_name_of_a_part_are_none() -> None:
    for word in ("contest", "attest", "evil", "trainer", "latest", "devices", "trees", "tests of time", "validated"):
        assert part_of(word) is None, word
    assert understand(files("train/{}.jpg", "car/{}.jpg", "plane/{}.jpg")).classes is not None


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
        ("leftImg8bit/train/aachen/{}_leftImg8bit.png", "gtFine/train/aachen/{}_gtFine_labelIds.png"),
    ],
)  # fmt: skip
def test_masks_by_words_in_longer_names(images: str, masks: str) -> None:
    layout = understand([*files(images), *files(masks)])
    assert list(layout.names) == files(images) and set(layout.left_out) == set(files(masks))


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


def test_classes_inside_of_numbered_pieces_stay() -> None:
    layout = understand(files(*(f"fold{i}/{k}/{{}}.jpg" for i in (1, 2) for k in ("cat", "dog"))))
    assert classes(layout) == {"cat": 40, "dog": 40}
    assert len(classes(understand(files("set1/{}.jpg", "part1/{}.jpg")))) == 2, "pieces of one kind only"


def test_words_that_file_names_begin_with_are_classes_where_it_is_asked_for() -> None:
    names = files("cat.{}.jpg", "dog.{}.jpg")
    layout = understand(names)
    assert layout.classes is None and "--labels names" in str(layout.decisions[-1])
    assert classes(understand(names, labels="names")) == {"cat": 20, "dog": 20}
    assert not understand(files("IMG_{}.jpg")).decisions, "one word is no class"


def test_the_same_pictures_in_sizes_that_files_are_named_by() -> None:
    for marks in (("_16x16", "_32x32", "_64x64"), ("", "@2x"), ("-small", "-large")):
        names = files(*(f"a{{}}{mark}.png" for mark in marks))
        sides = dict(zip(marks, (16, 32, 64), strict=False))
        layout = understand(names, sizes={n: (sides[m],) * 2 for m in marks for n in files(f"a{{}}{m}.png")})
        assert list(layout.names) == files(f"a{{}}{marks[-1]}.png"), marks


def test_thumbnails_beside_their_pictures_are_left_out() -> None:
    for thumbs in ("photos/thumbnails/{}.jpg", "thumbs/{}.jpg", "thumbs/{}_thumb.jpg"):
        names = files("photos/{}.jpg", thumbs)
        sizes = {name: (16, 16) if "thumb" in name else (96, 96) for name in names}
        assert list(understand(names, sizes=sizes).names) == files("photos/{}.jpg")
    alone = files("thumbs/{}.jpg", "cats/x{}.jpg")
    assert len(understand(alone, sizes=dict.fromkeys(alone, (64, 64))).names) == 40, "others are pictures of their own"


def test_a_class_of_masks_is_no_mask() -> None:
    assert classes(understand(files("mask/{}.jpg", "no_mask/{}.jpg"))) == {"mask": 20, "no_mask": 20}


def test_folders_that_only_number_their_files_are_no_classes() -> None:
    ffhq = [f"{i // 10 * 10:05d}/{i:05d}.png" for i in range(100)]
    stylegan = [f"{i // 10:05d}/img{i:08d}.png" for i in range(100)]
    signs = [f"{k:05d}/{i:05d}_{j:05d}.ppm" for k in range(4) for i in range(5) for j in range(3)]
    for names in (ffhq, stylegan):
        assert understand(names).classes is None
        assert len(classes(understand(names, labels="folders"))) == 10
    assert len(classes(understand(signs))) == 4
    assert len(classes(understand(files(*(f"{k}/{{}}.png" for k in range(10)))))) == 10


def test_a_wrapping_folder_a_stray_file_and_two_levels() -> None:
    wrapped = understand([*files("set/v1/a/{}.png", "set/v1/b/{}.png"), "set/logo.png"])
    assert classes(wrapped) == {"a": 20, "b": 20} and list(wrapped.left_out) == ["set/logo.png"]
    two = files(*(f"{k}/{i}/{{}}.png" for k in ("apple", "corn") for i in ("good", "bad")))
    assert set(classes(understand(two))) == {"apple/good", "apple/bad", "corn/good", "corn/bad"}
    assert classes(understand(two, labels="folders:1")) == {"apple": 40, "corn": 40}
    assert understand(two, labels="none").classes is None


def test_the_same_pictures_in_several_sizes_become_one_size() -> None:
    names = files(*(f"png/{side}/u{{}}.png" for side in (32, 72, 128, 512)))
    sizes = {name: (int(name.split("/")[1]),) * 2 for name in names}
    layout = understand(names, sizes=sizes)
    assert all(name.startswith("png/72/") for name in layout.names) and len(layout.left_out) == 60
    assert len(understand(names, sizes=sizes, only="*/128/*").names) == 20
    same = dict.fromkeys(names, (64, 64))
    assert len(understand(names, sizes=same).names) == 80, "folders called by numbers, of one size, are classes"


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="--labels"):
        understand(["a/1.png"], labels="folders:0")


# Any names

_NAMES = st.lists(
    st.lists(
        st.sampled_from(
            ["train", "test1", "val2017", "a", "b", "images", "masks", "00000", "01000", "64", "128", "ü\u202e"]
        ),
        max_size=3,
    ).map(lambda folders: "/".join(folders)),
    min_size=1,
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(
    _NAMES, st.sampled_from(["auto", "folders", "folders:1", "folders:2", "none"]), st.sampled_from(["auto", "none"])
)
def test_every_name_is_used_once_or_left_out_with_a_reason(folders: list[str], labels: str, splits: str) -> None:
    names = [f"{folder}/{i:05d}.png".lstrip("/") for i, folder in enumerate(folders)]
    layout = understand(names, sizes=dict.fromkeys(names, (64, 64)), labels=labels, splits=splits)
    assert sorted([*layout.names, *layout.left_out]) == sorted(names)
    assert len(layout.parts) == len(layout.names) and set(layout.parts) <= {TRAIN, VALID, TEST}
    assert layout.classes is None or (len(layout.classes) == len(layout.names) and labels != "none")
    assert splits == "auto" or set(layout.parts) <= {TRAIN}
    assert all(layout.left_out.values()) and all("--" in str(decision) for decision in layout.decisions)
    again = understand(names, sizes=dict.fromkeys(names, (64, 64)), labels=labels, splits=splits)
    assert again == layout
