"""Files beside the images that hold pictures but are not read."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ganscope.data.conversions import conversion
from ganscope.data.load import load_dataset
from ganscope.errors import DataError


def test_what_is_most_is_said_and_other_files_are_not() -> None:
    assert conversion({".cr2": 2, ".svg": 5, ".md": 90}).startswith("5 .svg")
    assert conversion({".md": 90}) == ""


@pytest.mark.parametrize(
    ("suffix", "todo"), [(".cr2", "darktable"), (".svg", "PNG"), (".rar", "unpack"), (".exr", "TIFF"), (".jxl", "djxl")]
)
def test_files_that_hold_pictures_but_are_not_read_are_said_with_the_way(
    tmp_path: Path, suffix: str, todo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}{suffix}").write_bytes(b"whatever")
    with pytest.raises(DataError, match="no image that can be read") as caught:
        load_dataset(str(folder), cache=tmp_path / "cache")
    assert todo in caught.value.todo
    for i in range(4):  # beside images they are left out, which the training says as well
        Image.new("L", (8, 8), 40 * i).save(folder / f"{i}.png")
    said: list[str] = []
    load_dataset(str(folder), cache=tmp_path / "cache", progress=said.append)
    assert any("left out" in line and todo in line for line in said)
