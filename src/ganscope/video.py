"""Canvas and film: text, shapes and dots painted on arrays, and arrays written as MP4 and GIF. Knows no runs.

A canvas is `(H, W, 3) uint8`, changed in place; x runs right, y down, in pixels; what lies beyond the edges is cut off.
Legend: N points, H height, W width. Most calls cost well under a millisecond and the dots of 2,000 points some ten; a
figure library needs a hundred times that for one picture.
"""

from __future__ import annotations

import bisect
import io
import math
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.errors import DependencyError

Rgb = tuple[int, int, int]

PAPER: Rgb = (255, 255, 255)
PAGE: Rgb = (244, 245, 247)
INK: Rgb = (26, 28, 33)
MUTED: Rgb = (104, 109, 119)
FAINT: Rgb = (222, 224, 229)
G_BLUE: Rgb = (0, 114, 178)  # the generator; real images' scores
D_ORANGE: Rgb = (213, 94, 0)  # the discriminator, dashed; generated images' scores
# Petroff 2021: ten colours that differ under every kind of colour blindness. Nobody can tell eleven apart.
CLASS_COLOURS: tuple[Rgb, ...] = (
    (63, 144, 218), (255, 169, 14), (189, 31, 1), (148, 164, 162), (131, 45, 182),
    (169, 107, 89), (231, 99, 0), (185, 172, 112), (113, 117, 129), (146, 218, 221),
)  # fmt: skip
GREY: Rgb = (150, 150, 150)


def class_colours(count: int) -> list[Rgb]:
    """The colour of each of `count` classes: their own up to ten, beyond that all grey."""
    return list(CLASS_COLOURS[:count]) if count <= len(CLASS_COLOURS) else [GREY] * count


def mix(first: Rgb, second: Rgb, share: float) -> Rgb:
    """The colour at `share` of the way from one to the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


# ---- text ------------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=64)
def font(size: int, bold: bool = False) -> Any:
    """DejaVu Sans from matplotlib's own folder, so that films look the same on every machine."""
    import matplotlib
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)


@lru_cache(maxsize=1024)
def _glyphs(words: str, size: int, bold: bool) -> tuple[np.ndarray, int, int, float]:
    """Coverage `(h, w) uint8`, its place against the start of the baseline, and the advance."""
    from PIL import Image, ImageDraw

    face = font(size, bold)
    left, top, right, bottom = (math.floor(edge) for edge in face.getbbox(words, anchor="ls"))
    image = Image.new("L", (right - left + 3, bottom - top + 3))
    ImageDraw.Draw(image).text((1 - left, 1 - top), words, fill=255, font=face, anchor="ls")
    return np.asarray(image), left - 1, top - 1, float(face.getlength(words))


def one_line(words: str) -> str:
    """Text from data as one printable line: names may hold anything."""
    return "".join(letter if letter.isprintable() else " " for letter in words).strip()


def text_width(words: str, size: float, bold: bool = False) -> float:
    """Pixels that `words` take."""
    return _glyphs(words, max(5, round(size)), bold)[3] if words else 0.0


def shorten(words: str, size: float, room: float, bold: bool = False) -> str:
    """`words`, or as much of them as fits into `room` pixels, with an ellipsis."""
    words = one_line(words)[:400]
    if text_width(words, size, bold) <= room:
        return words
    fits = bisect.bisect(range(len(words)), room, key=lambda k: text_width(words[: k + 1] + "…", size, bold))
    return words[:fits].rstrip() + "…"


def write(
    canvas: np.ndarray, x: float, y: float, words: str, size: float, colour: Rgb = INK, *, bold: bool = False,
    align: str = "left", room: float | None = None, halo: Rgb | None = None,
) -> float:  # fmt: skip
    """Write one line with its baseline at `y`; `align` left, right or centre of `x`. Returns the width in pixels.

    `room` shortens it, `halo` puts a soft rim of that colour behind it.
    """
    words = shorten(words, size, room, bold) if room is not None else one_line(words)
    if not words:
        return 0.0
    mask, left, top, width = _glyphs(words, max(5, round(size)), bold)
    start = round(x - {"left": 0.0, "centre": width / 2, "right": width}[align])
    if halo is not None:
        reach = max(2, round(size / 8))
        grown = _grown(words, max(5, round(size)), bold, reach)
        blend(canvas, grown, start + left - reach, round(y) + top - reach, halo)
    blend(canvas, mask, start + left, round(y) + top, colour)
    return width


@lru_cache(maxsize=256)
def _grown(words: str, size: int, bold: bool, reach: int) -> np.ndarray:
    """The coverage of text widened by `reach` pixels on every side, its edge soft."""
    from PIL import Image, ImageFilter

    wide = Image.fromarray(np.pad(_glyphs(words, size, bold)[0], reach)).filter(ImageFilter.MaxFilter(2 * reach - 1))
    return np.asarray(wide.filter(ImageFilter.GaussianBlur(0.8)))


