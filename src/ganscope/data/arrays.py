"""Images that come as arrays: `.npy`, `.npz` and IDX files (plain or gzip).

Legend: N images, C channels, H height, W width. What is given back is `(N, C, H, W) uint8` with C 1 or 3.
Nothing is unpickled: an array of Python objects is refused.
"""

from __future__ import annotations

import gzip
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ganscope.arraytypes import I64, U8
from ganscope.errors import DataError

AnyArray = npt.NDArray[Any]

IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_SHAPES = "(N, H, W), (N, H, W, C) or (N, C, H, W), with C 1, 3 or 4"
_IMAGE_KEYS, _LABEL_KEYS = ("images", "x_train", "x", "arr_0"), ("labels", "y_train", "y")
_TEST_IMAGE_KEYS, _TEST_LABEL_KEYS = ("test_images", "x_test"), ("test_labels", "y_test")


@dataclass(frozen=True)
class ArrayPart:
    """Images `(N, C, H, W) uint8` and, where there are any, labels `(N,)` of any integer or text type."""

    images: U8
    labels: AnyArray | None


def read_idx(path: Path) -> AnyArray:
    """The array of one IDX file (MNIST's format), plain or gzip. Raises `DataError` where header and content differ."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.GzipFile(path) if packed else path.open("rb") as stream:
            head = stream.read(4)
            if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in IDX_TYPES or not 1 <= head[3] <= 4:
                raise DataError(f"{path} is not an IDX file", found=f"it starts with {head!r}")
            dtype = np.dtype(IDX_TYPES[head[2]])
            shape = tuple(int(n) for n in np.frombuffer(stream.read(4 * head[3]), ">u4"))
            stated = math.prod(shape) * dtype.itemsize
            # One byte more than stated shows that there is too much; and never more than the file could hold, whatever
            # its header claims (gzip shrinks at most 1032-fold).
            content = stream.read(min(stated, path.stat().st_size * (1032 if packed else 1)) + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        todo = "copy or download it again"
        raise DataError(f"{path} is cut short or damaged", found=str(error), todo=todo) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read", found=str(error)) from error
    except MemoryError as error:
        raise DataError(f"{path} does not fit in the memory", found=f"shape {shape}") from error
    if len(content) != stated:
        more = "more than " if len(content) > stated else "only "
        raise DataError(
            f"{path} does not hold what its header says",
            found=f"shape {shape} needs {stated:,} bytes, there are {more}{min(len(content), stated):,}",
            todo="copy or download it again",
        )
    return np.frombuffer(content, dtype).reshape(shape)


def read_numpy(path: Path) -> tuple[ArrayPart, ArrayPart | None]:
    """The training part and, where the file has one, the test part of a `.npy` or `.npz` file.

    Keys of an `.npz`: `images` or `x_train` or `x` or `arr_0`, with `labels`, `y_train` or `y`; for a test part
    `test_images` or `x_test` with `test_labels` or `y_test`; otherwise its only array. Raises `DataError`.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return ArrayPart(to_images(loaded, str(path)), None), None
        with loaded:
            return _parts(dict(loaded.items()), path)
    except DataError:
        raise
    except MemoryError as error:
        raise DataError(f"{path} does not fit in the memory", found=str(error)) from error
    except Exception as error:  # numpy and zipfile raise many kinds for damaged files
        text = str(error)
        todo = "save it as plain numbers" if "pickle" in text else "copy or save it again"
        raise DataError(f"{path} cannot be read as an array", found=text, todo=todo) from error


