"""Where a data set comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.pictures import png
from ganscope.data.load import load_dataset
from ganscope.data.sources import DATASETS
from ganscope.errors import DataError


def test_an_unknown_name_suggests_a_known_one() -> None:
    with pytest.raises(DataError, match="no data set 'mnits'") as caught:
        load_dataset("mnits")
    assert "did you mean 'mnist'" in caught.value.todo


def test_a_file_that_is_no_data_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(0))
    with pytest.raises(DataError, match="is not a data set"):
        load_dataset(str(tmp_path / "a.png"))


def test_the_table_has_the_four_names() -> None:
    assert list(DATASETS) == ["digits", "mnist", "fashion-mnist", "lfw"]
