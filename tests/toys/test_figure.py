"""The figure of a toy."""

from __future__ import annotations

import numpy as np
import pytest

from ganscope.toys import figure


def test_darts_point_along_the_push() -> None:
    triangles = figure._darts(np.zeros((2, 2)), np.array([[3.0, 0.0], [0.0, -3.0]]), span=1.0)
    tips = triangles[:, 1]
    assert tips == pytest.approx(np.array([[0.5, 0.0], [0.0, -0.5]]) * figure.DART_LENGTH)
    assert np.isfinite(figure._darts(np.zeros((1, 2)), np.zeros((1, 2)), span=1.0)).all()


def test_a_density_picture_is_white_where_it_is_not_and_ink_at_the_top_with_y_upwards() -> None:
    density = np.zeros((4, 4))
    density[0, 1], density[3, 3] = 8.0, 1.0  # y lowest; y highest
    picture = figure.density_picture(density.ravel(), 8.0, "#1f6fb4")
    assert picture[3, 1].tolist() == [0x1F, 0x6F, 0xB4] and picture[1, 1].tolist() == [255, 255, 255]
    assert picture[0, 3].tolist() == [round((255 + channel) / 2) for channel in (0x1F, 0x6F, 0xB4)]