def blend(canvas: np.ndarray, mask: np.ndarray, left: int, top: int, colour: Rgb, strength: float = 1.0) -> None:
    """Put `colour` where `mask (h, w) uint8` covers, its corner at (`left`, `top`)."""
    height, width = canvas.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + mask.shape[1], width), min(top + mask.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    share = mask[y0 - top : y1 - top, x0 - left : x1 - left, None].astype(np.float32) * (strength / 255)
    part = canvas[y0:y1, x0:x1]
    part[:] = (part + share * (np.array(colour, np.float32) - part) + 0.5).astype(np.uint8)


# ---- shapes ----------------------------------------------------------------------------------------------------------
def fill(canvas: np.ndarray, left: float, top: float, width: float, height: float, colour: Rgb) -> None:
    """A rectangle, rounded to whole pixels."""
    x0, y0 = max(0, round(left)), max(0, round(top))
    canvas[y0 : max(y0, round(top + height)), x0 : max(x0, round(left + width))] = colour


@lru_cache(maxsize=64)
def _card(width: int, height: int, radius: int) -> np.ndarray:
    from PIL import Image, ImageDraw

    image = Image.new("L", (2 * width, 2 * height))
    ImageDraw.Draw(image).rounded_rectangle((0, 0, 2 * width - 1, 2 * height - 1), 2 * radius, fill=255)
    return np.asarray(image.reduce(2))


def card(canvas: np.ndarray, box: Box, radius: float, colour: Rgb = PAPER, edge: Rgb = FAINT) -> None:
    """A rounded rectangle with a thin edge."""
    width, height = round(box.width), round(box.height)
    blend(canvas, _card(width, height, round(radius)), round(box.left), round(box.top), edge)
    blend(canvas, _card(width - 2, height - 2, round(radius) - 1), round(box.left) + 1, round(box.top) + 1, colour)


@dataclass(frozen=True)
class Box:
    """A place on the canvas, in pixels."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of the pixels in it."""
        x0, y0 = max(0, round(self.left)), max(0, round(self.top))
        return slice(y0, max(y0, round(self.bottom))), slice(x0, max(x0, round(self.right)))

    def inset(self, left: float, top: float, right: float, bottom: float) -> Box:
        return Box(self.left + left, self.top + top, self.width - left - right, self.height - top - bottom)


# ---- dots ------------------------------------------------------------------------------------------------------------
def splat(canvas: np.ndarray, xy: np.ndarray, colours: np.ndarray, radius: float) -> None:
    """Many small dots `xy (N, 2)` that add up: the denser, the nearer to their mean colour `colours (N, 3) uint8`.

    Each dot covers so much that where dots are, half of the pixels are covered by 70 %: a million show their density.
    """
    height, width = canvas.shape[:2]
    weight = np.zeros(height * width)
    colour = np.zeros((3, height * width))
    reach = math.ceil(radius + 0.5)
    steps = [(dx, dy) for dy in range(-reach, reach + 1) for dx in range(-reach, reach + 1)]
    for start in range(0, len(xy), 200_000):
        part, tints = xy[start : start + 200_000], colours[start : start + 200_000].astype(np.float32)
        whole = np.floor(part).astype(np.int64)
        for dx, dy in steps:
            x, y = whole[:, 0] + dx, whole[:, 1] + dy
            cover = np.clip(radius + 0.5 - np.hypot(x + 0.5 - part[:, 0], y + 0.5 - part[:, 1]), 0, 1)
            seen = (cover > 0) & (x >= 0) & (y >= 0) & (x < width) & (y < height)
            at, cover = (y * width + x)[seen], cover[seen]
            weight += np.bincount(at, cover, height * width)
            for channel in range(3):
                colour[channel] += np.bincount(at, cover * tints[seen, channel], height * width)
    usual = float(np.median(weight[weight > 0.5])) if (weight > 0.5).any() else 1.0
    left = float(np.clip(0.3 ** (1 / usual), 0.25, 0.8))  # of the paper, under one dot
    share = (1 - left**weight).reshape(height, width, 1)
    mean = (colour / np.maximum(weight, 1e-9)).T.reshape(height, width, 3)
    canvas[:] = (canvas + share * (mean - canvas) + 0.5).astype(np.uint8)


def cloud(canvas: np.ndarray, xy: np.ndarray, colours: np.ndarray, reach: float, strength: float = 0.55) -> None:
    """A soft tint on white paper around dots `xy (N, 2)` of `colours (N, 3) uint8`, about `reach` pixels wide."""
    from PIL import Image, ImageFilter

    step = max(1, round(reach / 4))
    height, width = (side // step + 1 for side in canvas.shape[:2])
    small = np.full((height, width, 3), 255, np.uint8)
    splat(small, xy / step, colours, 1.5)
    soft = Image.fromarray(small).filter(ImageFilter.GaussianBlur(reach / step)).resize((width * step, height * step))
    tint = np.asarray(soft, np.float32)[: canvas.shape[0], : canvas.shape[1]] / 255
    canvas[:] = (canvas * (1 - strength * (1 - tint)) + 0.5).astype(np.uint8)


def dots(
    canvas: np.ndarray, xy: np.ndarray, radius: float, colour: Rgb = INK, *, solid: np.ndarray | float = 1.0,
    alpha: np.ndarray | float = 1.0, halo: Rgb = PAPER,
) -> None:  # fmt: skip
    """Dots `xy (N, 2)` with a thin halo, later ones over earlier ones.

    `solid (N,)` in [0, 1]: 1 is full, 0 hollow (a ring, mist inside); `alpha (N,)` in [0, 1]: how opaque.
    """
    height, width = canvas.shape[:2]
    count = len(xy)
    solid, alpha = (np.broadcast_to(np.asarray(v, np.float32), (count,))[:, None] for v in (solid, alpha))
    ring, rim = max(1.0, 0.32 * radius), max(1.0, 0.26 * radius)
    # One dot in 16 places within a pixel, as shares at the P pixels it may touch: what is left is to look them up.
    reach = math.ceil(radius + rim + 0.5)
    column, row = (grid.ravel() for grid in np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1)))
    near = np.hypot(np.maximum(abs(column) - 0.5, 0), np.maximum(abs(row) - 0.5, 0)) < radius + rim + 0.5
    column, row = column[near], row[near]
    inside = (np.arange(4) + 0.5) / 4
    far = np.hypot(column + 0.5 - np.tile(inside, 4)[:, None], row + 0.5 - np.repeat(inside, 4)[:, None])
    edges = (radius + rim, radius, radius - ring)
    covers, discs, holes = (np.clip(edge + 0.5 - far, 0, 1).astype(np.float32) for edge in edges)
    covers *= np.where(far > radius, 0.85, 1).astype(np.float32)
    dark, light = np.array(colour, np.float32), np.array(halo, np.float32)
    for chosen in np.array_split(np.arange(count), max(1, min(4, count // 50))):
        whole = np.floor(xy[chosen]).astype(np.int64)
        place = ((xy[chosen] - whole) * 4).astype(np.int64).clip(0, 3)
        phase = place[:, 1] * 4 + place[:, 0]
        hole = holes[phase] * (1 - solid[chosen])
        cover = covers[phase] * alpha[chosen] * (1 - 0.4 * hole)
        x, y = whole[:, :1] + column, whole[:, 1:] + row
        seen = (cover > 0) & (x >= 0) & (y >= 0) & (x < width) & (y < height)
        x, y, cover, ink = x[seen], y[seen], cover[seen], (discs[phase] - hole)[seen]
        # Where dots overlap the last assignment wins, which is what painting one after the other does but for the rims.
        below = canvas[y, x].astype(np.float32)
        tint = light + ink[:, None] * (dark - light)
        canvas[y, x] = (below + cover[:, None] * (tint - below) + 0.5).astype(np.uint8)


def paste(canvas: np.ndarray, picture: np.ndarray, left: float, top: float) -> None:
    """Copy a picture onto the canvas."""
    x, y = max(0, round(left)), max(0, round(top))
    part = canvas[y : y + picture.shape[0], x : x + picture.shape[1]]
    part[:] = picture[: part.shape[0], : part.shape[1]]


# ---- films -----------------------------------------------------------------------------------------------------------
GIF_BYTES_MOST = 8_000_000  # what a README or a chat still shows
GIF_FRAMES_FEWEST = 24  # a GIF is thinned to so many pictures, then made smaller


def write_mp4(path: Path, pictures: Iterable[np.ndarray], fps: float = 30, crf: int = 19) -> int:
    """Write pictures as H.264 (yuv420p, BT.709, playable while it loads); odd sides gain a repeated row or column.

    `path` need not end in .mp4, so that it may be the temporary name of an atomic write. `crf` is x264's quality: 19 is
    hard to tell from the original, 23 its default. Returns the number of pictures written.

    Raises:
        DependencyError: there is no ffmpeg. OSError: ffmpeg could not write the file; the message is ffmpeg's own.
        ValueError: no picture came.
    """
    process: subprocess.Popen[bytes] | None = None
    count = 0
    try:
        for picture in pictures:
            frame = even(as_rgb(picture))
            if process is None:
                process = _start_encoder(path, frame.shape[1], frame.shape[0], fps, crf)
            assert process.stdin is not None
            process.stdin.write(np.ascontiguousarray(frame).data)
            count += 1
    except BrokenPipeError:
        pass  # ffmpeg has ended; its message says why
    except BaseException:
        if process is not None:
            process.kill()
            process.communicate()
        raise
    if process is None:
        raise ValueError("a film needs at least one picture")
    _, message = process.communicate()
    if process.returncode:
        raise OSError(message.decode(errors="replace").strip().split("\n")[-1] or f"ffmpeg: {process.returncode}")
    return count


def _start_encoder(path: Path, width: int, height: int, fps: float, crf: int) -> subprocess.Popen[bytes]:
    try:
        import imageio_ffmpeg

        ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        raise DependencyError(
            "films need ffmpeg", found=str(error), todo="pip install imageio-ffmpeg, which brings its own"
        ) from error
    # Without the tags players guess, and most guess BT.709 for large pictures and BT.601 for small ones.
    command = [
        ffmpeg, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}",
        "-r", f"{fps:g}", "-i", "-", "-an", "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
        "-x264-params", "colorprim=bt709:transfer=bt709:colormatrix=bt709",
        "-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf), "-movflags", "+faststart", "-f", "mp4", str(path),
    ]  # fmt: skip
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def as_rgb(picture: np.ndarray) -> np.ndarray:
    """A grey or RGB picture as `(H, W, 3) uint8`."""
    if picture.ndim == 2:
        picture = picture[..., None]
    return picture.repeat(3, axis=2) if picture.shape[2] == 1 else picture[..., :3]


def even(picture: np.ndarray) -> np.ndarray:
    """`(H, W, 3)` with even sides, as yuv420p needs; the last row or column is repeated."""
    odd_h, odd_w = picture.shape[0] % 2, picture.shape[1] % 2
    return np.pad(picture, ((0, odd_h), (0, odd_w), (0, 0)), mode="edge") if odd_h or odd_w else picture


def write_gif(
    path: Path,
    pictures: Sequence[np.ndarray],
    seconds: float,
    last_seconds: float = 2.0,
    colours: int = 200,
    keep: np.ndarray | None = None,
    max_bytes: int = GIF_BYTES_MOST,
) -> tuple[int, int]:
    """Write pictures, each shown for `seconds` and the last for `last_seconds`, as an endless GIF of one palette.

    `keep (K, 3) uint8` are colours that must be in the palette however little of the picture they fill. A film larger
    than `max_bytes` is thinned: every second picture is dropped and the others stay twice as long; when few are left,
    the pictures shrink. Returns the number of pictures and the bytes written.

    Raises:
        ValueError: no picture came.
    """
    from PIL import Image

    if not len(pictures):
        raise ValueError("a film needs at least one picture")
    images = [Image.fromarray(as_rgb(picture)) for picture in pictures]
    paletted = _one_palette(images, colours, keep)
    while True:
        centiseconds = [max(2, round(100 * seconds))] * (len(paletted) - 1) + [round(100 * last_seconds)]
        file = io.BytesIO()
        paletted[0].save(
            file, format="GIF", save_all=True, append_images=paletted[1:], loop=0, optimize=False,
            duration=[10 * count for count in centiseconds],
        )  # fmt: skip
        size = file.tell()
        width, height = images[0].size
        many = len(paletted) > 2 * GIF_FRAMES_FEWEST
        if size <= max_bytes or (not many and min(width, height) <= 96):
            path.write_bytes(file.getvalue())
            return len(paletted), size
        if many:
            seconds *= 2
            images, paletted = images[::-1][::2][::-1], paletted[::-1][::2][::-1]  # from the end, to keep the last one
        else:
            smaller = (round(width * 0.8), round(height * 0.8))
            images = [image.resize(smaller, Image.Resampling.LANCZOS) for image in images]
            paletted = _one_palette(images, colours, keep)


def _one_palette(images: list[Any], colours: int, keep: np.ndarray | None) -> list[Any]:
    """RGB images with one palette for all, or the colours would flicker; no dithering, or still areas would move."""
    from PIL import Image

    width, height = images[0].size
    chosen = [images[0], images[len(images) // 2], images[-1]]
    strip = max(1, height // 8) if keep is not None else 0
    sample = Image.new("RGB", (width, len(chosen) * height + strip))
    for row, image in enumerate(chosen):
        sample.paste(image, (0, row * height))
    if keep is not None:
        bars = Image.fromarray(keep[None].astype(np.uint8)).resize((width, strip), Image.Resampling.NEAREST)
        sample.paste(bars, (0, len(chosen) * height))
    palette = sample.quantize(colours, method=Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    return [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
