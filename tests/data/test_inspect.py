"""The folder doctor on a folder of known ailments."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.data import folder, inspect, survey
from ganscope.data.duplicates import exact_groups, near_pairs, thumbnail
from ganscope.data.inspect import draw_contact_sheet, examine, render
from ganscope.errors import DataError


def noise(seed: int, width: int = 64, height: int = 64) -> Image.Image:
    """Smooth coloured blobs, different for every seed: what a photograph is to a hash."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> str:
    """2 classes of 60 and 10 images, and one file of every trouble."""
    root = tmp_path_factory.mktemp("patient")
    files = {f"cats/{i:02d}.png": encoded(noise(i)) for i in range(60)}
    files |= {f"dogs/{i:02d}.png": encoded(noise(100 + i)) for i in range(5)}
    files |= {
        "dogs/copy.png": files["dogs/00.png"],
        "dogs/near.jpg": encoded(noise(101).resize((90, 90)), "JPEG", quality=70),
        "dogs/wide.png": encoded(noise(200, 200, 64)),
        "dogs/small.png": encoded(noise(201, 20, 20)),
        "dogs/grey.png": encoded(noise(202).convert("L")),
        "dogs/zero.png": b"",
        "dogs/text.png": b"text",
        "dogs/anim.gif": encoded(noise(203), "GIF", save_all=True, append_images=[noise(204)]),
        "notes.txt": b"",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content)
    with open(os.fsencode(root) + b"/dogs/na\xffme.png", "wb") as file:  # noqa: PTH123 (bytes)
        file.write(encoded(noise(205)))
    return str(root)


def test_the_report_counts_what_is_there(patient: str) -> None:
    report = examine(patient)
    assert report.num_images == 72
    assert report.unreadable == (
        ("dogs/text.png", "not an image, or damaged from the start: it starts with b'text'"),
        ("dogs/zero.png", "empty: the file has 0 bytes"),
    )
    assert report.others == {".txt": 1}
    assert report.formats == {"PNG": 70, "JPEG": 1, "GIF": 1}
    assert report.modes == {"RGB": 70, "L": 1, "P": 1}
    assert report.sizes == {(64, 64): 69, (90, 90): 1, (200, 64): 1, (20, 20): 1}
    assert dict(report.short_sides) == {"64–127": 71, "16–31": 1}
    assert dict(report.aspects) == {"square": 71, "above 2:1": 1}
    assert report.classes == {"cats": 60, "dogs": 12} and not report.grey


def test_the_report_finds_copies_and_near_copies(patient: str) -> None:
    report = examine(patient)
    assert report.duplicates == (("dogs/00.png", "dogs/copy.png"),)
    assert report.near_duplicates == (("dogs/01.png", "dogs/near.jpg"),)


def test_the_warnings_name_each_ailment(patient: str) -> None:
    warnings = "\n".join(examine(patient).warnings)
    for part in (
        "unreadable, left out: 2 files", "only 72 images", "copies of other images: 1", "nearly the same picture: 1",
        "smaller than 64 pixels, to be enlarged and soft: 1 image", "lost to the centre crop: 1 image",
        "grey among coloured ones: 1 of 72", "only the first frame is used: 1 file",
    ):  # fmt: skip
        assert part in warnings, part
    assert "unbalanced" not in warnings, "60 to 12 is five times and not more"


def test_imbalance_is_warned_of(tmp_path: Path) -> None:
    for k, count in (("many", 31), ("few", 5)):
        (tmp_path / k).mkdir()
        for i in range(count):
            noise(i + 1000 * count).save(tmp_path / k / f"{i}.png")
    warnings = "\n".join(examine(str(tmp_path)).warnings)
    assert "unbalanced: many has 31, few has 5" in warnings and "classes of fewer than 10 images: 1" in warnings


def test_the_text_can_be_printed_and_says_what_to_run(patient: str) -> None:
    text = render(examine(patient))
    text.encode("utf-8")
    assert f"ganscope train {patient} --preset r3dcgan-64 --size 64" in text
    assert "dogs/zero.png: empty" in text and "dogs/00.png = dogs/copy.png" in text
    assert max(map(len, text.splitlines())) <= 120


def test_the_contact_sheet_is_a_picture_with_every_tile(patient: str, tmp_path: Path) -> None:
    report = examine(patient, size=32)
    assert report.tiles.shape == (60, 3, 32, 32) and len(report.captions) == 60
    path = draw_contact_sheet(report, tmp_path / "new" / "sheet.png")
    with Image.open(path) as sheet:
        assert sheet.format == "PNG" and sheet.width > 900
        shown = np.asarray(sheet.convert("RGB"))
    for tile in report.tiles[::7]:
        there = (shown == tile[:, 16, 16]).all(axis=2)
        assert there.sum() >= 9, "each pixel of a tile is on the sheet, enlarged to 3 by 3 and not smoothed"


