"""Arrays in every accepted layout and range, and the ones that are refused."""

from __future__ import annotations

import gzip
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganscope.data.array_files import read_npy, read_npz
from ganscope.data.arrays import image_array, read_idx, to_labels
from ganscope.data.load import load_dataset
from ganscope.errors import DataError, GanscopeError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (5, 6, 7), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (5, 3, 8, 8), dtype=np.uint8)


def to_images(array: np.ndarray, name: str) -> np.ndarray:
    return image_array(array, name)[:]


def test_layouts_all_become_channels_first() -> None:
    np.testing.assert_array_equal(to_images(GREY, "a"), GREY[:, None])
    np.testing.assert_array_equal(to_images(GREY[:, None], "a"), GREY[:, None])
    np.testing.assert_array_equal(to_images(GREY[..., None], "a"), GREY[:, None])
    np.testing.assert_array_equal(to_images(COLOUR, "a"), COLOUR)
    last = to_images(np.moveaxis(COLOUR, 1, 3), "a")
    np.testing.assert_array_equal(last, COLOUR)


def test_where_both_layouts_fit_the_square_one_is_meant() -> None:
    assert to_images(np.zeros((2, 3, 4, 4), np.uint8), "a").shape == (2, 3, 4, 4)
    assert to_images(np.zeros((2, 4, 4, 3), np.uint8), "a").shape == (2, 3, 4, 4)
    assert to_images(np.zeros((2, 3, 3, 3), np.uint8), "a").shape == (2, 3, 3, 3)


