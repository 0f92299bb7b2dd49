"""A contact sheet: labelled tiles on one page. Arrays and texts in, a picture out.

Legend: T tiles, C channels 1, 3 or 4, H height, W width. Tiles are `(C, H, W) uint8`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ganscope.arraytypes import U8
from ganscope.errors import plain

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_TILE, _GAP, _MARGIN, _LINE, _COLUMNS = 112, 12, 24, 17, 10
_PAPER, _INK, _FAINT, _WARN = (252, 252, 250), (30, 32, 36), (120, 124, 130), (176, 58, 20)


def draw_sheet(
    tiles: Sequence[U8],
    captions: Sequence[tuple[str, str]],
    *,
    title: str,
    facts: Sequence[str],
    warnings: Sequence[str],
) -> Image.Image:
    """The page: a title, lines of facts, lines of warnings, then the tiles with two lines of caption each.

    Tiles smaller than their place are enlarged by whole numbers without smoothing, so that the pixels can be counted.
    """
    large, normal, small = (_font(points) for points in (22, 13, 11))
    columns = max(1, min(_COLUMNS, len(tiles)))
    rows = -(-len(tiles) // columns)
    cell = _TILE + 2 * _LINE + _GAP
    width = max(2 * _MARGIN + columns * (_TILE + _GAP) - _GAP, 900)
    lines = [(text, _INK) for text in facts] + [(text, _WARN) for text in warnings]
    wrapped = [(part, ink) for text, ink in lines for part in _wrapped(text, normal, width - 2 * _MARGIN)]
    top = _MARGIN + 38 + len(wrapped) * (_LINE + 3) + _GAP
    page = Image.new("RGB", (width, top + rows * cell + _MARGIN - _GAP), _PAPER)
    pen = ImageDraw.Draw(page)
    pen.text((_MARGIN, _MARGIN - 4), _fitted(title, large, width - 2 * _MARGIN), fill=_INK, font=large)
    for i, (text, ink) in enumerate(wrapped):
        pen.text((_MARGIN, _MARGIN + 38 + i * (_LINE + 3)), text, fill=ink, font=normal)
    for i, (tile, caption) in enumerate(zip(tiles, captions, strict=True)):
        x, y = _MARGIN + (i % columns) * (_TILE + _GAP), top + (i // columns) * cell
        _paste(page, tile, x, y)
        for row, (text, ink) in enumerate(zip(caption, (_INK, _FAINT), strict=True)):
            pen.text((x, y + _TILE + 3 + row * (_LINE - 2)), _fitted(text, small, _TILE), fill=ink, font=small)
    return page


def _font(points: int) -> Font:
    """The font that matplotlib brings, which has more letters; else Pillow's own. matplotlib itself is not imported."""
    found = find_spec("matplotlib")
    if found and found.origin:
        path = Path(found.origin).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf"
        if path.exists():
            return ImageFont.truetype(str(path), points)
    return ImageFont.load_default(points)


def _paste(page: Image.Image, tile: U8, x: int, y: int) -> None:
    pixels = tile[0] if len(tile) == 1 else np.ascontiguousarray(np.moveaxis(tile, 0, 2))
    picture = Image.fromarray(pixels).convert("RGBA" if len(tile) == 4 else "RGB")
    side = max(picture.size)
    if side > _TILE:
        small = tuple(max(1, round(length * _TILE / side)) for length in picture.size)
        picture = picture.resize((small[0], small[1]), Image.Resampling.LANCZOS)
    elif 2 * side <= _TILE:
        scale = _TILE // side
        picture = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)
    left, top = x + (_TILE - picture.width) // 2, y + (_TILE - picture.height) // 2
    pen = ImageDraw.Draw(page)
    pen.rectangle((x, y, x + _TILE - 1, y + _TILE - 1), fill=(238, 238, 234))
    if picture.mode == "RGBA":
        page.paste(_checkers(picture.size), (left, top))
        page.paste(picture, (left, top), picture)
    else:
        page.paste(picture, (left, top))


def _checkers(size: tuple[int, int]) -> Image.Image:
    """What shows through transparent pixels: light and dark squares of 8 pixels."""
    rows, columns = np.indices((size[1], size[0])) // 8
    return Image.fromarray(np.where((rows + columns) % 2, 205, 155).astype(np.uint8)).convert("RGB")


def _fitted(text: str, font: Font, width: float) -> str:
    """The text, its middle left out where it is too long: both ends of a path tell more than its start."""
    text = _drawable(text, font)
    if font.getlength(text) <= width:
        return text
    for kept in range(len(text) - 2, 1, -1):
        short = f"{text[: kept // 3]}…{text[len(text) - (kept - kept // 3) :]}"
        if font.getlength(short) <= width:
            return short
    return "…"


def _drawable(text: str, font: Font) -> str:
    """The text, or its ASCII form where the layout engine fails on it."""
    text = plain(text).replace("\n", " ")
    try:
        font.getlength(text)
    except (OSError, ValueError, RuntimeError, KeyError):
        return text.encode("ascii", "backslashreplace").decode()
    return text


def _wrapped(text: str, font: Font, width: float) -> list[str]:
    lines, text = [""], _drawable(text, font)
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return [_fitted(line, font, width) for line in lines]
