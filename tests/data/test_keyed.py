"""Which named arrays are images and labels."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from ganscope.data.arrays import image_array
from ganscope.data.keyed import by_keys, looks_keyed, part_and_kind
from ganscope.data.load import load_dataset
from ganscope.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 255, (30, 8, 8, 3)).astype(np.uint8)
LABELS = np.arange(30) % 3


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("x_train", ("train", "x")), ("X_test", ("test", "x")), ("trainLabels", ("train", "labels")),
        ("train_data", ("train", "data")), ("valImages", ("valid", "images")), ("arr_0", ("", "arr0")),
        ("latents_values", ("", "latentsvalues")),
    ],
)  # fmt: skip
def test_a_key_is_its_words(key: str, found: tuple[str, str]) -> None:
    assert part_and_kind(key) == found


def test_keys_that_say_nothing_are_told_by_their_shapes() -> None:
    for names in (("faces", "ids"), ("arr_0", "arr_1"), ("X", "klass")):
        train, test = by_keys(dict(zip(names, (PIXELS, LABELS), strict=True)), "f")
        assert test is None and train.labels is not None and train.labels.tolist() == LABELS.tolist(), names
    with pytest.raises(DataError, match="which array"):
        by_keys({"left": PIXELS, "right": PIXELS}, "f")
    numbered, _ = by_keys({"faces": PIXELS, "number": np.arange(30)}, "f")
    assert numbered.labels is None, "every image another number: no classes"


def test_parts_of_every_usual_name_and_validation_where_there_is_no_test() -> None:
    for held in ("x_test", "X_val", "valid_images", "testData"):
        train, test = by_keys({"x_train": PIXELS, "y_train": LABELS, held: PIXELS[:9]}, "f")
        assert len(train.images) == 30 and test is not None and len(test.images) == 9, held
    train, test = by_keys({"train_x": PIXELS, "val_x": PIXELS[:9], "test_x": PIXELS[:5]}, "f")
    assert test is not None and len(test.images) == 5


def test_one_hot_labels_are_classes_and_others_are_said_to_be_none() -> None:
    assert by_keys({"images": PIXELS, "labels": np.eye(3)[LABELS]}, "f")[0].labels.tolist() == LABELS.tolist()  # type: ignore[union-attr]
    for odd, why in (
        (np.ones((30, 14)), "14 values"), (LABELS + 0.5, "fractions"), (np.zeros((30, 2, 2)), "shape"),
    ):  # fmt: skip
        train, _ = by_keys({"images": PIXELS, "labels": odd}, "f")
        assert train.labels is None and why in train.label_note


def test_files_of_a_folder_are_keys_or_pictures(tmp_path: Path) -> None:
    assert looks_keyed(["X_train", "y_train"]) and looks_keyed(["images", "labels"])
    assert not looks_keyed(["cat", "dog"]) and not looks_keyed(["x"]) and not looks_keyed(["0", "1"])
    keyed, each = tmp_path / "keyed", tmp_path / "each"
    keyed.mkdir()
    np.save(keyed / "X_train.npy", PIXELS)
    np.save(keyed / "y_train.npy", LABELS)
    found = load_dataset(str(keyed), cache=tmp_path / "cache")
    assert found.train.class_names == ("0", "1", "2")
    for i, picture in enumerate(PIXELS[:20]):
        (each / f"k{i % 2}").mkdir(parents=True, exist_ok=True)
        np.save(each / f"k{i % 2}" / f"{i}.npy", picture)
    found = load_dataset(str(each), cache=tmp_path / "cache")
    assert found.train.class_names == ("k0", "k1") and found.train.images.shape == (18, 3, 8, 8)
    stored = {image.tobytes() for part in (found.train, found.test) for image in part.images}
    assert stored == {np.moveaxis(picture, 2, 0).tobytes() for picture in PIXELS[:20]}


def test_one_picture_is_no_set_and_the_last_axis_may_count() -> None:
    with pytest.raises(DataError, match="one picture"):
        image_array(PIXELS[0], "f")
    grey = PIXELS[..., 0]
    assert (image_array(np.moveaxis(grey, 0, 2), "f")[:][:, 0] == grey).all()


def test_flat_colours_of_both_orders() -> None:
    ramp = np.linspace(0, 255, 16)
    smooth = np.stack([np.add.outer(ramp, ramp) / 2, np.add.outer(ramp, 0 * ramp), np.add.outer(255 - ramp, 0 * ramp)])
    sets = np.stack([np.roll(smooth, k, axis=1) for k in range(8)]).astype(np.uint8)  # (N, C, H, W)
    for flat in (sets.reshape(8, -1), np.moveaxis(sets, 1, 3).reshape(8, -1)):
        assert (image_array(flat, "f")[:] == sets).all()


def test_eight_bits_that_hold_two_values_are_black_and_white(tmp_path: Path) -> None:
    np.save(tmp_path / "dots.npy", (PIXELS[..., 0] > 128).astype(np.uint8))
    found = load_dataset(str(tmp_path / "dots.npy"), cache=tmp_path / "cache")
    assert set(np.unique(found.train.images)) == {0, 255} and "0 becomes black, 1 white" in str(found.decisions)


def test_mnists_kin_by_other_names(tmp_path: Path) -> None:
    for part, num in (("train", 30), ("test", 12)):
        for kind, array in (("images-idx3", PIXELS[:num, ..., 0]), ("labels-idx1", LABELS[:num])):
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            path = tmp_path / f"emnist-letters-{part}-{kind}-ubyte.gz"
            path.write_bytes(gzip.compress(head + array.astype(np.uint8).tobytes()))
    found = load_dataset(str(tmp_path), cache=tmp_path / "cache")
    assert (len(found.train.images), len(found.test.images)) == (30, 12) and len(found.train.class_names) == 3
