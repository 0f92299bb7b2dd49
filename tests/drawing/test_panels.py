"""Painting on arrays: every test knows the pixel, the place or the number that must come out."""

from __future__ import annotations

import numpy as np
import pytest

from ganscope.drawing import palette, panels
from ganscope.drawing.canvas import Box
from ganscope.drawing.panels import MapPanel, Tiles, Track, tiles, tiling


def paper(height: int = 60, width: int = 80) -> np.ndarray:
    return np.full((height, width, 3), 255, np.uint8)


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