def test_any_choice_of_images_is_what_numpy_gives() -> None:
    joined = image_array(COLOUR, "a").joined(image_array(np.moveaxis(COLOUR, 1, 3), "b"), "c")
    whole = np.concatenate([COLOUR, COLOUR])
    np.testing.assert_array_equal(joined[:], whole)
    np.testing.assert_array_equal(joined[3], whole[3])
    for chosen in ([9, 0, 4, 5], [2], list(range(10))):
        np.testing.assert_array_equal(joined[np.array(chosen)], whole[chosen])
    np.testing.assert_array_equal(image_array(COLOUR.transpose(2, 3, 1, 0), "matlab")[:], COLOUR)
    np.testing.assert_array_equal(image_array(COLOUR.reshape(5, -1), "flat")[:], COLOUR)
    with pytest.raises(DataError, match="differ in shape"):
        joined.joined(image_array(GREY, "g"), "c")


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((4, 700), np.uint8), "flat pictures of no known shape"),
        (np.zeros((0, 8, 8), np.uint8), "not an array of images"),
        (np.zeros((4, 8, 8, 7), np.uint8), "no axis of channels"),
        (np.full((4, 8, 8), "a"), "not numbers"),
    ],
)
def test_what_is_not_images_is_refused(array: np.ndarray, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        to_images(array, "name")


def test_labels_become_0_to_k_with_names_in_order() -> None:
    labels, names = to_labels(np.array([7, 3, 7]), 3, "a")
    assert labels.tolist() == [1, 0, 1] and names == ("3", "7") and labels.dtype == np.int64
    labels, names = to_labels(np.array([["dog"], ["cat"]]), 2, "a")
    assert labels.tolist() == [1, 0] and names == ("cat", "dog")
    with pytest.raises(DataError, match="do not belong together"):
        to_labels(np.zeros(4), 3, "a")


def test_npz_by_its_usual_keys(tmp_path: Path) -> None:
    y = np.arange(5)
    for keys in (("images", "labels"), ("x", "y"), ("x_train", "y_train")):
        np.savez(tmp_path / "a.npz", **{keys[0]: GREY, keys[1]: y})
        train, test = read_npz(tmp_path / "a.npz")
        np.testing.assert_array_equal(train.images[:], GREY[:, None])
        assert train.labels is not None and train.labels.tolist() == y.tolist() and test is None
    np.savez(tmp_path / "a.npz", GREY)
    assert read_npz(tmp_path / "a.npz")[0].labels is None
    np.savez(tmp_path / "a.npz", x_train=GREY, x_test=GREY[:2])
    part = read_npz(tmp_path / "a.npz")[1]
    assert part is not None and len(part.images) == 2
    np.savez(tmp_path / "a.npz", first=GREY, second=GREY)
    with pytest.raises(DataError, match="which array holds the images"):
        read_npz(tmp_path / "a.npz")


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (pytest.fail, ("code from the file was run",))


def test_pickled_objects_are_refused_and_never_run(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([Evil()], object), allow_pickle=True)
    np.savez(tmp_path / "a.npz", images=np.array([Evil()], object))
    (tmp_path / "b.npy").write_bytes(pickle.dumps(Evil()))
    for name in ("a.npy", "a.npz", "b.npy"):
        with pytest.raises(DataError, match=r"cannot be read as an array|Python objects"):
            (read_npz if name.endswith("z") else read_npy)(tmp_path / name)


def test_a_truncated_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", GREY)
    data = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(data[:-10])
    with pytest.raises(DataError, match="cannot be read as an array"):
        read_npy(tmp_path / "a.npy")


def idx(array: np.ndarray, code: int = 8) -> bytes:
    return bytes([0, 0, code, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


def test_idx_plain_and_packed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(idx(GREY))
    (tmp_path / "b").write_bytes(gzip.compress(idx(GREY)))
    (tmp_path / "c").write_bytes(idx(np.array([1, -2], ">i4"), 0x0C))
    for name in ("a", "b"):
        np.testing.assert_array_equal(read_idx(tmp_path / name), GREY)
    assert read_idx(tmp_path / "c").tolist() == [1, -2]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (idx(GREY)[:-1], "does not hold what its header says"),
        (idx(GREY) + b"x", "does not hold what its header says"),
        (gzip.compress(idx(GREY))[:-20], "cut short or damaged"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "does not hold|does not fit"),
        (b"text of another kind", "not an IDX file"),
        (b"", "not an IDX file"),
    ],
)
def test_idx_that_disagrees_with_its_header_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(DataError, match=reason):
        read_idx(tmp_path / "a")


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["uint8", "bool", "int16", "uint16", "int32", "float16", "float32", "float64"]),
    st.sampled_from([(5, 8, 8), (5, 8, 8, 3), (5, 3, 8, 8), (5, 64), (8, 8, 3, 5), (5, 4, 8, 8), (1, 1, 1), (5, 9, 8)]),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_any_array_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, dtype: str, shape: tuple[int, ...], seed: int, holes: bool
) -> None:
    """Random bytes in any type: what is read lies in 0…255, keeps the order of brightness, and never warns."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    array = np.frombuffer(np.random.default_rng(seed).bytes(size), dtype).reshape(shape)
    if dtype == "bool":
        array = np.frombuffer(np.random.default_rng(seed).bytes(size), np.uint8).reshape(shape) > 99
    if holes and array.dtype.kind == "f":
        array = np.where(np.isfinite(array), array, np.nan)
    folder = tmp_path_factory.mktemp("any")
    np.save(folder / "a.npy", array)
    try:
        data = load_dataset(str(folder / "a.npy"), size=8, cache=folder / "cache")
    except DataError:
        return
    assert data.train.images.dtype == np.uint8 and data.train.images.shape[2:] == (8, 8)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([".npy", ".npz", ".mat", ".h5", ".parquet", ".arrow", ".csv", ".pkl"]),
       st.sampled_from([b"", b"\x93NUMPY\x01\x00v\x00", b"PK\x03\x04", b"MATLAB 5.0", b"\x89HDF\r\n\x1a\n", b"PAR1",
                        b"ARROW1\x00\x00", b"\x80\x04", b"\x00\x00\x08\x03"]))  # fmt: skip
def test_any_bytes_are_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str, magic: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    path = folder / f"data_batch_1{suffix}"
    path.write_bytes(magic + content)
    with pytest.raises(GanscopeError):
        load_dataset(str(path), cache=folder / "cache")
