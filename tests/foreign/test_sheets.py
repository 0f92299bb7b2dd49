"""Grids are found from the pixels: padded ones by their lines, StyleGAN's by its rule, others by the seams."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fixtures.sheets import blobs, laid, write
from ganscope.errors import ConfigError
from ganscope.foreign.follow import open_sheet
from ganscope.foreign.sheets import Grid, empty_at_the_end, grid_given, guess_grid, stylegan_grid


def sheet(grid: Grid, seed: int = 0, padding_value: int = 0) -> np.ndarray:
    """Tiles of smooth blobs on black, as digits are."""
    rng = np.random.default_rng(seed)
    high = grid.padding + grid.rows * (grid.height + grid.padding)
    wide = grid.padding + grid.columns * (grid.width + grid.padding)
    made = np.full((high, wide, 3), padding_value, np.uint8)
    y, x = np.mgrid[: grid.height, : grid.width]
    for row in range(grid.rows):
        for column in range(grid.columns):
            at = rng.uniform(0.2, 0.8, 2) * (grid.height, grid.width)
            blob = 255 * np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / (0.05 * grid.width * grid.height))
            top = grid.padding + row * (grid.height + grid.padding)
            left = grid.padding + column * (grid.width + grid.padding)
            tile = np.stack([blob * shade for shade in rng.uniform(0.3, 1, 3)], axis=2) + 40 * rng.random()
            made[top : top + grid.height, left : left + grid.width] = np.clip(tile, 0, 255)
    return made


@pytest.mark.parametrize("side", [28, None])
def test_somebodys_dcgan_on_digits(data_root: Path, side: int | None) -> None:
    folder = data_root / "foreign" / "dcgan-mnist"
    sheets = [open_sheet(folder / f"fake_samples_epoch_{epoch:03d}.png") for epoch in (0, 10, 19)]
    assert guess_grid([*sheets, open_sheet(folder / "real_samples.png")], side) == Grid(8, 8, 28, 28, 2)


@pytest.mark.parametrize(
    "grid",
    [
        Grid(8, 8, 64, 64, 2), Grid(5, 5, 32, 32, 2), Grid(16, 4, 28, 28, 1), Grid(4, 4, 96, 96, 0),
        Grid(10, 3, 32, 32, 0), Grid(8, 8, 16, 16, 4),
    ],
)  # fmt: skip
def test_grids_are_guessed_without_a_hint(grid: Grid) -> None:
    assert guess_grid([sheet(grid, seed) for seed in range(3)]) == grid


def test_white_padding_and_one_picture() -> None:
    assert guess_grid([sheet(Grid(8, 8, 32, 32, 2), padding_value=255)]) == Grid(8, 8, 32, 32, 2)
    assert guess_grid([sheet(Grid(1, 1, 48, 48))]) == Grid(1, 1, 48, 48)


@pytest.mark.parametrize(("side", "columns", "rows"), [(32, 32, 32), (128, 32, 32), (256, 30, 16), (1024, 7, 4)])
def test_stylegans_rule(side: int, columns: int, rows: int) -> None:
    assert stylegan_grid(side) == (columns, rows)


def test_tiles_are_cut_row_by_row() -> None:
    grid = Grid(2, 2, 3, 3, 1)
    made = np.zeros((9, 9, 1), np.uint8)
    for index in range(4):
        made[1 + 4 * (index // 2) :, 1 + 4 * (index % 2) :] = index + 1
    assert [tile[0, 0, 0] for tile in grid.cut(made)] == [1, 2, 3, 4]


def test_a_grid_that_is_given() -> None:
    assert grid_given("8x8+2", 242, 242) == Grid(8, 8, 28, 28, 2)
    with pytest.raises(ConfigError, match="does not fit"):
        grid_given("7x8+2", 242, 242)
    with pytest.raises(ConfigError, match="columns x rows"):
        grid_given("eight", 242, 242)


@pytest.mark.parametrize("quality", [75, 88, 95])
@pytest.mark.parametrize(("padding", "value"), [(1, 255), (1, 0), (2, 0), (4, 255)])
def test_lines_that_jpeg_has_smeared(tmp_path: Path, padding: int, value: int, quality: int) -> None:
    for seed in range(3):
        write(tmp_path / f"{seed}.jpg", laid(blobs(25, 32, seed), 5, padding, value), quality=quality)
    assert guess_grid([open_sheet(tmp_path / f"{seed}.jpg") for seed in range(3)]) == Grid(5, 5, 32, 32, padding)


def test_a_figure_of_matplotlib(tmp_path: Path) -> None:
    """As TensorFlow's DCGAN tutorial saves it: 4 × 4 pictures with margins, which are no part of them."""
    matplotlib = pytest.importorskip("matplotlib.pyplot", reason="a dependency of ganscope")
    tiles = np.maximum(blobs(16, 28), 20)
    tiles[:, 0, 0] = tiles[:, -1, -1] = 90
    figure = matplotlib.figure(figsize=(4, 4))
    for index, tile in enumerate(tiles):
        figure.add_subplot(4, 4, index + 1).imshow(tile)
        figure.axes[-1].axis("off")
    figure.savefig(tmp_path / "image_at_epoch_0001.png")
    matplotlib.close(figure)
    sheet = open_sheet(tmp_path / "image_at_epoch_0001.png")
    grid = guess_grid([sheet])
    assert (grid.columns, grid.rows) == (4, 4) and 66 <= grid.width <= 69
    assert grid_given("4x4", sheet.shape[0], sheet.shape[1], [sheet]) == grid
    for cut, tile in zip(grid.cut(sheet), tiles, strict=True):
        small = np.asarray(Image.fromarray(np.moveaxis(cut, 0, 2)).resize((28, 28), Image.Resampling.BOX), np.float32)
        assert np.abs(small - tile).mean() < 12  # of 255; with a part of the margin it would be 30 and more


def test_dark_borders_are_the_pictures_own() -> None:
    """Digits on black: four dark pixels on each side belong to them, with padding and without."""
    tiles = np.zeros((16, 28, 28, 3), np.uint8)
    tiles[:, 4:24, 4:24] = 200
    for padding in (0, 1, 2, 4):
        assert guess_grid([laid(tiles, 4, padding)]) == Grid(4, 4, 28, 28, padding)


def test_places_that_no_picture_fills() -> None:
    grid = Grid(5, 3, 16, 16, 2)
    assert empty_at_the_end([laid(blobs(13), 5)], grid) == 2
    assert empty_at_the_end([laid(blobs(15), 5)], grid) == 0
    black = np.zeros_like(laid(blobs(15), 5))
    assert empty_at_the_end([black], grid) == 0  # G draws black: these are its pictures
