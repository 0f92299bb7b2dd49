"""Images side by side: one array, one PNG."""

from __future__ import annotations

import math
from typing import IO

import numpy as np


def image_grid(images: np.ndarray, columns: int | None = None, gap: int = 1, scale: int = 1) -> np.ndarray:
    """Lay `(N, C, H, W) uint8` images out row by row: `(height, width, C) uint8`, the gaps mid-grey, transparent ones
    over checkers, so that C is then 3.

    `columns` defaults to the layout nearest to 16:9; each pixel becomes `scale` × `scale`.
    """
    images = over_checkers(images)
    count, channels, height, width = images.shape
    if columns is None:
        columns = max(1, min(count, round(math.sqrt(count * 16 / 9))))
    rows = math.ceil(count / columns)
    cell_h, cell_w = height + gap, width + gap
    canvas = np.full((rows * cell_h + gap, columns * cell_w + gap, channels), 128, np.uint8)
    for index, image in enumerate(images):
        top, left = gap + index // columns * cell_h, gap + index % columns * cell_w
        canvas[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    return canvas.repeat(scale, axis=0).repeat(scale, axis=1) if scale > 1 else canvas


DARK, LIGHT = 155, 205  # what shows through transparency: neither black nor white pictures vanish on it
CHECKERS = 8  # along the longer side


def over_checkers(images: np.ndarray) -> np.ndarray:
    """Images `(N, C, H, W) uint8` without transparency, C 1 or 3: of 2 or 4 channels the last is opacity."""
    channels, height, width = images.shape[1:]
    if channels in (1, 3):
        return images
    cell = max(1, max(height, width) // CHECKERS)
    rows, columns = np.indices((height, width)) // cell
    behind = np.where((rows + columns) % 2, LIGHT, DARK).astype(np.uint32)
    colour, opacity = images[:, :-1].astype(np.uint32), images[:, -1:].astype(np.uint32)
    made: np.ndarray = ((colour * opacity + behind * (255 - opacity) + 127) // 255).astype(np.uint8)
    return made


def scale_for(size: int, target: int = 56) -> int:
    """The whole-number enlargement that brings images of `size` pixels near `target` pixels."""
    return max(1, round(target / size))


def save_grid(file: IO[bytes], images: np.ndarray, columns: int | None = None) -> None:
    """Write the grid of `(N, C, H, W) uint8` images as PNG, small images enlarged pixel by pixel."""
    from PIL import Image

    grid = image_grid(images, columns, scale=scale_for(max(images.shape[2:])))
    Image.fromarray(grid[..., 0] if grid.shape[2] == 1 else grid).save(file, format="PNG", compress_level=3)
