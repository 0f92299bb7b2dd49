"""Painting on arrays: every test knows the pixel, the place or the number that must come out."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from ganscope.drawing import encode, palette, panels
from ganscope.drawing.canvas import Box, dots, one_line, shorten, splat, text_width, write
from ganscope.drawing.palette import INK, PAPER
from ganscope.drawing.panels import MapPanel, Tiles, Track, tiles, tiling


def paper(height: int = 60, width: int = 80) -> np.ndarray:
    return np.full((height, width, 3), 255, np.uint8)


def colour_at(canvas: np.ndarray, x: int, y: int) -> tuple[int, ...]:
    return tuple(int(v) for v in canvas[y, x])


# ---- dots ------------------------------------------------------------------------------------------------------------
def test_a_solid_dot_is_full_and_a_hollow_one_a_ring() -> None:
    canvas = paper()
    dots(canvas, np.array([[20.5, 30.5], [60.5, 30.5]]), 6, solid=np.array([1.0, 0.0]))
    assert colour_at(canvas, 20, 30) == INK
    assert colour_at(canvas, 60, 30) == PAPER
    assert colour_at(canvas, 65, 30)[0] < 80  # the ring
    assert (canvas[:, 30:50] == 255).all()


def test_dots_paint_into_a_part_of_a_larger_canvas() -> None:
    canvas = paper()
    dots(canvas[10:50, 20:60], np.array([[20.5, 20.5]]), 5)
    assert colour_at(canvas, 40, 30) == INK


def test_dots_beyond_the_edge_are_cut_off_and_the_later_one_lies_on_top() -> None:
    canvas = paper()
    dots(canvas, np.array([[-100.0, 20.0], [500.0, 20.0], [20.0, -100.0], [20.0, 900.0]]), 5)
    assert (canvas == 255).all()
    dots(canvas, np.array([[0.5, 0.5]]), 5)
    assert colour_at(canvas, 0, 0) == INK
    canvas = paper()
    dots(canvas, np.array([[30.5, 30.5], [30.5, 30.5]]), 5, solid=np.array([0.0, 1.0]))
    assert colour_at(canvas, 30, 30) == INK


def test_a_faint_dot_lets_the_paper_through() -> None:
    canvas = paper()
    dots(canvas, np.array([[30.5, 30.5]]), 6, alpha=np.array([0.5]))
    assert colour_at(canvas, 30, 30) == pytest.approx([(255 + v) / 2 for v in INK], abs=1)


def test_splatted_dots_mix_their_colours_and_never_leave_the_canvas() -> None:
    canvas = paper()
    colours = np.array([[255, 0, 0], [0, 0, 255]] * 400, np.uint8)
    splat(canvas, np.tile([[40.5, 30.5]], (800, 1)), colours, 2.0)
    red, green, blue = colour_at(canvas, 40, 30)
    assert abs(red - blue) <= 2 and green < red
    assert (canvas[:, :30] == 255).all()
    before = canvas.copy()
    splat(canvas, np.array([[-50.0, 10.0], [900.0, 10.0]]), colours[:2], 2.0)
    assert (canvas == before).all()


# ---- text and colours ------------------------------------------------------------------------------------------------
def test_text_ends_where_it_should_and_fits_into_its_room() -> None:
    canvas = paper(60, 400)
    width = write(canvas, 390, 40, "images seen", 24, align="right")
    columns = np.flatnonzero((canvas < 200).any(axis=(0, 2)))
    assert columns.max() < 391 and columns.min() == pytest.approx(390 - width, abs=4)
    short = shorten("W" * 300, 20, 120)
    assert short.endswith("…") and text_width(short, 20) <= 120
    assert text_width("W" + short, 20) > 120
    assert shorten("3", 20, 120) == "3"


def test_names_from_data_stay_on_one_line() -> None:
    assert one_line("a\nb\x00c\u202e") == "a b c"
    canvas = paper()
    assert write(canvas, 10, 30, "\n\t", 20) == 0.0
    assert (canvas == 255).all()


def test_ten_classes_have_colours_and_eleven_are_grey() -> None:
    assert len(set(palette.class_colours(10))) == 10
    assert set(palette.class_colours(11)) == {palette.GREY}


def has(part: np.ndarray, colour: palette.Rgb) -> bool:
    return bool((np.abs(part.astype(int) - colour).max(axis=2) <= 12).any())


# ---- tiles -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("size", [8, 16, 28, 32, 64, 128, 512])
@pytest.mark.parametrize("count", [1, 7, 128])
def test_tiles_fit_and_fill_whole_rows(size: int, count: int) -> None:
    layout = tiling(count, size, size, (860, 360), 36)
    picture = tiles(np.zeros((count, 1, size, size), np.uint8), layout)
    assert picture.shape[0] <= 360 and picture.shape[1] <= 860
    assert 1 <= layout.columns * layout.rows <= count
    if size <= 28:  # small images are enlarged, and most of the wanted ones are there
        assert layout.scale > 1 and layout.columns * layout.rows >= min(count, 36)
    if size == 512:
        assert layout.scale < 0


def test_all_128_images_of_28_pixels_make_full_rows() -> None:
    layout = tiling(128, 28, 28, (1280, 720), 128)
    assert (layout.columns, layout.rows) == (16, 8)


def test_a_pixel_becomes_a_square_of_its_own_colour() -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 3, 4, 4), dtype=np.uint8)
    picture = tiles(images, panels.Tiling(columns=3, rows=2, scale=5, gap=2))
    assert picture.shape == (2 * 20 + 2, 3 * 20 + 4, 3)
    for n, (row, column) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]):
        square = picture[row * 22 : row * 22 + 20, column * 22 : column * 22 + 20]
        assert (square == images[n].transpose(1, 2, 0).repeat(5, 0).repeat(5, 1)).all()
    assert (picture[20:22] == 255).all()


def test_images_dissolve_only_on_the_last_part_of_the_way() -> None:
    shown = Tiles(lambda i: np.full((1, 1, 4, 4), 100 * i, np.uint8), 3, (40, 40), 1)
    assert (shown.at(0.5, 0.4) == 0).all()
    assert (shown.at(0.8, 0.4) == 50).all()
    assert (shown.at(1.0, 0.4) == 100).all()
    assert (shown.at(2.0, 0.4) == 200).all()


# ---- the map ---------------------------------------------------------------------------------------------------------
def a_track() -> Track:
    rng = np.random.default_rng(1)
    xy = rng.normal(size=(6, 50, 2))
    xy[:, 0] = 5.0
    return Track(np.array([0.0, 1, 2, 4, 5, 6]), xy, rng.random((6, 50)) < 0.5)


def test_points_are_exact_at_snapshots_and_never_overshoot_between() -> None:
    track = a_track()
    for i, at in enumerate(track.at):
        moment = track.moment(float(at))
        assert moment is not None
        assert moment[0] == pytest.approx(track.xy[i], abs=1e-12)
        assert (moment[1] == 1 - track.unlike[i]).all()
    for i in range(5):
        low, high = np.minimum(track.xy[i], track.xy[i + 1]), np.maximum(track.xy[i], track.xy[i + 1])
        for t in np.linspace(0, 1, 17):
            moment = track.moment(float(track.at[i] + t * (track.at[i + 1] - track.at[i])))
            assert moment is not None
            assert (moment[0] >= low - 1e-9).all() and (moment[0] <= high + 1e-9).all()
            assert moment[0][0] == pytest.approx([5.0, 5.0])


def test_points_start_and_end_softly_and_do_not_jump() -> None:
    track = Track(np.arange(3.0), np.array([[[0.0, 0.0]], [[1.0, 0.0]], [[2.0, 0.0]]]), np.zeros((3, 1)))
    way = np.array([track.moment(p)[0][0, 0] for p in np.linspace(0, 2, 201)])  # type: ignore[index]
    speed = np.diff(way) * 100
    assert speed[0] < 0.1 and speed[-1] < 0.1
    assert np.abs(np.diff(speed)).max() < 0.06  # also through the snapshot in the middle
    assert speed[99:101] == pytest.approx([1.0, 1.0], abs=0.1)


def test_there_are_no_points_before_the_first_snapshot_on_the_map() -> None:
    track = Track(np.array([2.0, 3.0]), np.zeros((2, 4, 2)), np.zeros((2, 4)))
    assert track.moment(1.9) is None
    assert track.moment(2.0) is not None and track.moment(9.0) is not None
    assert Track(np.zeros(0), np.zeros((0, 0, 2)), np.zeros((0, 0))).moment(0) is None


def test_a_bar_shows_each_class_share() -> None:
    rng = np.random.default_rng(0)
    label = np.arange(300) % 2
    real = rng.normal(size=(300, 2)) + 20 * label[:, None]
    track = Track(np.zeros(1), real[:40][None], np.zeros((1, 40)))
    canvas = paper(540, 960)
    panel = MapPanel(canvas, Box(0, 0, 480, 440), real, label, ["cat", "dog"], track, 0.5)
    panel.draw(canvas, 0.0, (np.array([0.5, 0.5]), np.array([1.0, 0.0])))
    bars = canvas[round(panel.bars.top) + 23 : round(panel.bars.top) + 29]
    half = round(panel.bars.left + panel.bars.width / 2)
    assert has(bars[:, :half], palette.CLASS_COLOURS[0])
    assert not has(bars[:, half:], palette.CLASS_COLOURS[1])


@pytest.mark.parametrize("same", [True, False])
def test_a_map_of_one_place_or_of_many_points_is_drawn(same: bool) -> None:
    real = np.zeros((30, 2)) if same else np.random.default_rng(0).normal(size=(60_000, 2)) * 1e-6
    track = Track(np.zeros(1), np.zeros((1, 3, 2)), np.ones((1, 3)))
    canvas = paper(300, 480)
    panel = MapPanel(canvas, Box(0, 0, 480, 300), real, np.full(len(real), -1), [], track, 0.4)
    panel.draw(canvas, 0.0, None)
    assert canvas[panel.area].min() < 200


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
