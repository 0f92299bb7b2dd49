"""Pixels made to fit: scaled, laid over a background, cut, padded or stretched."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from ganscope.data.decode import decode, fit_array

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def corners(image: np.ndarray) -> list[tuple[int, ...]]:
    """Colours of the four quadrants' centres, row by row."""
    q = image.shape[1] // 4
    return [tuple(int(v) for v in image[:, y, x]) for y in (q, -q) for x in (q, -q)]


def test_transparency_is_laid_over_white() -> None:
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    half = Image.new("RGBA", (8, 8), (0, 0, 0, 128))
    assert (decode(encoded(clear), size=8, channels=3) == 255).all()
    assert (decode(encoded(half), size=8, channels=3) == 127).all()


def test_the_centre_is_cut_out() -> None:
    """The middle third of a wide picture is kept, the thirds beside it are not."""
    wide = Image.new("RGB", (96, 32), BLUE)
    wide.paste(Image.new("RGB", (32, 32), RED), (32, 0))
    assert corners(decode(encoded(wide), size=32, channels=3)) == [RED] * 4
    assert corners(decode(encoded(wide.transpose(Image.Transpose.ROTATE_90)), size=16, channels=3)) == [RED] * 4


def test_a_very_long_strip_does_not_fill_the_memory() -> None:
    """One pixel high, a million wide: scaled first and cut later it would be 4 GB."""
    image = decode(encoded(Image.new("L", (1_000_000, 1), 7)), size=64, channels=1)
    assert image.shape == (1, 64, 64) and (image == 7).all()


def test_fit_array_agrees_with_decoding_the_same_pixels() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (3, 20, 30), dtype=np.uint8)
    data = encoded(Image.fromarray(np.ascontiguousarray(np.moveaxis(pixels, 0, 2))))
    for channels in (1, 3):
        np.testing.assert_array_equal(
            fit_array(pixels, size=12, channels=channels), decode(data, size=12, channels=channels)
        )
