"""The map of a run: arrays that fit together, or nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganscope.runs.points import pictures, read_fakes, read_map_info, read_reals

REALS: dict[str, Any] = {"xy": np.arange(8.0).reshape(4, 2), "label": np.array([0, 1, -1, 0])}
FAKES: dict[str, Any] = {
    "xy": np.arange(6.0).reshape(3, 2), "distance": np.ones(3), "unlike": np.array([True, False, False]),
}  # fmt: skip


def test_what_is_there_comes_back_and_what_is_not_has_a_default(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **REALS)
    reals = read_reals(tmp_path / "a.npz")
    assert reals is not None and np.array_equal(reals.xy, REALS["xy"]) and reals.xy.dtype == np.float32
    assert reals.label.tolist() == [0, 1, -1, 0] and reals.spacing.tolist() == [1.0] * 4
    np.savez(tmp_path / "b.npz", **FAKES)
    fakes = read_fakes(tmp_path / "b.npz")
    assert fakes is not None and fakes.unlike.tolist() == [True, False, False] and fakes.label.tolist() == [-1] * 3
    assert np.isnan(fakes.score).all() and fakes.nearest.tolist() == [0] * 3 and fakes.images is None


@pytest.mark.parametrize(
    "change",
    [
        {"xy": np.zeros((4, 3))}, {"xy": np.full((4, 2), np.nan)}, {"xy": np.array([["a", "b"]] * 4)},
        {"label": np.zeros(3, int)}, {"label": np.array(list("abcd"))}, {"spacing": np.ones((4, 1))}, {"xy": None},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_nothing(change: dict[str, Any], tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **{name: value for name, value in (REALS | change).items() if value is not None})
    assert read_reals(tmp_path / "a.npz") is None
    assert read_fakes(tmp_path / "nothing.npz") is None


@pytest.mark.parametrize("missing", ["xy", "distance", "unlike"])
def test_fakes_without_a_column_that_has_no_default_are_nothing(missing: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "b.npz", **{name: value for name, value in FAKES.items() if name != missing})
    found = read_fakes(tmp_path / "b.npz")
    assert found is None


def test_only_pictures_are_pictures() -> None:
    good = np.zeros((2, 3, 4, 4), np.uint8)
    assert pictures(good) is good
    for other in (None, good[0], good.astype(np.float32), np.zeros((2, 2, 4, 4), np.uint8), good[:0]):
        assert pictures(other) is None


@pytest.mark.parametrize(("stored", "known"), [({"n": 4}, True), ({"n": -1}, False), ({"n": "4"}, False), ([], False)])
def test_what_the_map_is_of(stored: Any, known: bool, tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text(json.dumps(stored))
    assert (read_map_info(tmp_path / "real.json") is not None) == known
