"""One image file in, one array out: every kind of picture, and every kind of damage."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.data.decode import MAX_PIXELS, decode, is_grey, is_image_name, read_header
from ganscope.errors import DataError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def quadrants(side: int = 32) -> Image.Image:
    """Red and green above, blue and white below: every rotation and flip looks different."""
    pixels = np.zeros((side, side, 3), np.uint8)
    half = side // 2
    pixels[:half, :half], pixels[:half, half:], pixels[half:, :half], pixels[half:, half:] = RED, GREEN, BLUE, WHITE
    return Image.fromarray(pixels)


def corners(image: np.ndarray) -> list[tuple[int, ...]]:
    """Colours of the four quadrants' centres, row by row."""
    q = image.shape[1] // 4
    return [tuple(int(v) for v in image[:, y, x]) for y in (q, -q) for x in (q, -q)]


def test_a_png_of_the_right_size_comes_back_unchanged() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    image = decode(encoded(Image.fromarray(pixels)), size=16, channels=3)
    assert image.dtype == np.uint8 and image.flags.c_contiguous
    np.testing.assert_array_equal(image, np.moveaxis(pixels, 2, 0))


def test_a_path_and_its_bytes_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(quadrants()))
    np.testing.assert_array_equal(decode(path, size=16, channels=3), decode(path.read_bytes(), size=16, channels=3))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16", "I", "F"])
def test_every_mode_of_white_becomes_white(mode: str) -> None:
    if mode in ("I;16", "I", "F"):
        dtype, value = {"I;16": (np.uint16, 65535), "I": (np.int32, 65535), "F": (np.float32, 1.0)}[mode]
        image, kind = Image.fromarray(np.full((20, 20), value, dtype)), "TIFF"
    else:
        image, kind = Image.new("RGB", (20, 20), WHITE).convert(mode), "TIFF" if mode == "CMYK" else "PNG"
    data = encoded(image, kind)
    assert read_header(data).mode == mode
    for channels in (1, 3):
        assert (decode(data, size=8, channels=channels) == 255).all()


def test_cmyk_jpeg_keeps_its_colours() -> None:
    image = decode(encoded(quadrants(64).convert("CMYK"), "JPEG", quality=95), size=32, channels=3)
    for found, expected in zip(corners(image), (RED, GREEN, BLUE, WHITE), strict=True):
        assert np.abs(np.subtract(found, expected)).max() < 30


def test_palette_with_a_transparent_colour() -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([*BLUE, *RED])
    assert corners(decode(encoded(image), size=8, channels=3)) == [RED] * 4
    assert (decode(encoded(image, transparency=1), size=8, channels=3) == 255).all()


def test_16_bit_grey_is_scaled_and_not_clipped() -> None:
    ramp = np.array([[0, 257 * 50], [257 * 128, 65535]], np.uint16)
    image = decode(encoded(Image.fromarray(ramp)), size=2, channels=1)
    np.testing.assert_array_equal(image[0], [[0, 50], [128, 255]])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(orientation: int) -> None:
    """A picture stored turned with the matching tag looks like the upright one."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    wide = Image.new("RGB", (48, 32), WHITE)
    wide.paste(quadrants(32), (8, 0))
    stored = wide.transpose(undo[orientation]) if orientation in undo else wide
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(stored, "PNG", exif=exif)
    header = read_header(data)
    assert (header.width, header.height) == (48, 32)
    assert corners(decode(data, size=32, channels=3)) == [RED, GREEN, BLUE, WHITE]


def test_an_animation_gives_its_first_frame() -> None:
    first, second = Image.new("RGB", (8, 8), RED), Image.new("RGB", (8, 8), BLUE)
    data = encoded(first, "GIF", save_all=True, append_images=[second])
    assert read_header(data).animated
    assert corners(decode(data, size=8, channels=3)) == [RED] * 4


def test_one_pixel_fills_the_image() -> None:
    image = decode(encoded(Image.new("RGB", (1, 1), RED)), size=64, channels=3)
    assert corners(image) == [RED] * 4 and image.shape == (3, 64, 64)


def test_the_resize_is_antialiased() -> None:
    """A fine checkerboard becomes an even grey; picking pixels would give black or white."""
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    image = decode(encoded(Image.fromarray(board)), size=8, channels=1)
    assert np.abs(image.astype(int) - 127).max() <= 3


def test_a_large_jpeg_decoded_at_reduced_size_is_close_to_the_full_decoding() -> None:
    y, x = np.mgrid[0:512, 0:512]
    pixels = np.stack([x / 2, y / 2, 128 + 100 * np.sin(x / 40)], axis=-1).astype(np.uint8)
    data = encoded(Image.fromarray(pixels), "JPEG", quality=95)
    full = np.asarray(Image.open(BytesIO(data)).resize((32, 32), Image.Resampling.LANCZOS))
    fast = np.moveaxis(decode(data, size=32, channels=3), 0, 2)
    assert np.abs(full.astype(int) - fast).mean() < 1.5


def test_grey_is_seen_through_the_mode() -> None:
    grey = quadrants().convert("L")
    assert is_grey(encoded(grey)) and is_grey(encoded(grey.convert("RGB"))) and is_grey(encoded(grey.convert("P")))
    assert is_grey(encoded(grey.convert("RGB"), "JPEG"))
    assert not is_grey(encoded(quadrants())) and not is_grey(encoded(quadrants(), "JPEG"))


def truncated_jpeg() -> bytes:
    data = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)), "JPEG")
    return data[: len(data) // 2]


def bomb() -> bytes:
    """A PNG header of 60,000 × 60,000 pixels before almost no data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"hello, this is a text", "not an image"),
        (truncated_jpeg(), "cut short"),
        (bomb(), "decompression bomb"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "not an image, or damaged"),
        (encoded(quadrants()).replace(b"IDAT", b"ID\0T"), "damaged|cut short"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not an image"),
    ],
    ids=["zero bytes", "text", "truncated jpeg", "bomb", "damaged header", "damaged pixels", "eps is never opened"],
)
def test_what_cannot_be_read_has_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(DataError, match=reason) as caught:
        decode(data, size=16, channels=3)
    assert "\n" not in str(caught.value), "one short line, for a list"


def test_a_picture_just_above_the_limit_is_refused_without_a_decoding() -> None:
    side = int(MAX_PIXELS**0.5) + 1
    with pytest.raises(DataError, match="decompression bomb"):
        read_header(encoded(Image.new("1", (side, side))))


def test_random_damage_never_raises_anything_but_a_data_error() -> None:
    rng = np.random.default_rng(2)
    seeds = [encoded(quadrants(), kind) for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")]
    refused = 0
    for data in seeds:
        for _ in range(60):
            broken = bytearray(data)
            for place in rng.integers(0, len(broken), 8):
                broken[place] = rng.integers(0, 256)
            try:
                assert decode(bytes(broken), size=8, channels=3).shape == (3, 8, 8)
            except DataError:
                refused += 1
    assert refused > 50, "the damage must reach the decoders"


def test_a_file_that_cannot_be_opened_has_a_reason(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be opened: No such file"):
        decode(tmp_path / "gone.png", size=8, channels=1)


def test_names_that_are_tried_as_images() -> None:
    assert is_image_name("a/b.JPG") and is_image_name("scan") and is_image_name("./a.png") and is_image_name("x.tif")
    assert not is_image_name("a/.DS_Store.png") and not is_image_name("__MACOSX/a.png")
    assert not is_image_name("notes.txt") and not is_image_name(".hidden/a.png")
