"""Frames written as MP4 and GIF."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.errors import DependencyError

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
