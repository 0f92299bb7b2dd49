"""One function decides how data are read, says why, and `train` does what `check` suggests."""

from __future__ import annotations

from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganscope.data.inspect import examine, render
from ganscope.data.load import load_dataset, require_variety
from ganscope.data.plan import Wishes, decide, scale_of, trainable_size
from ganscope.data.survey import Backdrop, Facts, Values
from ganscope.errors import ConfigError, DataError
from ganscope.networks.stages import halved


def size_of(*sizes: tuple[int, int], **wishes: Any) -> tuple[int, int]:
    return decide(Facts(Counter(sizes), grey=False), Wishes(**wishes)).recipe.side


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(28, 28)], 28), ([(8, 8)], 8), ([(48, 48)], 48), ([(50, 50)], 48), ([(128, 128)], 128), ([(250, 250)], 64),
        ([(5, 5)], 8), ([(1, 1)], 8), ([(30, 30)], 28), ([(100, 100)], 96), ([(100, 80), (70, 300)], 64),
        ([(40, 50), (60, 70)], 32), ([(300, 20)], 16), ([(500, 400)] * 19 + [(10, 10)], 64),
        ([(100, 100)] * 30 + [(3000, 3000)], 96),
    ],
)  # fmt: skip
def test_the_size(sizes: list[tuple[int, int]], expected: int) -> None:
    assert size_of(*sizes) == (expected, expected)
    assert size_of(*sizes, size=(64, 128)) == (64, 128)


def test_every_side_has_a_size_that_trains() -> None:
    for side in range(1, 600):
        size = trainable_size(side)
        halved = size
        while halved > 7:
            assert halved % 2 == 0
            halved //= 2
        assert 4 <= halved <= 7 and 8 <= size <= 512
        if 8 <= side <= 512:
            assert abs(size - side) <= side / 8


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((16, 32), (16, 32)), ((30, 60), (28, 60)), ((64, 100), (64, 96)), ((100, 64), (96, 64)), ((65, 64), 64),
        ((5, 40), (8, 40)), ((250, 500), (256, 512)), ((64, 2000), (64, 512)),
    ],
)  # fmt: skip
def test_the_longer_side_halves_as_often_as_the_shorter(size: tuple[int, int], expected: int | tuple[int, int]) -> None:
    assert trainable_size(size) == expected
    halved(expected, "dcgan")  # raises where the networks cannot make it


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(60, 30)], (28, 56)), ([(30, 60)] * 30, (56, 28)), ([(1920, 1080), (1280, 720)], (64, 112)),
        ([(100, 400)], (256, 64)), ([(100, 401)], (64, 64)), ([(1600, 1200)], (64, 64)),
        ([(60, 30)] * 9 + [(30, 60)], (16, 16)), ([(20, 10)], (10, 20)),
    ],
)  # fmt: skip
def test_images_that_are_all_long_are_kept_so(sizes: list[tuple[int, int]], expected: tuple[int, int]) -> None:
    """Where a square would lose more than a third of every one; the words say what decides otherwise."""
    plan = decide(Facts(Counter(sizes), grey=False), Wishes())
    assert plan.recipe.side == expected
    if expected[0] != expected[1]:
        assert f"{expected[0]} × {expected[1]} pixels" in str(plan.decisions[0]) and "--fit" in str(plan.decisions[0])
    for wishes in ({"size": 32}, {"fit": "crop"}, {"fit": "pad"}, {"square": True}):
        height, width = size_of(*sizes, **wishes)
        assert height == width


def test_long_images_on_a_clear_background_are_padded() -> None:
    facts = Facts(
        Counter([(60, 30)]), grey=False, backdrop=Backdrop(9, 9, dict.fromkeys(("white", "black", "grey"), 0.0))
    )
    assert decide(facts, Wishes()).recipe[:3] == (32, 3, "pad")


