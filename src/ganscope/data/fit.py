"""Pixels made to fit: scaled to 8 bits, laid over a background, cut, padded or stretched.

Legend: C channels, H height, W width. Arrays and open pictures in and out; no file is read here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganscope.arraytypes import U8

Size = tuple[int, int]  # (H, W) in pixels
Colour = tuple[int, int, int]
Scale = tuple[float, float]  # the values that become 0 and 255
WHITE = (255, 255, 255)
_PIECE = 1 << 20
BACKGROUNDS: dict[str, Colour] = {"white": WHITE, "black": (0, 0, 0), "grey": (128, 128, 128)}
_VANISHED = 24.0  # mean difference from the background, in levels, below which a picture cannot be seen on it


def scaled(values: npt.NDArray[Any], scale: Scale) -> U8:
    """Numbers of any shape to uint8: `scale` becomes 0 and 255, what lies beyond is clipped, NaN becomes 0."""
    low, high = scale
    flat = values.reshape(-1)
    found = np.empty(flat.shape, np.uint8)
    with np.errstate(over="ignore", invalid="ignore"):  # of floats near the greatest there are
        _scale_pieces(flat, found, low, 255 / (high - low))
    return found.reshape(values.shape)


def _scale_pieces(flat: npt.NDArray[Any], found: U8, low: float, factor: float) -> None:
    for start in range(0, len(flat), _PIECE):  # in pieces: eight bytes a value of the whole could be gigabytes
        out = (flat[start : start + _PIECE].astype(np.float64) - low) * factor
        out = np.clip(np.nan_to_num(out, nan=0.0, posinf=255.0, neginf=0.0), 0, 255)
        found[start : start + _PIECE] = np.rint(out).astype(np.uint8)


def to_8_bits(pixels: npt.NDArray[Any]) -> U8:
    """Deep grey `(H, W)` by itself: 16 bits by 1/257, floats in [0, 1] by 255, anything wider stretched to [0, 255]."""
    values = np.nan_to_num(pixels.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if np.issubdtype(pixels.dtype, np.floating) and low >= 0 and high <= 1:
        values = values * 255
    elif np.issubdtype(pixels.dtype, np.floating) and low >= 0 and high <= 255:
        pass
    elif low >= 0 and high <= 65535:
        values = values / 257
    else:
        values = (values - low) * (255 / max(high - low, 1e-12))
    return np.rint(values).astype(np.uint8)


def fitted(image: Image.Image, size: Size, channels: int, fit: str, background: Colour) -> U8:
    """Mode L, RGB or RGBA to `(channels, H, W) uint8`."""
    image = image.convert({1: "L", 3: "RGB", 4: "RGBA"}[channels])
    height, width = size
    if image.size != (width, height):
        image = _padded(image, size, channels, background) if fit == "pad" else _resized(image, size, fit)
    pixels = np.asarray(image)
    if channels == 4:  # what cannot be seen has no colour of its own
        pixels = np.where(pixels[..., 3:] == 0, np.array([*background, 0], np.uint8), pixels)
    return pixels[None] if channels == 1 else np.ascontiguousarray(np.moveaxis(pixels, 2, 0))


def _resized(image: Image.Image, size: Size, fit: str) -> Image.Image:
    """The whole picture stretched, or the largest centred part of the right shape."""
    height, width = size
    own_width, own_height = image.size
    if fit == "stretch":
        box: tuple[float, float, float, float] = (0, 0, own_width, own_height)
    else:
        cut_width = max(1, min(own_width, own_height * width // height))
        cut_height = max(1, min(own_height, own_width * height // width))
        left, top = (own_width - cut_width) // 2, (own_height - cut_height) // 2
        box = (left, top, left + cut_width, top + cut_height)
    # The part is cut by the resize itself: scaling a 1 × 1,000,000 strip first would fill the memory.
    return image.resize((width, height), Image.Resampling.LANCZOS, box=box)


def _padded(image: Image.Image, size: Size, channels: int, background: Colour) -> Image.Image:
    """The whole picture in the middle, the background around it (nothing, where opacity is kept)."""
    height, width = size
    own_width, own_height = image.size
    factor = min(width / own_width, height / own_height)
    inner = (max(1, min(width, round(own_width * factor))), max(1, min(height, round(own_height * factor))))
    around: Any = {1: Image.new("RGB", (1, 1), background).convert("L").getpixel((0, 0)), 3: background}
    page = Image.new(image.mode, (width, height), (*background, 0) if channels == 4 else around[channels])
    part = image if inner == image.size else image.resize(inner, Image.Resampling.LANCZOS)
    page.paste(part, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return page


def backdrop_facts(image: Image.Image) -> tuple[bool, dict[str, bool], float]:
    """Whether a picture has transparent pixels, on which backgrounds it vanishes, and the grey level of its rim."""
    image.thumbnail((64, 64), Image.Resampling.BOX)
    pixels = np.asarray(image.convert("RGBA")).astype(np.float64)
    grey, seen = pixels[..., :3].mean(axis=2), pixels[..., 3] / 255
    rim = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    weight = seen.sum()
    if seen.min() > 0.98:
        return False, {}, float(rim.mean())
    lost = {}
    for name, colour in BACKGROUNDS.items():
        apart = np.abs(pixels[..., :3] - np.array(colour)).max(axis=2)
        lost[name] = bool(weight and (apart * seen).sum() / weight < _VANISHED)
    return True, lost, 0.0
