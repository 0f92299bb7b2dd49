"""Films: pictures come back, and a failure says why."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from ganscope.drawing import encode, palette


# ---- films -----------------------------------------------------------------------------------------------------------
def about(path: Path) -> str:
    """What ffmpeg says of a film's stream."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path)]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stderr.splitlines()
    return next(line for line in lines if "Video:" in line)


def decoded(path: Path) -> np.ndarray:
    """All pictures of a film `(F, H, W, 3) uint8`."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    width, height = (int(side) for side in re.findall(r"(\d{2,5})x(\d{2,5})", about(path))[-1])
    return np.frombuffer(data, np.uint8).reshape(-1, height, width, 3)


def test_an_mp4_gives_back_its_pictures(tmp_path: Path) -> None:
    colours = [(213, 94, 0), (0, 114, 178), (255, 255, 255), (10, 10, 10)] * 3
    path = tmp_path / "film.tmp"
    assert encode.write_mp4(path, (np.full((37, 51, 3), c, np.uint8) for c in colours), fps=12) == 12
    stream = about(path)
    assert all(word in stream for word in ("h264", "yuv420p", "bt709", "52x38", "12 fps")), stream
    frames = decoded(path)
    assert len(frames) == 12
    for frame, colour in zip(frames, colours, strict=True):
        assert np.abs(frame.mean(axis=(0, 1)) - colour).max() < 6


def test_grey_pictures_are_accepted(tmp_path: Path) -> None:
    for shape in ((16, 16), (16, 16, 1)):
        encode.write_mp4(tmp_path / "grey.mp4", [np.full(shape, 128, np.uint8)] * 2)
        assert np.abs(decoded(tmp_path / "grey.mp4").astype(int) - 128).max() <= 2


def test_a_film_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        encode.write_mp4(tmp_path / "none.mp4", [])
    with pytest.raises(ValueError, match="at least one picture"):
        encode.write_gif(tmp_path / "none.gif", [], 0.1)
    with pytest.raises(OSError, match="No such file"):
        encode.write_mp4(tmp_path / "absent" / "film.mp4", [np.zeros((16, 16, 3), np.uint8)] * 400)

    def broken() -> object:
        yield np.zeros((16, 16, 3), np.uint8)
        raise KeyError("pictures ended")

    with pytest.raises(KeyError):
        encode.write_mp4(tmp_path / "broken.mp4", broken())  # type: ignore[arg-type]


def test_a_gif_keeps_times_colours_and_its_last_picture(tmp_path: Path) -> None:
    pictures = [np.full((40, 60, 3), value, np.uint8) for value in (0, 120, 240)]
    pictures[2][0, 0] = palette.D_ORANGE
    path = tmp_path / "film.gif"
    assert encode.write_gif(path, pictures, 0.1, 2.0, keep=np.array([palette.D_ORANGE]))[0] == 3
    found = []
    with Image.open(path) as image:
        for index in range(getattr(image, "n_frames", 0)):
            image.seek(index)
            found.append((image.info["duration"], image.convert("RGB").getpixel((30, 30))[0]))
        corner = image.convert("RGB").getpixel((0, 0))
    assert found == [(100, 0), (100, 120), (2000, 240)]
    assert np.abs(np.array(corner) - palette.D_ORANGE).max() <= 8


def test_a_gif_stays_within_its_size_and_length(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(60)]
    count, size = encode.write_gif(tmp_path / "a.gif", pictures, 0.1, 2.0, max_bytes=160_000)
    assert size == (tmp_path / "a.gif").stat().st_size <= 160_000
    total = 0
    with Image.open(tmp_path / "a.gif") as image:
        assert getattr(image, "n_frames", 0) == count < 60
        for index in range(count):
            image.seek(index)
            total += image.info["duration"]
    assert total == pytest.approx(59 * 100 + 2000, rel=0.03)