@pytest.mark.parametrize(
    ("low", "high", "floats", "expected"),
    [
        (0, 65535, False, (0, 65535)), (0, 4095, False, (0, 4095)), (3, 4090, False, (0, 4095)),
        (0, 400, False, (0, 400)), (0, 255, False, (0, 255)), (0, 40, False, (0, 40)),
        (1000, 1400, False, (1000, 1400)),
        (-1024, 3071, False, (-1024, 3071)), (0, 1, True, (0, 1)), (-1, 1, True, (-1, 1)), (0, 255, True, (0, 255)),
        (0, 3, True, (0, 3)), (-2.1, 2.6, True, (-2.1, 2.6)), (0, 0, False, (0, 1)), (7, 7, True, (7, 8)),
        (0, 0.01, True, (0, 0.01)),
    ],
)  # fmt: skip
def test_black_and_white_come_from_the_data(
    low: float, high: float, floats: bool, expected: tuple[float, float]
) -> None:
    assert scale_of(Values(low, high, floats, 1)) == expected


def save16(path: Path, pixels: np.ndarray) -> None:
    """A PNG of 16 bits, grey or colour (which Pillow cannot write)."""
    import struct
    import zlib

    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 16, 2 if pixels.ndim == 3 else 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("colour", [False, True], ids=["grey", "colour"])
@pytest.mark.parametrize("top", [400, 4095, 65535])
def test_few_of_16_bits_are_seen_and_one_scale_serves_all(tmp_path: Path, colour: bool, top: int) -> None:
    shape = (8, 8, 3) if colour else (8, 8)
    rng = np.random.default_rng(0)
    bright = rng.integers(0, top + 1, shape)
    bright[0, 0], bright[0, 1] = 0, top
    dark = rng.integers(0, top // 4, shape)
    save16(tmp_path / "bright.png", bright)
    save16(tmp_path / "dark.png", dark)
    data = load_dataset(str(tmp_path), channels=3 if colour else 1)
    found = {part.names[0]: part.images[0] for part in (data.train, data.test) if part.names}
    for name, pixels in (("bright.png", bright), ("dark.png", dark)):
        expected = np.rint(pixels * (255 / top)).astype(int)
        expected = np.moveaxis(expected, 2, 0) if colour else expected[None]
        np.testing.assert_array_equal(found[name], expected)
    assert any(f"{top:g} white" in text and "--value-range" in text for text in data.decisions)
    wider = load_dataset(str(tmp_path), channels=1, value_range=f"0:{2 * top}")
    assert int(max(wider.train.images.max(), wider.test.images.max())) <= 129


def test_float_pictures_are_not_black(tmp_path: Path) -> None:
    pixels = np.linspace(0, 3, 64, dtype=np.float32).reshape(8, 8)
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    Image.fromarray(pixels / 2).save(tmp_path / "b.tif")
    data = load_dataset(str(tmp_path))
    assert sorted(int(part.images.max()) for part in (data.train, data.test)) == [128, 255]


def icon(colour: tuple[int, int, int], seed: int) -> Image.Image:
    """A square of one colour somewhere on nothing."""
    pixels = np.zeros((16, 16, 4), np.uint8)
    x, y = np.random.default_rng(seed).integers(0, 8, 2)
    pixels[y : y + 8, x : x + 8] = (*colour, 255)
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    ("colours", "expected"),
    [([(255, 255, 255)], 0), ([(0, 0, 0)], 255), ([(255, 255, 255), (0, 0, 0)], 128), ([(200, 30, 30)], 255)],
    ids=["white", "black", "both", "red"],
)
def test_a_background_on_which_the_pictures_can_be_seen(
    tmp_path: Path, colours: list[tuple[int, int, int]], expected: int
) -> None:
    for i in range(20):
        icon(colours[i % len(colours)], i).save(tmp_path / f"{i}.png")
    data = load_dataset(str(tmp_path))
    assert all(image.std() > 20 for image in data.train.images), "no blank squares"
    assert {int(np.bincount(image[0].ravel(), minlength=256).argmax()) for image in data.train.images} == {expected}
    assert any("--background" in text for text in data.decisions)
    red = load_dataset(str(tmp_path), background="#ff0000", channels=3)
    assert (red.train.images[:, :, -1, -1] == [255, 0, 0]).all(axis=1).mean() > 0.5


