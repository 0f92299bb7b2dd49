"""A canvas: dots, letters, and names that come from data."""

from __future__ import annotations

import numpy as np
import pytest

from ganscope.drawing.canvas import dots, one_line, shorten, splat, text_width, write
from ganscope.drawing.palette import INK, PAPER


def paper(height: int = 60, width: int = 80) -> np.ndarray:
    return np.full((height, width, 3), 255, np.uint8)


def colour_at(canvas: np.ndarray, x: int, y: int) -> tuple[int, ...]:
    return tuple(int(v) for v in canvas[y, x])


# ---- dots ------------------------------------------------------------------------------------------------------------
def test_a_solid_dot_is_full_and_a_hollow_one_a_ring() -> None:
    canvas = paper()
    dots(canvas, np.array([[20.5, 30.5], [60.5, 30.5]]), 6, solid=np.array([1.0, 0.0]))
    assert colour_at(canvas, 20, 30) == INK
    assert colour_at(canvas, 60, 30) == PAPER
    assert colour_at(canvas, 65, 30)[0] < 80  # the ring
    assert (canvas[:, 30:50] == 255).all()


def test_dots_paint_into_a_part_of_a_larger_canvas() -> None:
    canvas = paper()
    dots(canvas[10:50, 20:60], np.array([[20.5, 20.5]]), 5)
    assert colour_at(canvas, 40, 30) == INK


def test_dots_beyond_the_edge_are_cut_off_and_the_later_one_lies_on_top() -> None:
    canvas = paper()
    dots(canvas, np.array([[-100.0, 20.0], [500.0, 20.0], [20.0, -100.0], [20.0, 900.0]]), 5)
    assert (canvas == 255).all()
    dots(canvas, np.array([[0.5, 0.5]]), 5)
    assert colour_at(canvas, 0, 0) == INK
    canvas = paper()
    dots(canvas, np.array([[30.5, 30.5], [30.5, 30.5]]), 5, solid=np.array([0.0, 1.0]))
    assert colour_at(canvas, 30, 30) == INK


def test_a_faint_dot_lets_the_paper_through() -> None:
    canvas = paper()
    dots(canvas, np.array([[30.5, 30.5]]), 6, alpha=np.array([0.5]))
    assert colour_at(canvas, 30, 30) == pytest.approx([(255 + v) / 2 for v in INK], abs=1)


def test_splatted_dots_mix_their_colours_and_never_leave_the_canvas() -> None:
    canvas = paper()
    colours = np.array([[255, 0, 0], [0, 0, 255]] * 400, np.uint8)
    splat(canvas, np.tile([[40.5, 30.5]], (800, 1)), colours, 2.0)
    red, green, blue = colour_at(canvas, 40, 30)
    assert abs(red - blue) <= 2 and green < red
    assert (canvas[:, :30] == 255).all()
    before = canvas.copy()
    splat(canvas, np.array([[-50.0, 10.0], [900.0, 10.0]]), colours[:2], 2.0)
    assert (canvas == before).all()


# ---- text and colours ------------------------------------------------------------------------------------------------
def test_text_ends_where_it_should_and_fits_into_its_room() -> None:
    canvas = paper(60, 400)
    width = write(canvas, 390, 40, "images seen", 24, align="right")
    columns = np.flatnonzero((canvas < 200).any(axis=(0, 2)))
    assert columns.max() < 391 and columns.min() == pytest.approx(390 - width, abs=4)
    short = shorten("W" * 300, 20, 120)
    assert short.endswith("…") and text_width(short, 20) <= 120
    assert text_width("W" + short, 20) > 120
    assert shorten("3", 20, 120) == "3"


def test_names_from_data_stay_on_one_line() -> None:
    assert one_line("a\nb\x00c\u202e") == "a b c"
    canvas = paper()
    assert write(canvas, 10, 30, "\n\t", 20) == 0.0
    assert (canvas == 255).all()
