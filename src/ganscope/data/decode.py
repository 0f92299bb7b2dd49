"""One image file in, one uint8 array out, or the reason why not.

Legend: C channels, H height, W width. Arrays are `(C, H, W) uint8`.

What is done to the pixels, in this order: the first frame of an animation is taken; the EXIF orientation is applied;
deep pixels (16 bits, floats) are scaled by the set's range; palettes become colours; CMYK and other spaces become RGB;
transparency is laid over a background, or kept as a fourth channel; the picture is made to fit, by cutting out its
centre, padding it or stretching it, and resized with an antialiased Lanczos filter.

Only formats whose Pillow decoder runs no other program are opened (EPS, which starts Ghostscript, is not among them).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from ganscope.arraytypes import U8
from ganscope.data.dicom import is_dicom, read_dicom
from ganscope.data.fit import WHITE, Colour, Scale, Size, backdrop_facts, fitted, scaled, to_8_bits
from ganscope.errors import DataError

MAX_PIXELS = 89_478_485  # Pillow's own limit: a quarter of a GiB at 3 bytes a pixel
MAX_DEEP_PIXELS = 33_554_432  # of 2 to 4 bytes a channel
MAX_FILE_BYTES = 256 * 2**20
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".avif"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".jp2", ".heic", ".heif", ".dcm", ".ico"}
)
_ALPHA_MODES = frozenset({"RGBA", "RGBa", "LA", "La", "PA"})
GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "WEBP", "TIFF", "PPM", "TGA", "MPO", "AVIF", "JPEG2000", "HEIF", "ICO")
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
GREY_TOLERANCE = 2  # levels: what JPEG's rounding adds to a grey picture stored as colour
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
    alpha: bool = False  # it may have transparent pixels
    deep: bool = False  # its pixels have more than 8 bits


class Recipe(NamedTuple):
    """How every image of a set is decoded."""

    size: int | Size  # a number: a square
    channels: int  # 1 grey, 3 colour, 4 colour and opacity
    fit: str = "crop"  # crop, pad or stretch
    background: Colour = WHITE
    scale: Scale | None = None  # of deep pixels; None: each picture's own range

    @property
    def side(self) -> Size:
        """(H, W)."""
        return _pair(self.size)

    def num_bytes(self) -> int:
        """Of one decoded image."""
        height, width = self.side
        return self.channels * height * width


def is_image_name(name: str) -> bool:
    """Whether a file of this name is tried as an image: a known suffix, or none at all; hidden files are not."""
    suffix = Path(name.replace("\\", "/").rsplit("/", 1)[-1]).suffix.lower()
    return not is_litter(name) and (suffix in SUFFIXES or not suffix)


def is_litter(name: str) -> bool:
    """Whether a file is what systems leave in folders: hidden, of a Mac's archive, a Windows index."""
    parts = name.replace("\\", "/").split("/")
    hidden = any(part.startswith(".") and part not in (".", "..") for part in parts)
    return hidden or "__MACOSX" in parts or parts[-1].lower() in ("thumbs.db", "desktop.ini", "icon\r")


def read_header(source: bytes | Path) -> Header:
    """The header of an image in memory or in a file; its pixels are not decoded. Raises `DataError` with the reason."""
    with _opened(source) as image:
        deep = _is_deep(image)  # before anything loads the pixels, after which the file's own form is forgotten
        width, height = image.size
        if _orientation(image) >= 5:
            width, height = height, width
        animated = bool(getattr(image, "is_animated", False))
        alpha = image.mode in _ALPHA_MODES or "transparency" in image.info
        return Header(image.format or "?", image.mode, width, height, animated, alpha, deep)


def decode(
    source: bytes | Path,
    *,
    size: int | Size,
    channels: int,
    fit: str = "crop",
    background: Colour = WHITE,
    scale: Scale | None = None,
) -> U8:
    """The image as `(channels, H, W) uint8`; the settings are those of `Recipe`.

    Raises `DataError`, its `what` one short reason: empty, not an image, cut short, a decompression bomb, damaged.
    """
    height, width = _pair(size)
    low_bytes = _low_bytes(source) if scale else None
    with _opened(source) as image:
        # A JPEG at least twice too large is decoded at 1/2, 1/4 or 1/8: much faster, and still antialiased below.
        image.draft(None, (2 * width, 2 * height))
        flat = _upright(image, None if channels == 4 else background, scale, low_bytes)
        return fitted(flat, (height, width), channels, fit, background)