def test_four_channels_keep_the_transparency(tmp_path: Path) -> None:
    for i in range(4):
        icon((255, 255, 255), i).save(tmp_path / f"{i}.png")
    data = load_dataset(str(tmp_path), channels=4)
    assert data.train.images.shape[1:] == (4, 16, 16)
    assert set(np.unique(data.train.images[:, 3])) == {0, 255} and (data.train.images[:, 3] == 255).sum() == 64 * 3
    assert examine(str(tmp_path), channels=4).tiles.shape[1] == 4


def test_shapes_are_cut_padded_or_stretched(tmp_path: Path) -> None:
    stripes = np.zeros((16, 48, 3), np.uint8)
    stripes[:, :16, 0] = stripes[:, 16:32, 1] = stripes[:, 32:, 2] = 255
    for i in range(3):
        stripes[:, :, i] ^= np.uint8(i)
        Image.fromarray(stripes).save(tmp_path / f"{i}.png")

    def middle_row(**wishes: Any) -> list[int]:
        image = load_dataset(str(tmp_path), size=24, **wishes).train.images[0]
        return [int(image[:, 12, x].argmax()) for x in (2, 12, 21)]

    assert middle_row(fit="crop") == [1, 1, 1]
    assert middle_row(fit="pad") == middle_row(fit="stretch") == [0, 1, 2]
    padded = load_dataset(str(tmp_path), size=24, fit="pad", background="white").train.images[0]
    assert (padded[:, :8] == 255).all() and (padded[:, 16:] == 255).all() and not (padded[:, 8:16] == 255).all()
    whole = load_dataset(str(tmp_path), size=(16, 48)).train.images
    assert whole.shape[1:] == (3, 16, 48)
    report = examine(str(tmp_path), size=24)
    assert [name for name, _ in report.fits] == ["crop", "pad", "stretch"]
    assert any("lost to the centre crop" in text for text in report.warnings)
    assert any("--fit pad or stretch" in text for text in report.decisions)


@pytest.mark.parametrize("value", [0, 255, 90])
def test_pictures_that_are_all_the_same_are_refused_in_one_line(tmp_path: Path, value: int) -> None:
    for i in range(12):
        Image.new("RGB", (16, 16), (value,) * 3).save(tmp_path / f"{i}.png")
    with pytest.raises(DataError, match="nothing to learn, all 11 images are the same"):
        require_variety(load_dataset(str(tmp_path)))
    assert "all images are the same" in render(examine(str(tmp_path)))
    Image.new("RGB", (16, 16), (value ^ 64,) * 3).save(tmp_path / "other.png")
    Image.new("RGB", (16, 16), (value ^ 32,) * 3).save(tmp_path / "another.png")
    require_variety(load_dataset(str(tmp_path)))


def test_files_of_text_and_a_mac_s_litter_are_no_trouble(tmp_path: Path) -> None:
    out = BytesIO()
    icon((9, 9, 9), 0).save(out, "PNG")
    names = ("a.png", "b.png", "LICENSE", "._a.png", ".DS_Store", "Thumbs.db", "__MACOSX/a.png")
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(out.getvalue() if name in ("a.png", "b.png") else b"some text")
    report = examine(str(tmp_path))
    assert report.num_images == 2 and not report.unreadable and report.others == {"LICENSE": 1}


@pytest.mark.parametrize(
    "bad",
    [{"size": 0}, {"size": (8, 0)}, {"channels": 2}, {"fit": "zoom"}, {"background": "glass"}, {"value_range": "9:1"},
     {"value_range": "x"}, {"every": 0}, {"labels": "folders:x"}],
)  # fmt: skip
def test_wishes_that_cannot_be_met_are_config_errors(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Wishes(**bad)
