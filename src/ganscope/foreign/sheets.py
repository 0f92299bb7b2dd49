"""Sheets of images: the grid on which they lie, guessed from the pixels or given, and the images cut out of them.

Arrays in, arrays out. A sheet is `(H, W, C) uint8`; tiles are `(N, C, h, w) uint8`, row by row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ganscope.arraytypes import U8
from ganscope.errors import ConfigError

LEAST_SIDE = 6  # pixels of a tile
MOST_TILES = 64  # in a row
PADDINGS = (2, 1, 4, 3, 5, 8, 10)  # of torchvision 2 first


@dataclass(frozen=True)
class Grid:
    """`columns` × `rows` tiles of `width` × `height` pixels, `padding` pixels between and around them."""

    columns: int
    rows: int
    width: int
    height: int
    padding: int = 0

    def __str__(self) -> str:
        if self.columns * self.rows == 1:
            return f"one image of {self.width}×{self.height} a file"
        apart = f", {self.padding} pixels apart" if self.padding else ", without padding"
        return f"{self.columns} × {self.rows} images of {self.width}×{self.height}{apart}"

    @property
    def flag(self) -> str:
        """The grid as `--grid` takes it."""
        return f"{self.columns}x{self.rows}" + (f"+{self.padding}" if self.padding else "")

    def cut(self, sheet: U8) -> U8:
        """The tiles of a sheet `(H, W, C)`: `(N, C, h, w)`; rows that the sheet does not have are left out."""
        rows = min(self.rows, (sheet.shape[0] - self.padding) // (self.height + self.padding))
        tiles = []
        for row in range(rows):
            top = self.padding + row * (self.height + self.padding)
            for column in range(self.columns):
                left = self.padding + column * (self.width + self.padding)
                tiles.append(sheet[top : top + self.height, left : left + self.width])
        return np.ascontiguousarray(np.moveaxis(np.stack(tiles), 3, 1))


def grid_given(text: str, height: int, width: int) -> Grid:
    """The grid that `8x8+2` (columns × rows + padding) means on a sheet of this size.

    Raises:
        ConfigError: it is written otherwise, or does not fit.
    """
    found = re.fullmatch(r"(\d+)[x×](\d+)(?:\+(\d+))?", text.strip())
    if not found:
        raise ConfigError(f"--grid cannot be {text!r}", found=text, todo="columns x rows + padding, such as 8x8+2")
    columns, rows, padding = int(found[1]), int(found[2]), int(found[3] or 0)
    wide, high = (width - padding) / max(1, columns) - padding, (height - padding) / max(1, rows) - padding
    if columns < 1 or rows < 1 or wide != int(wide) or high != int(high) or min(wide, high) < 1:
        todo = f"tiles would be {wide:.3g}×{high:.3g} pixels: columns x rows + padding"
        raise ConfigError(f"--grid {text} does not fit", found=f"a sheet of {width}×{height}", todo=todo)
    return Grid(columns, rows, int(wide), int(high), padding)


def guess_grid(sheets: Sequence[U8], side: int | None = None) -> Grid:
    """The grid of sheets of one size, from lines that no picture crosses, or from where pictures end.

    Args:
        sheets: some of them, `(H, W, C)`; the more differ, the surer the guess.
        side: of the real images in pixels, where known: tried first.
    """
    height, width = sheets[0].shape[:2]
    lined = [
        grid
        for grid in candidates(height, width, side)
        if grid.padding and all(_has_lines(one, grid) for one in sheets)
    ]
    if lined:  # a coarser grid's lines are among a finer one's
        return max(lined, key=lambda grid: (grid.width == side, (grid.columns + 1) * grid.padding))
    whole = Grid(1, 1, width, height)
    if side and width % side == 0 and height % side == 0:
        return Grid(width // side, height // side, side, side)
    if max(height, width) <= 64:
        return whole
    seams = np.mean([_seams(sheet) for sheet in sheets], axis=0)
    best, strength = whole, 2.0
    for grid in candidates(height, width, None):
        if grid.padding:
            continue
        found = seams[grid.width - 1 :: grid.width][: grid.columns - 1]
        if len(found) and float(np.mean(found)) > 1.25 * strength:
            best, strength = grid, float(np.mean(found))
    return best


def candidates(height: int, width: int, side: int | None) -> list[Grid]:
    """Grids of square tiles that fill a sheet exactly: tiles of the given side first, then padded, then finer."""
    found = []
    for padding in (*PADDINGS, 0):
        for columns in range(1, min(MOST_TILES, width // LEAST_SIDE) + 1):
            tile, rest = divmod(width - padding, columns)
            tile -= padding
            if rest or tile < LEAST_SIDE or (height - padding) % (tile + padding):
                continue
            rows = (height - padding) // (tile + padding)
            if columns * rows > 1 and rows >= 1:
                found.append(Grid(columns, rows, tile, tile, padding))
    order = {padding: rank for rank, padding in enumerate((*PADDINGS, 0))}
    return sorted(found, key=lambda g: (g.width != side, order[g.padding], g.width))


def stylegan_grid(side: int) -> tuple[int, int]:
    """Columns and rows of StyleGAN's sheets for images of `side` pixels."""
    return min(max(7680 // side, 7), 32), min(max(4320 // side, 4), 32)


def _has_lines(sheet: U8, grid: Grid) -> bool:
    """Whether all the padding has one colour, within what JPEG adds, and is not just a part of one flat picture."""
    rows = [k * (grid.height + grid.padding) + i for k in range(grid.rows + 1) for i in range(grid.padding)]
    columns = [k * (grid.width + grid.padding) + i for k in range(grid.columns + 1) for i in range(grid.padding)]
    lines = np.concatenate([sheet[rows].reshape(-1, sheet.shape[2]), sheet[:, columns].reshape(-1, sheet.shape[2])])
    return float(lines.astype(np.float32).std(axis=0).max()) < 6.0 and float(sheet.std()) > 1.0


def _seams(sheet: U8) -> np.ndarray:
    """How much larger the step from each column of pixels to the next is than the usual one: `(W - 1,)`."""
    steps = np.abs(np.diff(sheet.astype(np.float32), axis=1)).mean(axis=(0, 2))
    return np.asarray(steps / max(float(np.median(steps)), 0.5))


def square_ish(count: int) -> int:
    """Columns for `count` images that lie one to a file."""
    return max(1, math.isqrt(count))