def test_the_contact_sheet_says_where_it_cannot_be_written(patient: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written"):
        draw_contact_sheet(examine(patient, size=8), tmp_path / "file" / "sheet.png")


def test_a_named_set_is_healthy() -> None:
    report = examine("digits")
    assert report.num_images == 1797 and report.sizes == {(8, 8): 1797} and report.grey
    assert sum(report.classes.values()) == 1797 and report.near_duplicates is None
    assert (report.suggested_size, report.unreadable) == (8, ())
    assert report.tiles.shape == (60, 1, 8, 8)
    assert "1,797 images readable" in render(report)


def test_arrays_are_examined_too(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (30, 16, 16), dtype=np.uint8)
    images[7] = images[3]
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(30) % 3)
    report = examine(str(tmp_path / "a.npz"))
    assert report.duplicates == (("#3", "#7"),) and report.classes == {"0": 10, "1": 10, "2": 10}


@pytest.mark.parametrize("two", [True, False])
def test_data_of_two_values_are_noticed(tmp_path: Path, two: bool) -> None:
    random = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    np.save(tmp_path / "scans.npy", np.where(random > 127, 255, 0).astype(np.uint8) if two else random)
    told = any("only two values occur" in warning for warning in examine(str(tmp_path / "scans.npy")).warnings)
    assert told == two


def test_one_image_is_enough(tmp_path: Path) -> None:
    noise(0, 1, 1).save(tmp_path / "a.png")
    report = examine(str(tmp_path))
    assert report.num_images == 1 and report.suggested_size == 8 and report.tiles.shape == (1, 3, 8, 8)
    draw_contact_sheet(report, tmp_path / "sheet.png")


def test_an_empty_folder_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no image"):
        examine(str(tmp_path))


def test_near_pairs_are_found_among_many_and_nothing_else() -> None:
    pictures = [noise(i) for i in range(300)]
    pictures += [pictures[5].resize((200, 200)), Image.eval(pictures[9], lambda v: min(255, v + 4))]
    pictures += [Image.new("RGB", (64, 64), (v, v, v)) for v in (10, 11, 12)]  # flat: nothing to compare
    thumbs = np.stack([thumbnail(np.ascontiguousarray(np.moveaxis(np.asarray(p), 2, 0))) for p in pictures])
    assert near_pairs(thumbs) == [(5, 300), (9, 301)]
    assert near_pairs(thumbs[-3:]) == []


def test_exact_groups() -> None:
    assert exact_groups([b"a", b"b", b"a", b"c", b"b", b"a"]) == [[0, 2, 5], [1, 4]]


def test_hostile_names_reach_no_terminal_and_break_no_sheet(tmp_path: Path) -> None:
    names = [
        "\x1b[31mred",
        "\u202egnp",
        "\u0645\u0631\u062d\u0628\u0627" * 12,
        "e" + "\u0301" * 60,
        "\U0001f469\u200d\U0001f52c",
    ]
    for k, hostile in enumerate(names):
        for i in range(12):
            path = tmp_path / "set" / hostile / f"{hostile[:3]}{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            noise(100 * k + i, 16, 16).save(path)
    report = examine(str(tmp_path / "set"))
    text = render(report)
    assert len(report.classes) == 5 and "\x1b" not in text and "\u202e" not in text and "\u200d" not in text
    draw_contact_sheet(report, tmp_path / "sheet.png")


def test_the_second_look_opens_no_image(patient: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty thousand files are looked at again within seconds because nothing is decoded twice."""
    first = examine(patient, size=24)

    def opened(*_: object, **__: object) -> None:
        raise AssertionError("an image was opened again")

    monkeypatch.setattr(survey, "read_header", opened)
    monkeypatch.setattr(folder, "decode", opened)
    monkeypatch.setattr(inspect, "_shown_fits", lambda found: first.fits)  # these are made anew each time
    again = examine(patient, size=24)
    assert again.num_images == first.num_images and again.duplicates == first.duplicates


def test_what_check_says_names_an_option_for_every_decision(patient: str) -> None:
    report = examine(patient)
    assert report.decisions and all("--" in text for text in report.decisions)
    assert all(text in render(report) for text in report.decisions)
    asked = examine(patient, fit="pad", labels="none")
    assert "--fit pad --labels none" in render(asked) and not asked.classes
