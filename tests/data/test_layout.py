"""What names of files say: parts, classes, what is left out."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganscope.data.layout import Layout, understand
from ganscope.data.parts import TEST, TRAIN, VALID
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
        ("train2014", "test-dev2015", TEST), ("tr", "te", TEST),
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
