"""Images of any library, layout and range as `(N, C, H, W) uint8`: what was found is said, what cannot be is an error.

Legend: N images, C channels (1 or 3 after reading), H height, W width, S side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganscope.arraytypes import U8
from ganscope.errors import DataError

SLACK = 0.05  # beyond a range, as a share of its width: what resizing with Lanczos or a linear last layer may add


@dataclass(frozen=True)
class Range:
    """The values that black and white have."""

    low: float
    high: float

    def __str__(self) -> str:
        return "0 to 255" if self == BYTES else f"[{self.low:g}, {self.high:g}]"

    def holds(self, low: float, high: float) -> bool:
        """Whether values from `low` to `high` lie in it, but for `SLACK`."""
        room = SLACK * (self.high - self.low)
        return self.low - room <= low and high <= self.high + room

    def to_uint8(self, values: np.ndarray) -> U8:
        """Values of any shape as levels 0 … 255, cut off at the ends; what is no number becomes mid-grey."""
        if values.dtype == np.uint8 and self == BYTES:
            return values
        out = np.empty(values.shape, np.uint8)
        middle = (self.low + self.high) / 2
        for start in range(0, len(values), 1024):  # in pieces: a float copy of everything could be four times the data
            piece = np.nan_to_num(
                values[start : start + 1024].astype(np.float32), nan=middle, posinf=self.high, neginf=self.low
            )
            scaled = (piece - self.low) * (255.0 / (self.high - self.low))
            out[start : start + 1024] = np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)
        return out


BYTES, UNIT, SIGNED = Range(0.0, 255.0), Range(0.0, 1.0), Range(-1.0, 1.0)


def as_array(thing: Any) -> np.ndarray:
    """A tensor of torch, TensorFlow or JAX, on any device, a picture of Pillow, or a list, as an array.

    Raises:
        DataError: it holds no numbers.
    """
    if hasattr(thing, "detach"):  # torch
        thing = thing.detach()
        thing = thing.float() if str(thing.dtype) in ("torch.bfloat16", "torch.float16") else thing
        return np.asarray(thing.cpu().numpy())
    if hasattr(thing, "convert") and hasattr(thing, "getbands"):  # Pillow
        thing = thing.convert("L" if len(thing.getbands()) == 1 and thing.mode != "P" else "RGB")
    array = np.asarray(thing.numpy() if hasattr(thing, "numpy") and not isinstance(thing, np.ndarray) else thing)
    if array.dtype.kind in "biuf":
        return array
    try:
        return array.astype(np.float32)  # JAX's bfloat16 is a type of its own
    except (TypeError, ValueError) as error:
        raise DataError("not an array of numbers", found=f"type {type(thing).__name__}, {array.dtype}") from error


def extremes(values: np.ndarray) -> tuple[float, float]:
    """The smallest and the largest number; NaN where there is none."""
    if values.dtype.kind != "f":
        return (float(values.min()), float(values.max())) if values.size else (math.nan, math.nan)
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (math.nan, math.nan)


def range_of(values: np.ndarray, what: str = "the real images") -> Range:
    """The range that values lie in: 0 to 255, [0, 1] or [-1, 1].

    Raises:
        DataError: none of them, as after a normalisation by mean and deviation, which no generator's tanh can meet.
    """
    low, high = extremes(values)
    if math.isnan(low):
        raise DataError(f"{what} hold no numbers", found=f"shape {values.shape}")
    if values.dtype.kind == "b":
        return UNIT
    if values.dtype.kind in "iu":
        if low >= 0 and high <= 255:
            return UNIT if values.dtype != np.uint8 and high <= 1 else BYTES
    else:
        for known in (UNIT, SIGNED):
            if known.holds(low, high):
                return known
        if low >= 0 and 2 < high <= 255.5:
            return BYTES
    width = high - low
    guess = (
        f"; as if normalised by mean {-low / width:.3g} and deviation {1 / width:.3g}" if low < 0 < high < 20 else ""
    )
    raise DataError(
        f"{what} have no range that a generator's tanh or sigmoid can share",
        found=f"values from {low:.4g} to {high:.4g}{guess}",
        todo="scale them to [-1, 1] for a G that ends in tanh, or [0, 1] for a sigmoid: Normalize(0.5, 0.5); or, where "
        f"G has no such end, name the values of black and white: value_range=({low:.4g}, {high:.4g})",
    )


def channels_first(array: np.ndarray, like: tuple[int, int, int] | None = None, what: str = "images") -> np.ndarray:
    """Images in any layout as `(N, C, H, W)`, values untouched.

    Args:
        array: (N, C, H, W), (N, H, W, C), (N, H, W), or (N, D) with each image in one row.
        like: the `(C, H, W)` of the reals, which settles what a shape leaves open.

    Raises:
        DataError: no such layout.
    """
    shape = array.shape
    if array.ndim == 2 and (flat := like if like and math.prod(like) == shape[1] else flat_shape(shape[1])):
        return array.reshape(-1, *flat)
    if array.ndim == 3:
        return array[:, None]
    if array.ndim != 4:
        layouts = "(N, C, H, W), (N, H, W, C), (N, H, W) or (N, D)"
        raise DataError(f"{what} have no layout that is known", found=f"shape {shape}", todo=f"give {layouts}")
    first, last = shape[1] in (1, 3, 4), shape[3] in (1, 3, 4)
    if like is not None and first and last:
        last = shape[1:] == (like[1], like[2], like[0]) and shape[1:] != like
    elif first and last:
        last = not (shape[2] == shape[3] and shape[1] != shape[2])
    if not (first or last):
        raise DataError(f"{what} have no axis of 1, 3 or 4 channels", found=f"shape {shape}")
    return np.moveaxis(array, 3, 1) if last else array


def flat_shape(count: int) -> tuple[int, int, int] | None:
    """`(C, S, S)` of square images with `count` numbers, grey before colour; None where there are none."""
    for channels in (1, 3):
        side = math.isqrt(count // channels)
        if channels * side * side == count and side > 1:
            return channels, side, side
    return None


def over_white(images: U8) -> U8:
    """`(N, C, H, W) uint8` with transparency laid over white."""
    if images.shape[1] != 4:
        return np.ascontiguousarray(images)
    alpha = images[:, 3:].astype(np.uint16)
    return ((images[:, :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
