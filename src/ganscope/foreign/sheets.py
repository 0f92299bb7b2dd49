"""Sheets of images: the grid on which they lie, guessed from the pixels or given, and the images cut out of them.

Arrays in, arrays out. A sheet is `(H, W, C) uint8`; tiles are `(N, C, h, w) uint8`, row by row.
"""

from __future__ import annotations

import itertools
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
    """`columns` × `rows` tiles of `width` × `height` pixels, `padding` pixels between and around them.

    lefts, tops: where the tiles begin, on a figure whose margins and gaps are not the same everywhere.
    """

    columns: int
    rows: int
    width: int
    height: int
    padding: int = 0
    lefts: tuple[int, ...] = ()
    tops: tuple[int, ...] = ()

    def __str__(self) -> str:
        if self.columns * self.rows == 1:
            return f"one image of {self.width}×{self.height} a file"
        apart = f", {self.padding} pixels apart" if self.padding else ", without padding"
        apart = " on a figure with margins" if self.lefts else apart
        return f"{self.columns} × {self.rows} images of {self.width}×{self.height}{apart}"

    @property
    def flag(self) -> str:
        """The grid as `--grid` takes it."""
        return f"{self.columns}x{self.rows}" + (f"+{self.padding}" if self.padding else "")

    def fits(self, width: int) -> bool:
        """Whether a sheet is as wide as this grid."""
        if self.lefts:
            return self.lefts[-1] + self.width <= width
        return width == self.padding + self.columns * (self.width + self.padding)

    def cut(self, sheet: U8) -> U8:
        """The tiles of a sheet `(H, W, C)`: `(N, C, h, w)`; rows that the sheet does not have are left out."""
        if self.lefts:
            tiles = [sheet[y : y + self.height, x : x + self.width] for y in self.tops for x in self.lefts]
            return np.ascontiguousarray(np.moveaxis(np.stack(tiles), 3, 1))
        rows = min(self.rows, (sheet.shape[0] - self.padding) // (self.height + self.padding))
        tiles = []
        for row in range(rows):
            top = self.padding + row * (self.height + self.padding)
            for column in range(self.columns):
                left = self.padding + column * (self.width + self.padding)
                tiles.append(sheet[top : top + self.height, left : left + self.width])
        return np.ascontiguousarray(np.moveaxis(np.stack(tiles), 3, 1))


def grid_given(text: str, height: int, width: int, sheets: Sequence[U8] = ()) -> Grid:
    """The grid that `8x8+2` (columns × rows + padding) means on a sheet of this size: of a figure with so many tiles,
    where `sheets` are such figures.

    Raises:
        ConfigError: it is written otherwise, or does not fit.
    """
    found = re.fullmatch(r"(\d+)[x×](\d+)(?:\+(\d+))?", text.strip())
    if not found:
        raise ConfigError(f"--grid cannot be {text!r}", found=text, todo="columns x rows + padding, such as 8x8+2")
    columns, rows, padding = int(found[1]), int(found[2]), int(found[3] or 0)
    figure = figure_grid(sheets) if sheets and not padding else None
    if figure is not None and (figure.columns, figure.rows) == (columns, rows):
        return figure
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
    best = max(lined, key=lambda grid: (grid.width == side, (grid.columns + 1) * grid.padding)) if lined else None
    figure = None if best and best.width == side else figure_grid(sheets)
    places = figure.columns * figure.rows if figure else 0
    regular = figure is not None and not figure.lefts
    if best is not None and places <= best.columns * best.rows and not (regular and places == best.columns * best.rows):
        return best  # a coarser grid's lines are among a finer one's, and all of them in a figure's margins
    whole = Grid(1, 1, width, height)
    if figure is not None and not (side and width % side == 0 and height % side == 0):
        return figure
    blurred = [grid for grid in candidates(height, width, side) if grid.padding and _has_blurred_lines(sheets, grid)]
    if blurred:
        return max(blurred, key=lambda grid: (grid.width == side, (grid.columns + 1) * grid.padding))
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


def _has_blurred_lines(sheets: Sequence[U8], grid: Grid) -> bool:
    """The same where JPEG has smeared the pictures into lines that are narrow: each line differs less along itself.

    Along a line of padding the brightness varies less than half as much as along the usual line, and all the lines are
    about as bright as each other.
    """
    for axis, step, count in ((1, grid.width, grid.columns), (0, grid.height, grid.rows)):
        grey = np.concatenate([np.moveaxis(sheet.mean(axis=2), axis, 1) for sheet in sheets])
        varies, level = grey.std(axis=0), grey.mean(axis=0)
        lines = [k * (step + grid.padding) + i for k in range(count + 1) for i in range(grid.padding)]
        others = np.setdiff1d(np.arange(len(varies)), lines)
        usual = float(np.median(varies[others]))
        if usual < 8.0 or varies[lines].max() > 0.6 * usual or level[lines].std() > 12.0:
            return False
    return True


def figure_grid(sheets: Sequence[U8]) -> Grid | None:
    """The grid of a figure as matplotlib draws it: tiles of one size on one flat ground, with margins all around."""
    grounds = [sheet[0, 0].astype(np.int16) for sheet in sheets]
    masks = [
        np.abs(sheet.astype(np.int16) - ground).max(axis=2) > 6 for sheet, ground in zip(sheets, grounds, strict=True)
    ]
    spans = []
    for axis in (0, 1):
        used = np.any([mask.any(axis=axis) for mask in masks], axis=0)
        edges = np.flatnonzero(np.diff(np.r_[False, used, False].astype(np.int8)))
        spans.append(list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)))
    across, down = spans
    if len(across) * len(down) < 3 or not all(a > 0 for a, _ in (across[0], down[0])):
        return None
    widths, heights = ({end - start for start, end in span} for span in spans)
    if max(widths) - min(widths) > 1 or max(heights) - min(heights) > 1 or min(*widths, *heights) < LEAST_SIDE:
        return None
    if not 0.8 < min(widths) / min(heights) < 1.25:  # pictures are nearly square, words and axes are not
        return None
    lefts, tops = (tuple(start for start, _ in span) for span in spans)
    sizes = sheets[0].shape[1::-1]
    paddings = [_padding(span, size) for span, size in zip(spans, sizes, strict=True)]
    if paddings[0] == paddings[1] and 0 <= paddings[0] <= max(PADDINGS):  # the ground is in the pictures as well
        padding = paddings[0]
        (wide, rest), (high, left) = (
            divmod(size - padding, len(span)) for span, size in zip(spans, sizes, strict=True)
        )
        return None if rest or left else Grid(len(across), len(down), wide - padding, high - padding, padding)
    return Grid(len(across), len(down), min(widths), min(heights), 0, lefts, tops)


