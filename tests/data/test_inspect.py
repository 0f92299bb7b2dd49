"""The folder doctor on a folder of known ailments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fixtures.pictures import noise
from ganscope.data import folder, inspect, survey
from ganscope.data.inspect import draw_contact_sheet, examine, render
from ganscope.errors import DataError


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
