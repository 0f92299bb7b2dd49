"""A data set before it is decoded: which files it is, and where its labels come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.data.plan import Wishes
from ganscope.data.understanding import understand_data
from ganscope.errors import DataError


def quiet(text: str) -> None:
    pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two folders of six pictures, and a table that sorts them otherwise."""
    rng = np.random.default_rng(0)
    rows = ["file,colour,side"]
    for i in range(12):
        path = tmp_path / "set" / ("cats", "dogs")[i % 2] / f"{i:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path)
        rows.append(f"{path.parent.name}/{path.name},{'red' if i < 6 else 'blue'},{'l' if i % 3 else 'r'}")
    (tmp_path / "set" / "table.csv").write_text("\n".join(rows))
    return tmp_path / "set"


@pytest.mark.parametrize(
    ("wishes", "classes"),
    [
        ({"labels": "folders"}, {"cats", "dogs"}),
        ({"labels": "table.csv", "label_column": "colour"}, {"red", "blue"}),
        ({"label_column": "side"}, {"l", "r"}),
        ({"labels": "none"}, None),
    ],
)
def test_labels_come_from_where_they_were_asked_for(
    wishes: dict[str, str], classes: set[str] | None, folder: Path, tmp_path: Path
) -> None:
    found = understand_data(str(folder), Wishes(**wishes), tmp_path / "cache", quiet)
    assert found.layout is not None and len(found.layout.names) == 12
    assert (None if found.layout.classes is None else set(found.layout.classes)) == classes
    assert found.facts.sizes == {(8, 8): 12} and not found.facts.grey


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        ({"only": "*.jpg"}, "every image is left out"),
        ({"labels": "other.csv"}, "no such file"),
        ({"labels": "table.csv", "label_column": "size"}, "gives no labels"),
    ],
)
def test_wishes_that_leave_nothing_are_one_clear_error(
    wishes: dict[str, str], says: str, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=says):
        understand_data(str(folder), Wishes(**wishes), tmp_path / "cache", quiet)


def test_arrays_have_neither_survey_nor_layout(tmp_path: Path) -> None:
    found = understand_data("digits", Wishes(), tmp_path / "cache", quiet)
    assert found.survey is None and found.layout is None and found.facts.sizes == {(8, 8): 1797} and found.facts.grey