def is_grey(source: bytes | Path) -> bool:
    """Whether the picture has no colour: a grey mode, or R = G = B within 2 levels in every pixel looked at.

    A JPEG is looked at in 1/8 size. Raises `DataError` as `decode` does.
    """
    with _opened(source) as image:
        if image.mode in GREY_MODES:
            return True
        image.draft(None, (16, 16))
        pixels = np.asarray(_flat(image, WHITE))
    if pixels.ndim == 2:
        return True
    spread = pixels.max(axis=2).astype(np.int16) - pixels.min(axis=2)
    return bool(spread.max() <= GREY_TOLERANCE)


def value_range(source: bytes | Path) -> tuple[float, float, bool]:
    """The smallest and the greatest finite pixel of a deep image, and whether they are floats. Raises `DataError`."""
    low_bytes = _low_bytes(source)
    with _opened(source) as image:
        image.load()
        pixels = _deep_pixels(image, low_bytes)
    floats = pixels.dtype.kind == "f"
    if floats and not np.isfinite(pixels).all():
        pixels = pixels[np.isfinite(pixels)]
    if not pixels.size:
        raise DataError("no pixel is a finite number")
    return float(pixels.min()), float(pixels.max()), floats


def fit_array(
    image: U8, *, size: int | Size, channels: int, fit: str = "crop", background: Colour = WHITE,
    scale: Scale | None = None,
) -> U8:  # fmt: skip
    """An array `(C, H, W) uint8`, C 1, 3 or 4, as `(channels, H, W) uint8`, made to fit like a file."""
    height, width = _pair(size)
    if image.shape == (channels, height, width) and channels != 4:
        return image
    pixels = image[0] if image.shape[0] == 1 else np.ascontiguousarray(np.moveaxis(image, 0, 2))
    picture = Image.fromarray(pixels)
    flat = picture if channels == 4 or picture.mode != "RGBA" else _over(picture, background)
    return fitted(flat, (height, width), channels, fit, background)


def _pair(size: int | Size) -> Size:
    return (size, size) if isinstance(size, int) else size


@contextmanager
def _opened(source: bytes | Path) -> Iterator[Image.Image]:
    """The open image; everything that goes wrong inside the block becomes a `DataError` with one short reason."""
    try:
        num_bytes = len(source) if isinstance(source, bytes) else source.stat().st_size
        if num_bytes == 0:
            raise DataError("empty: the file has 0 bytes")
        if num_bytes > MAX_FILE_BYTES:
            raise DataError(f"too large: {num_bytes / 2**20:,.0f} MiB in one file (limit {MAX_FILE_BYTES >> 20})")
        if is_dicom(source):
            yield read_dicom(source)
            return
        with Image.open(BytesIO(source) if isinstance(source, bytes) else source, formats=_known_formats()) as image:
            width, height = image.size
            limit = MAX_DEEP_PIXELS if _is_deep(image) else MAX_PIXELS
            if MAX_PIXELS >= width * height > limit:
                raise DataError(f"too large: {width} × {height} deep pixels (limit {limit:,}); make it smaller")
            if width * height > MAX_PIXELS:
                raise DataError(f"decompression bomb: {width} × {height} pixels (limit {MAX_PIXELS:,})")
            yield image
    except DataError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(f"decompression bomb: more than {MAX_PIXELS:,} pixels") from error
    except UnidentifiedImageError as error:
        if _start(source)[4:8] == b"ftyp" and _start(source)[8:12] in _HEIC_BRANDS:
            advice = "pip install pillow-heif (or 'ganscope[heic]')"
            raise DataError(f"HEIC needs the package pillow-heif: {advice}") from error
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
    try:
        import pillow_heif

        pillow_heif.register_heif_opener()
    except ImportError:
        pass  # such files are then refused with the way to read them
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


