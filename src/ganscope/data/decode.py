"""One image file in, one uint8 array out, or the reason why not.

Legend: C channels, H height, W width. Arrays are `(C, H, W) uint8`.

What is done to the pixels, in this order: the first frame of an animation is taken; the EXIF orientation is applied;
16-bit grey is scaled by 1/257; palettes become colours; CMYK and other spaces become RGB; transparency is laid over
white; the largest centred square is cut out and resized with an antialiased Lanczos filter.

Only formats whose Pillow decoder runs no other program are opened (EPS, which starts Ghostscript, is not among them).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from ganscope.arraytypes import U8
from ganscope.errors import DataError

MAX_PIXELS = 89_478_485  # Pillow's own limit: a quarter of a GiB at 3 bytes a pixel
MAX_FILE_BYTES = 256 * 2**20
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".avif"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".jp2"}
)
GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "WEBP", "TIFF", "PPM", "TGA", "MPO", "AVIF", "JPEG2000")
_GREY_TOLERANCE = 2  # levels: what JPEG's rounding adds to a grey picture stored as colour
_ORIENTATION = 0x0112
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Header:
    """What a file says about itself before its pixels are decoded."""

    format: str  # Pillow's name: JPEG, PNG, …
    mode: str  # Pillow's name of the stored pixels: L, RGB, P, CMYK, I;16, …
    width: int  # pixels, as seen: after the EXIF rotation
    height: int
    animated: bool


def is_image_name(name: str) -> bool:
    """Whether a file of this name is tried as an image: a known suffix, or none at all; hidden files are not."""
    parts = name.replace("\\", "/").split("/")
    if any(part.startswith(".") and part not in (".", "..") for part in parts) or "__MACOSX" in parts:
        return False
    suffix = Path(parts[-1]).suffix.lower()
    return suffix in SUFFIXES or not suffix


def read_header(source: bytes | Path) -> Header:
    """The header of an image in memory or in a file; its pixels are not decoded. Raises `DataError` with the reason."""
    with _opened(source) as image:
        width, height = image.size
        if _orientation(image) >= 5:
            width, height = height, width
        animated = bool(getattr(image, "is_animated", False))
        return Header(image.format or "?", image.mode, width, height, animated)


def decode(source: bytes | Path, *, size: int, channels: int) -> U8:
    """The image as `(channels, size, size) uint8`, channels 1 (grey) or 3 (RGB).

    Raises `DataError`, its `what` one short reason: empty, not an image, cut short, a decompression bomb, damaged.
    """
    with _opened(source) as image:
        # A JPEG at least twice too large is decoded at 1/2, 1/4 or 1/8: much faster, and still antialiased below.
        image.draft(None, (2 * size, 2 * size))
        return _fit(_upright(image), size, channels)


def is_grey(source: bytes | Path) -> bool:
    """Whether the picture has no colour: a grey mode, or R = G = B within 2 levels in every pixel looked at.

    A JPEG is looked at in 1/8 size. Raises `DataError` as `decode` does.
    """
    with _opened(source) as image:
        if image.mode in GREY_MODES:
            return True
        image.draft(None, (16, 16))
        pixels = np.asarray(_flat(image))
    if pixels.ndim == 2:
        return True
    spread = pixels.max(axis=2).astype(np.int16) - pixels.min(axis=2)
    return bool(spread.max() <= _GREY_TOLERANCE)


def fit_array(image: U8, *, size: int, channels: int) -> U8:
    """An array `(C, H, W) uint8`, C 1 or 3, as `(channels, size, size) uint8`, cut and resized like a file."""
    if image.shape == (channels, size, size):
        return image
    pixels = image[0] if image.shape[0] == 1 else np.ascontiguousarray(np.moveaxis(image, 0, 2))
    return _fit(Image.fromarray(pixels), size, channels)


@contextmanager
def _opened(source: bytes | Path) -> Iterator[Image.Image]:
    """The open image; everything that goes wrong inside the block becomes a `DataError` with one short reason."""
    try:
        num_bytes = len(source) if isinstance(source, bytes) else source.stat().st_size
        if num_bytes == 0:
            raise DataError("empty: the file has 0 bytes")
        if num_bytes > MAX_FILE_BYTES:
            raise DataError(f"too large: {num_bytes / 2**20:,.0f} MiB in one file (limit {MAX_FILE_BYTES >> 20})")
        with Image.open(BytesIO(source) if isinstance(source, bytes) else source, formats=_known_formats()) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise DataError(f"decompression bomb: {width} × {height} pixels (limit {MAX_PIXELS:,})")
            yield image
    except DataError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(f"decompression bomb: more than {MAX_PIXELS:,} pixels") from error
    except UnidentifiedImageError as error:
        raise DataError(f"not an image, or damaged from the start: it starts with {_start(source)!r}") from error
    except (PermissionError, FileNotFoundError, IsADirectoryError) as error:
        raise DataError(f"cannot be opened: {error.strerror}") from error
    except MemoryError as error:
        raise DataError("too large for the memory") from error
    except Exception as error:  # a decoder fed with damaged bytes may raise anything; the file is to blame, not we
        text = " ".join(str(error).split()) or type(error).__name__
        reason = "cut short" if "truncated" in text.lower() or isinstance(error, EOFError) else "damaged"
        raise DataError(f"{reason}: {text[:120]}") from error


@cache
def _known_formats() -> list[str]:
    """The allowed formats that this build of Pillow has."""
    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]


def _start(source: bytes | Path) -> bytes:
    if isinstance(source, bytes):
        return source[:16]
    with source.open("rb") as file:
        return file.read(16)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken EXIF is no reason to lose the picture
        return 1


def _upright(image: Image.Image) -> Image.Image:
    turn = _TRANSPOSE.get(_orientation(image))
    flat = _flat(image)
    return flat if turn is None else flat.transpose(turn)


def _flat(image: Image.Image) -> Image.Image:
    """The image in mode L or RGB, transparency laid over white."""
    image.load()
    if image.mode in GREY_MODES and image.mode[0] in "IF":
        return Image.fromarray(_to_8_bits(np.asarray(image)))
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        grey = image.mode in GREY_MODES
        colour = image.convert("RGBA")
        white = Image.new("RGBA", colour.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, colour).convert("L" if grey else "RGB")
    if image.mode in GREY_MODES:
        return image.convert("L")
    return image.convert("RGB")


def _to_8_bits(pixels: npt.NDArray[np.generic]) -> U8:
    """Wide grey `(H, W)` to uint8: 16 bits by 1/257, floats in [0, 1] by 255, anything wider stretched to [0, 255]."""
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


def _fit(image: Image.Image, size: int, channels: int) -> U8:
    """Mode L or RGB to `(channels, size, size) uint8`."""
    image = image.convert("L" if channels == 1 else "RGB")
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    if (width, height) != (size, size):
        # The square is cut by the resize itself: scaling a 1 × 1,000,000 strip first would fill the memory.
        image = image.resize((size, size), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side))
    pixels = np.asarray(image)
    return pixels[None] if channels == 1 else np.ascontiguousarray(np.moveaxis(pixels, 2, 0))