def _padding(span: list[tuple[int, int]], size: int) -> int:
    """The padding of a regular grid whose pictures keep off their own borders; −1 where the gaps differ.

    With borders a and b in a picture and the padding p, the outer margins are p + a and b + p, and a gap is b + p + a.
    """
    gaps = {after[0] - before[1] for before, after in itertools.pairwise(span)}
    outside = span[0][0] + size - span[-1][1]
    return outside - min(gaps) if gaps and max(gaps) - min(gaps) <= 1 else -1


def empty_at_the_end(sheets: Sequence[U8], grid: Grid) -> int:
    """How many places at the end of the grid no sheet fills: one flat colour, after a picture."""
    least = grid.columns * grid.rows
    for sheet in sheets:
        tiles = grid.cut(sheet).astype(np.int16)
        flat = np.ptp(tiles, axis=(2, 3)).max(axis=1) <= 12
        if flat.all():
            continue
        least = min(least, len(flat) - 1 - int(np.flatnonzero(~flat)[-1]))
    return 0 if least == grid.columns * grid.rows else least


def _seams(sheet: U8) -> np.ndarray:
    """How much larger the step from each column of pixels to the next is than the usual one: `(W - 1,)`."""
    steps = np.abs(np.diff(sheet.astype(np.float32), axis=1)).mean(axis=(0, 2))
    return np.asarray(steps / max(float(np.median(steps)), 0.5))
