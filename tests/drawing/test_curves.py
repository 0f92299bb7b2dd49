"""The curves of a run: thinned to what the picture can show, from the first line to the last."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from ganscope.drawing.curves import MAX_POINTS, _column, draw_curves


@pytest.mark.parametrize("count", [1, 3, 499, 500, 501, 999, 1000, 1999, 12_345])
def test_a_thinned_curve_keeps_its_mean_and_its_end(count: int) -> None:
    values = np.random.default_rng(count).normal(size=count)
    found = _column([{"loss": float(value)} for value in values], "loss")
    group = -(-count // MAX_POINTS)
    assert len(found) == -(-count // group) <= MAX_POINTS
    assert np.allclose(found, [values[i : i + group].mean() for i in range(0, count, group)])


def test_what_is_missing_is_a_gap_and_nothing_is_nothing() -> None:
    found = _column([{"loss": 1.0}, {"loss": None}, {}, {"loss": 0.0}], "loss")
    assert np.array_equal(found, [1.0, np.nan, np.nan, 0.0], equal_nan=True)
    assert not len(_column([], "loss"))


def test_a_run_without_scores_or_without_lines_has_a_picture() -> None:
    for history in ([], [{"epoch": 1.0, "g_loss": 1.0, "d_loss": None}]):
        file = io.BytesIO()
        draw_curves(file, history, [], "title")
        with Image.open(file) as image:
            assert image.size == (1430, 550)
