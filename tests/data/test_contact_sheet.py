"""The contact sheet: every tile is on it, and it says where it cannot be written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.data.inspect import draw_contact_sheet, examine
from ganscope.errors import DataError


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