def _upright(
    image: Image.Image, background: Colour | None, scale: Scale | None = None, low_bytes: U8 | None = None
) -> Image.Image:
    turn = _TRANSPOSE.get(_orientation(image))
    flat = _flat(image, background, scale, low_bytes)
    return flat if turn is None else flat.transpose(turn)


def _flat(
    image: Image.Image, background: Colour | None, scale: Scale | None = None, low_bytes: U8 | None = None
) -> Image.Image:
    """The image in mode L or RGB, transparency laid over the background; without one, in RGBA where it has any."""
    image.load()
    deep = image.mode in GREY_MODES and image.mode[0] in "IF"
    if deep or (scale and low_bytes is not None):
        image = _scaled(image, scale, low_bytes)
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        if background is None:
            return image.convert("RGBA")
        grey = image.mode in GREY_MODES and len(set(background)) == 1
        return _over(image.convert("RGBA"), background).convert("L" if grey else "RGB")
    if image.mode in GREY_MODES:
        return image.convert("L")
    return image.convert("RGB")


def _over(image: Image.Image, background: Colour) -> Image.Image:
    """Mode RGBA laid over a colour, in mode RGB."""
    behind = Image.new("RGBA", image.size, (*background, 255))
    return Image.alpha_composite(behind, image).convert("RGB")


# Deep pixels


def _is_deep(image: Image.Image) -> bool:
    if image.mode in GREY_MODES and image.mode[0] in "IF":
        return True
    return _raw_mode(image).partition(";")[2][:2] == "16"


def _raw_mode(image: Image.Image) -> str:
    """How the pixels lie in the file, by Pillow's name: `RGB;16B` is 16 bits a channel, the high byte first."""
    tiles = getattr(image, "tile", None) or []
    found = tiles[0][3] if tiles and len(tiles[0]) > 3 else ""
    found = found[0] if isinstance(found, tuple) and found else found
    return found if isinstance(found, str) else ""


_OTHER_BYTE = {"B": "L", "L": "B", "N": "L" if sys.byteorder == "big" else "B"}


def _low_bytes(source: bytes | Path) -> U8 | None:
    """The low bytes of colour pixels of 16 bits, `(H, W, C)`; None where the picture has none.

    Pillow reads only the high bytes of such a picture. Told that they lie the other way round, it reads the low ones.
    """
    with _opened(source) as image:
        raw = _raw_mode(image)
        if image.mode not in ("RGB", "RGBA") or not raw.startswith(f"{image.mode};16") or raw[-1] not in _OTHER_BYTE:
            return None
        swapped = raw[:-1] + _OTHER_BYTE[raw[-1]]
        image.tile = [  # type: ignore[attr-defined]
            tile._replace(args=swapped if isinstance(tile.args, str) else (swapped, *tile.args[1:]))
            for tile in image.tile  # type: ignore[attr-defined]
        ]
        image.load()
        return np.asarray(image)


def _deep_pixels(image: Image.Image, low_bytes: U8 | None) -> npt.NDArray[Any]:
    """The pixels of a loaded picture as they were stored, opacity left out: `(H, W)` or `(H, W, 3)`."""
    pixels = np.asarray(image)
    if low_bytes is not None:
        return pixels[..., :3].astype(np.uint16) * np.uint16(256) + low_bytes[..., :3]
    return pixels


def _scaled(image: Image.Image, scale: Scale | None, low_bytes: U8 | None) -> Image.Image:
    """Deep pixels in 8 bits; opacity keeps its high byte."""
    pixels = _deep_pixels(image, low_bytes)
    flat = Image.fromarray(to_8_bits(pixels) if scale is None else scaled(pixels, scale))
    if image.mode == "RGBA":
        flat.putalpha(image.getchannel("A"))
    return flat


def background_facts(source: bytes | Path) -> tuple[bool, dict[str, bool], float]:
    """Whether a picture has transparent pixels, on which backgrounds it vanishes, and the grey level of its rim."""
    with _opened(source) as image:
        image.draft(None, (64, 64))
        return backdrop_facts(_upright(image, None))
