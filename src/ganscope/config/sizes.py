"""The size of images, `Size`: the side of a square in pixels, or height and width."""

from __future__ import annotations

from collections.abc import Sequence

Size = int | tuple[int, int]


def sides_of(size: Size) -> tuple[int, int]:
    """(H, W) of a size."""
    return size if isinstance(size, tuple) else (size, size)


def size_of(sides: Sequence[int]) -> Size:
    """The size of images of (H, W): one number where both are the same."""
    height, width = sides
    return height if height == width else (height, width)


def size_named(text: str) -> Size:
    """`64`, or `64x128`: height x width. Raises ValueError."""
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) > 2 or not all(part.isdecimal() for part in parts):
        raise ValueError(text)
    sides = [int(part) for part in parts]
    return size_of((sides[0], sides[-1]))


def size_text(size: Size, times: str = "×") -> str:
    """`64×128`; with `times="x"` as the command line takes it."""
    height, width = sides_of(size)
    return f"{height}{times}{width}"
