"""Images that come as arrays: what their axes mean, and their values as `uint8`, a block at a time.

Legend: N images, C channels, H height, W width. What is given out is `(n, C, H, W) uint8` with C 1, 3 or 4.
Nothing is unpickled: an array of Python objects is refused. An array is never copied whole: files are mapped.
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganscope.arraytypes import I64, U8
from ganscope.data.decode import GREY_TOLERANCE, MAX_PIXELS
from ganscope.data.fit import Scale, backdrop_facts, scaled
from ganscope.data.survey import NUM_SAMPLED, Backdrop, Facts, Values, backdrop_of
from ganscope.errors import DataError

AnyArray = npt.NDArray[Any]

IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
BLOCK = 1024  # images looked at together
FEW_LEVELS = 32  # 8-bit values all below this are 0 to 1, or 0 to 16: no pictures of 256 levels
MAX_IMAGES = 10_000_000
_SHAPES = "(N, H, W), (N, H, W, C) or (N, C, H, W), with C 1, 3 or 4"
# Axes of the four orders in which pictures are stored, as they become (N, C, H, W); flat pictures are unrolled first.
_LAST, _FIRST, _GREY, _MATLAB = (0, 3, 1, 2), (0, 1, 2, 3), (0,), (3, 2, 0, 1)
_LAST_GREY = (2, 0, 1)


class ImageArray:
    """Arrays of images, each with axes in some order and values in some range, as one `(N, C, H, W) uint8`.

    Indexed by a number, a slice or indices, it gives what numpy would: only those images are read and converted.
    `scale`: what becomes 0 and 255 of values that are not uint8; None: as they are (booleans 0 and 255).
    """

    def __init__(self, parts: Sequence[tuple[AnyArray, tuple[int, ...], tuple[int, ...]]], scale: Scale | None) -> None:
        self._parts, self.scale = list(parts), scale
        self._ends = np.cumsum([raw.shape[order[0]] for raw, order, _ in self._parts])
        self.shape = (int(self._ends[-1]), *self._parts[0][2])
        self.dtype = np.dtype(np.uint8)

    @property
    def raw_dtype(self) -> np.dtype[Any]:
        return np.result_type(*(raw.dtype for raw, _, _ in self._parts))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> U8:
        if isinstance(index, int | np.integer):
            out: U8 = self[[int(index)]][0]
            return out
        if isinstance(index, slice):
            index = np.arange(*index.indices(len(self)))
        wanted = np.asarray(index)
        return self._converted(self.raw(wanted))

    def raw(self, wanted: I64) -> AnyArray:
        """The stored values of the images `wanted` (n,), as `(n, C, H, W)`."""
        which = np.searchsorted(self._ends, wanted, side="right")
        out = np.empty((len(wanted), *self.shape[1:]), self.raw_dtype)
        for number in np.unique(which):
            raw, order, shape = self._parts[number]
            there = np.flatnonzero(which == number)
            rows = wanted[there] - (self._ends[number] - raw.shape[order[0]])
            block = np.take(raw, rows, axis=order[0])
            block = block.transpose(order) if len(order) > 1 else block
            out[there] = block.reshape(len(there), *shape)
        return out

    def values(self) -> Values | None:
        """The range of all finite values; None where they are uint8 or booleans. Raises `DataError` for no numbers."""
        if self.raw_dtype.kind == "b":
            return None
        if self.raw_dtype == np.uint8:
            highest = 0
            for start in range(0, len(self), BLOCK):
                highest = max(highest, int(self.raw(np.arange(start, min(start + BLOCK, len(self)))).max()))
                if highest >= FEW_LEVELS:
                    return None
            return Values(0.0, float(highest), False, len(self)) if highest else None
        low, high, floats, holes = math.inf, -math.inf, self.raw_dtype.kind == "f", 0
        for start in range(0, len(self), BLOCK):
            block = self.raw(np.arange(start, min(start + BLOCK, len(self))))
            finite = block[np.isfinite(block)] if floats else block
            holes += block.size - finite.size
            if finite.size:
                low, high = min(low, float(finite.min())), max(high, float(finite.max()))
        if low > high:
            found = "NaN or infinity in every place"
            raise DataError("no value is a finite number", found=found, todo="save real numbers")
        return Values(low, high, floats, len(self), holes)

    def with_scale(self, scale: Scale | None) -> ImageArray:
        return ImageArray(self._parts, scale)

    def joined(self, other: ImageArray, name: str) -> ImageArray:
        """Both, one after the other. Raises `DataError` where their pictures differ in shape."""
        if self.shape[1:] != other.shape[1:]:
            found = f"{self.shape} and {other.shape}"
            raise DataError(f"{name}: its arrays differ in shape", found=found, todo="save pictures of one size")
        return ImageArray([*self._parts, *other._parts], self.scale)

    def _converted(self, block: AnyArray) -> U8:
        if block.dtype == np.uint8 and self.scale is None:
            return block
        if block.dtype.kind == "b":
            return block.astype(np.uint8) * np.uint8(255)
        return scaled(block, self.scale or (0.0, 255.0))


@dataclass(frozen=True)
class ArrayPart:
    """Images and, where there are any, labels `(N,)` of any integer or text type."""

    images: ImageArray
    labels: AnyArray | None
    label_note: str = ""  # where the labels come from; without labels: which were passed by, and why


def is_one_picture(array: Any) -> bool:
    """Whether an array is one picture in colour, by its last axis, and not many small ones."""
    return array.ndim == 3 and array.shape[2] in (3, 4) and min(array.shape[:2]) >= 8


def image_array(array: AnyArray, name: str) -> ImageArray:
    """As `_image_array`; and no picture so large, nor so many, that reading them would never end."""
    images = _image_array(array, name)
    num, height, width = images.shape[0], *images.shape[2:]
    if height * width > MAX_PIXELS or num > MAX_IMAGES:
        found = f"{num:,} pictures of {height:,} × {width:,} pixels"
        todo = f"give at most {MAX_IMAGES:,} pictures of at most {MAX_PIXELS:,} pixels"
        raise DataError(f"{name}: too large", found=found, todo=todo)
    return images


def _image_array(array: AnyArray, name: str) -> ImageArray:
    """An array of images in any accepted layout. Raises `DataError` for anything else.

    Layouts: (N, H, W), (N, H, W, C), (N, C, H, W) with C 1, 3 or 4; (H, W, C, N) as MATLAB stores it, and (H, W, N)
    where H and W are equal and N is not; (N, P) with P a square, or 3 times one: colour planes one after the other, or
    the colours of each pixel together, as the values tell.
    Where (N, C, H, W) and (N, H, W, C) both fit, the one with square images is meant, else channels last.
    """
    if array.dtype.kind not in "biuf":
        raise DataError(f"{name}: not numbers", found=f"type {array.dtype}", todo="save it as uint8 or float32")
    shape = array.shape
    if 0 in shape or array.ndim not in (2, 3, 4):
        raise DataError(f"{name}: not an array of images", found=f"shape {shape}", todo=f"save it as {_SHAPES}")
    if array.ndim == 2:
        side, colours = math.isqrt(shape[1]), math.isqrt(shape[1] // 3)
        if side * side == shape[1] and side > 1:
            return ImageArray([(array, _GREY, (1, side, side))], None)
        if 3 * colours * colours == shape[1] and colours > 1:
            if isinstance(array, np.ndarray) and _interleaved(array):
                return ImageArray([(array.reshape(-1, colours, colours, 3), _LAST, (3, colours, colours))], None)
            return ImageArray([(array, _GREY, (3, colours, colours))], None)
        found = f"shape {shape}, and {shape[1]} is no square of a side"
        raise DataError(f"{name}: flat pictures of no known shape", found=found, todo=f"save it as {_SHAPES}")
    if is_one_picture(array):
        todo = "save many as (N, H, W, C), or give the folder of such files"
        raise DataError(f"{name}: one picture, not a set of them", found=f"shape {shape}", todo=todo)
    if array.ndim == 3 and shape[0] == shape[1] != shape[2] and shape[2] >= 8:
        return ImageArray([(array, _LAST_GREY, (1, *shape[:2]))], None)
    if array.ndim == 3:
        return ImageArray([(array, _GREY, (1, *shape[1:]))], None)
    first, last = shape[1] in (1, 3, 4), shape[3] in (1, 3, 4)
    if not (first or last):
        if shape[2] in (1, 3, 4) and shape[0] == shape[1]:
            return ImageArray([(array, _MATLAB, (shape[2], shape[0], shape[1]))], None)
        raise DataError(f"{name}: no axis of channels", found=f"shape {shape}", todo=f"save it as {_SHAPES}")
    if last and not (first and shape[2] == shape[3] and shape[1] != shape[2]):
        return ImageArray([(array, _LAST, (shape[3], shape[1], shape[2]))], None)
    return ImageArray([(array, _FIRST, shape[1:])], None)


def _interleaved(flat: AnyArray) -> bool:
    """Whether flat colour pictures `(N, P)` keep the colours of a pixel together: the third neighbour is nearer."""
    rows = np.asarray(flat[:: max(1, len(flat) // 64)][:64], np.float64)
    with np.errstate(invalid="ignore"):
        near, third = np.abs(rows[:, 1:] - rows[:, :-1]), np.abs(rows[:, 3:] - rows[:, :-3])
    return bool(np.nanmean(third) < 0.8 * np.nanmean(near))


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
    except (EOFError, zlib.error, gzip.BadGzipFile, ValueError) as error:
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


def array_facts(images: ImageArray) -> Facts:
    """What is decided from: no image has any colour where R = G = B within 2 of 255 levels."""
    values = images.values()
    channels, height, width = images.shape[1:]
    tolerance = GREY_TOLERANCE * (1.0 if values is None else (values.high - values.low) / 255)
    grey = True
    for start in range(0, len(images) if channels > 1 else 0, BLOCK):
        block = images.raw(np.arange(start, min(start + BLOCK, len(images))))[:, :3]
        with np.errstate(over="ignore", invalid="ignore"):  # of infinities
            spread = block.max(axis=1).astype(np.float64) - block.min(axis=1)
        if (spread[np.isfinite(spread)] > tolerance).any():
            grey = False
            break
    backdrop = Backdrop()
    if channels == 4 and images.raw_dtype == np.uint8:
        sample = images[np.unique(np.linspace(0, len(images) - 1, NUM_SAMPLED).astype(np.int64))]
        pictures = (Image.fromarray(np.ascontiguousarray(np.moveaxis(image, 0, 2))) for image in sample)
        backdrop = backdrop_of([backdrop_facts(picture) for picture in pictures])
    return Facts(Counter({(width, height): len(images)}), grey, values, backdrop)