def to_images(array: AnyArray, name: str) -> U8:
    """An array of images in any accepted layout and range as `(N, C, H, W) uint8`, C 1 or 3.

    Layouts: (N, H, W), (N, H, W, C), (N, C, H, W) with C 1, 3 or 4 (transparency is laid over white). Where both of the
    last two fit, the one with square images is meant, else channels last. Values: integers in 0…255, booleans,
    floats in [0, 1] or, where any is negative, in [-1, 1]. Raises `DataError` for anything else.
    """
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise DataError(f"{name}: not an array of images", found=f"shape {array.shape}", todo=f"save it as {_SHAPES}")
    images = _to_uint8(array, name)
    if images.ndim == 3:
        images = images[:, None]
    elif _channels_last(images.shape, name):
        images = np.moveaxis(images, 3, 1)
    if images.shape[1] == 4:
        alpha = images[:, 3:].astype(np.uint16)
        images = ((images[:, :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(images)


def to_labels(labels: AnyArray, num_images: int, name: str) -> tuple[I64, tuple[str, ...]]:
    """Labels `(N,)` or `(N, 1)` of integers or text as `(N,) int64` in 0…K-1, and the K class names in sorted order."""
    if labels.shape == (num_images, 1):
        labels = labels[:, 0]
    if labels.shape != (num_images,):
        raise DataError(
            f"{name}: images and labels do not belong together",
            found=f"{num_images:,} images, labels of shape {labels.shape}",
            todo="give one label for each image",
        )
    if labels.dtype.kind == "f" and np.all(labels == np.floor(labels)):
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "iubUS":
        raise DataError(f"{name}: labels must be integers or text", found=f"type {labels.dtype}")
    values, index = np.unique(labels, return_inverse=True)
    names = tuple(v.decode("utf-8", "backslashreplace") if isinstance(v, bytes) else str(v) for v in values.tolist())
    return index.reshape(-1).astype(np.int64), names


def _parts(arrays: dict[str, AnyArray], path: Path) -> tuple[ArrayPart, ArrayPart | None]:
    images = _first(arrays, _IMAGE_KEYS)
    if images is None and len(arrays) == 1:
        images = next(iter(arrays.values()))
    if images is None:
        todo = f"name it one of {', '.join(_IMAGE_KEYS)}"
        raise DataError(f"{path}: which array holds the images?", found=f"keys {sorted(arrays)}", todo=todo)
    train = ArrayPart(to_images(images, str(path)), _first(arrays, _LABEL_KEYS))
    held_out = _first(arrays, _TEST_IMAGE_KEYS)
    if held_out is None:
        return train, None
    return train, ArrayPart(to_images(held_out, str(path)), _first(arrays, _TEST_LABEL_KEYS))


def _first(arrays: dict[str, AnyArray], keys: tuple[str, ...]) -> AnyArray | None:
    return next((arrays[key] for key in keys if key in arrays), None)


def _channels_last(shape: tuple[int, ...], name: str) -> bool:
    first, last = shape[1] in (1, 3, 4), shape[3] in (1, 3, 4)
    if not (first or last):
        raise DataError(f"{name}: no axis of channels", found=f"shape {shape}", todo=f"save it as {_SHAPES}")
    if first and last:
        return not (shape[2] == shape[3] and shape[1] != shape[2])
    return last


def _to_uint8(array: AnyArray, name: str) -> U8:
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind not in "iuf":
        raise DataError(f"{name}: not numbers", found=f"type {array.dtype}", todo="save it as uint8 or float32")
    low, high = float(array.min()), float(array.max())
    if array.dtype.kind in "iu":
        if low < 0 or high > 255:
            todo = "scale them and save uint8"
            raise DataError(f"{name}: integers outside 0…255", found=f"{low:g} to {high:g}", todo=todo)
        return array.astype(np.uint8)
    slack = 1e-3  # what arithmetic in half precision may add
    if not (-1 - slack <= low and high <= 1 + slack):
        todo = "divide by 255, or save as uint8"
        raise DataError(f"{name}: floats outside [0, 1] and [-1, 1]", found=f"{low:g} to {high:g}", todo=todo)
    out = np.empty(array.shape, np.uint8)
    scale, shift = (127.5, 127.5) if low < -slack else (255.0, 0.0)
    for start in range(0, len(array), 4096):  # in pieces: a float copy of everything could be eight times the data
        piece = array[start : start + 4096].astype(np.float64) * scale + shift
        out[start : start + 4096] = np.rint(np.clip(piece, 0, 255)).astype(np.uint8)
    return out
