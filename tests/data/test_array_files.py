"""Files of arrays as people have them: well-known sets, matrices, tables; and pickles that would run something."""

from __future__ import annotations

import os
import pickle
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from ganscope.data.array_files import read_pickle
from ganscope.data.dataset import Dataset
from ganscope.data.load import load_dataset
from ganscope.errors import DataError

RNG = np.random.default_rng(0)


def by_row(dataset: Dataset) -> np.ndarray:
    """All images in the order of their source."""
    rows = np.concatenate([part.rows for part in (dataset.train, dataset.test) if part.rows is not None])
    images = np.concatenate([dataset.train.images, dataset.test.images])
    return images[np.argsort(rows)]


def names_by_row(dataset: Dataset) -> list[str]:
    parts = [part for part in (dataset.train, dataset.test) if part.rows is not None and part.labels is not None]
    pairs = [(row, part.class_names[k]) for part in parts for row, k in zip(part.rows, part.labels, strict=True)]  # type: ignore[arg-type]
    return [name for _, name in sorted(pairs)]


def cifar(path: Path, rows: np.ndarray, labels: list[int], key: str = "labels") -> None:
    with path.open("wb") as file:
        pickle.dump({"data": rows, key: labels, "filenames": ["x"] * len(labels)}, file, protocol=2)


@pytest.mark.parametrize("hundred", [False, True], ids=["cifar-10", "cifar-100"])
def test_cifar_python_batches(tmp_path: Path, hundred: bool) -> None:
    images = RNG.integers(0, 256, (30, 3, 32, 32), dtype=np.uint8)
    flat, labels = images.reshape(30, 3072), [i % 3 for i in range(30)]
    key = "fine_labels" if hundred else "labels"
    files = ["train", "test"] if hundred else ["data_batch_1", "data_batch_2", "test_batch"]
    cuts = [0, 20, 30] if hundred else [0, 10, 20, 30]
    for name, (start, stop) in zip(files, pairwise(cuts), strict=True):
        cifar(tmp_path / name, flat[start:stop], labels[start:stop], key)
    meta = {"fine_label_names" if hundred else "label_names": ["cat", "dog", "emu"]}
    (tmp_path / ("meta" if hundred else "batches.meta")).write_bytes(pickle.dumps(meta, protocol=2))
    data = load_dataset(str(tmp_path))
    np.testing.assert_array_equal(data.train.images, images[:20])
    np.testing.assert_array_equal(data.test.images, images[20:])
    assert data.train.class_names == ("cat", "dog", "emu") and names_by_row(data)[:4] == ["cat", "dog", "emu", "cat"]


def test_cifar_binary_batches(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (12, 3, 32, 32), dtype=np.uint8)
    labels = np.arange(12, dtype=np.uint8) % 2
    rows = np.concatenate([labels[:, None], images.reshape(12, -1)], axis=1)
    (tmp_path / "data_batch_1.bin").write_bytes(rows[:8].tobytes())
    (tmp_path / "test_batch.bin").write_bytes(rows[8:].tobytes())
    (tmp_path / "batches.meta.txt").write_text("plane\ncar\n\n")
    data = load_dataset(str(tmp_path))
    np.testing.assert_array_equal(data.train.images, images[:8])
    assert data.train.class_names == ("car", "plane") and len(data.test.images) == 4


class Runs:
    """What a hostile pickle holds."""

    def __init__(self, call: Any, *arguments: Any) -> None:
        self.call = (call, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("call", [os.system, os.mkdir, eval, exec, print, __import__, Path, bytearray, getattr])
def test_a_pickle_that_would_run_something_is_refused_and_runs_nothing(
    tmp_path: Path, protocol: int, call: Any
) -> None:
    mark = tmp_path / "executed"
    argument = f"touch {mark}" if call is os.system else str(mark)
    payload = pickle.dumps({"data": Runs(call, argument), "labels": [1]}, protocol=protocol)
    (tmp_path / "data_batch_1").write_bytes(payload)
    with pytest.raises(DataError):
        read_pickle(tmp_path / "data_batch_1")
    with pytest.raises(DataError):
        load_dataset(str(tmp_path / "data_batch_1"))
    assert not mark.exists()


def test_a_codec_is_no_way_in(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"c_codecs\nencode\n(Vx\nVzip\ntR.")
    with pytest.raises(DataError, match="asks for code"):
        read_pickle(tmp_path / "p")
    (tmp_path / "q").write_bytes(pickle.dumps(b"\xff\x00bytes", protocol=2))  # Python 3's bytes for Python 2
    assert read_pickle(tmp_path / "q") == b"\xff\x00bytes"


def test_medmnist_keys(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (20, 28, 28, 3), dtype=np.uint8)
    labels = (np.arange(20) % 2)[:, None].astype(np.uint8)
    np.savez_compressed(
        tmp_path / "bloodmnist.npz", train_images=images[:12], train_labels=labels[:12], val_images=images[12:15],
        val_labels=labels[12:15], test_images=images[15:], test_labels=labels[15:],
    )  # fmt: skip
    data = load_dataset(str(tmp_path / "bloodmnist.npz"))
    np.testing.assert_array_equal(data.train.images, np.moveaxis(images[:12], 3, 1))
    np.testing.assert_array_equal(data.test.images, np.moveaxis(images[15:], 3, 1))
    assert data.train.class_names == ("0", "1")


def test_quickdraw_rows_and_a_folder_of_them(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (2, 15, 28, 28), dtype=np.uint8)
    for name, part in zip(("cat", "owl"), images, strict=True):
        np.save(tmp_path / f"full_numpy_bitmap_{name}.npy", part.reshape(15, 784))
    one = load_dataset(str(tmp_path / "full_numpy_bitmap_cat.npy"))
    np.testing.assert_array_equal(by_row(one)[:, 0], images[0])
    both = load_dataset(str(tmp_path))
    np.testing.assert_array_equal(by_row(both)[:, 0], images.reshape(30, 28, 28))
    assert both.train.class_names == ("cat", "owl") and names_by_row(both) == ["cat"] * 15 + ["owl"] * 15


def test_svhn_matrices(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    labels = (np.arange(40) % 10 + 1).astype(np.uint8)
    for name, rows in (("train_32x32.mat", slice(0, 30)), ("test_32x32.mat", slice(30, 40))):
        savemat(tmp_path / name, {"X": images[rows].transpose(1, 2, 3, 0), "y": labels[rows, None]})
    data = load_dataset(str(tmp_path))
    np.testing.assert_array_equal(data.train.images, np.moveaxis(images[:30], 3, 1))
    assert data.train.class_names == tuple("0123456789") and names_by_row(data)[9] == "0"
    assert len(by_row(load_dataset(str(tmp_path / "train_32x32.mat")))) == 30


def test_a_table_of_pixels(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (20, 8, 8), dtype=np.uint8)
    head = ",".join(["label", *(f"pixel{i}" for i in range(64))])
    rows = [",".join(map(str, [i % 2, *image.ravel()])) for i, image in enumerate(images)]
    (tmp_path / "train.csv").write_text("\n".join([head, *rows]))
    for path in (tmp_path / "train.csv", tmp_path):
        data = load_dataset(str(path))
        np.testing.assert_array_equal(by_row(data)[:, 0], images)
        assert names_by_row(data)[:3] == ["0", "1", "0"]


def test_hdf5(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="h5py is in the test extra")
    images = RNG.integers(0, 256, (3000, 8, 8, 3), dtype=np.uint8)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["train/images"] = images
        file["images"] = images
        file["labels"] = np.arange(3000) % 4
    data = load_dataset(str(tmp_path / "a.h5"))
    np.testing.assert_array_equal(by_row(data), np.moveaxis(images, 3, 1))
    assert data.train.class_names == tuple("0123")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([0, 100, 400], np.uint16), [0, 64, 255]), (np.array([0.0, 127.0, 255.0]), [0, 127, 255]),
        (np.array([-2.0, 0.0, 2.0]), [0, 128, 255]), (np.array([0.0, 0.5, 1.0], np.float16), [0, 128, 255]),
        (np.array([-1.0, 0.0, 1.0]), [0, 128, 255]), (np.array([False, True, True]), [0, 255, 255]),
        (np.array([0.0, np.nan, 3.0]), [0, 0, 255]),
    ],
)  # fmt: skip
def test_values_are_scaled_by_the_range_of_the_whole_set(
    tmp_path: Path, values: np.ndarray, expected: list[int]
) -> None:
    images = np.zeros((9, 8, 8), values.dtype)
    images[:, :, :] = values[0]
    images[3, 2, 2], images[7, 5, 5] = values[1], values[2]
    np.save(tmp_path / "a.npy", images)
    out = by_row(load_dataset(str(tmp_path / "a.npy")))
    assert [int(out[0, 0, 0, 0]), int(out[3, 0, 2, 2]), int(out[7, 0, 5, 5])] == expected


def test_nothing_but_nan_is_said_as_such(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full((3, 8, 8), np.nan))
    with pytest.raises(DataError, match="no value is a finite number"):
        load_dataset(str(tmp_path / "a.npy"))


def test_values_that_are_no_numbers_are_counted(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((9, 8, 8)).astype(np.float32)
    images[2, 3, 3], images[4, 0, :3] = np.nan, np.inf
    np.save(tmp_path / "a.npy", images)
    found = load_dataset(str(tmp_path / "a.npy"))
    assert any("4 values are no numbers and become black" in text for text in found.decisions)


def test_transparent_arrays_get_a_background(tmp_path: Path) -> None:
    images = np.zeros((6, 8, 8, 4), np.uint8)
    for i in range(6):
        images[i, i : i + 2, 2:5] = 255
    np.save(tmp_path / "a.npy", images)
    assert {int(image.max()) for image in load_dataset(str(tmp_path / "a.npy")).train.images} == {255}
    assert all(int(np.median(image)) == 0 for image in load_dataset(str(tmp_path / "a.npy")).train.images)
    assert load_dataset(str(tmp_path / "a.npy"), channels=4).train.images.shape[1] == 4


def test_a_large_member_is_unpacked_to_the_disk_and_a_bomb_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ganscope.data import array_files

    np.savez_compressed(tmp_path / "zeros.npz", images=np.zeros((2000, 64, 64), np.uint8))
    monkeypatch.setattr(array_files, "RATIO_FREE_BYTES", 2**20)
    with pytest.raises(DataError, match="archive bomb"):
        load_dataset(str(tmp_path / "zeros.npz"))
    with zipfile.ZipFile(tmp_path / "cut.npz", "w") as archive:
        archive.writestr("images.npy", (tmp_path / "zeros.npz").read_bytes()[:100])
    with pytest.raises(DataError):
        load_dataset(str(tmp_path / "cut.npz"))
