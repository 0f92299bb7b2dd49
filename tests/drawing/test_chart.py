"""The charts of a film: curves grow with the cursor, and nothing written on them hides one."""

from __future__ import annotations

import numpy as np
import pytest

from ganscope.drawing import chart as charts
from ganscope.drawing import palette
from ganscope.drawing.canvas import Box
from ganscope.drawing.chart import Chart, Line


def paper(height: int = 60, width: int = 80) -> np.ndarray:
    return np.full((height, width, 3), 255, np.uint8)


def a_chart(canvas: np.ndarray, **options: object) -> Chart:
    x = np.arange(1, 101) * 10.0
    lines = [Line("generator", palette.G_BLUE, x, np.full(100, 2.0)), Line("d", palette.D_ORANGE, x, np.full(100, 1.0))]
    return Chart(canvas, Box(0, 0, 400, 300), "Losses", lines, x_max=1000, u=1, ticks={0.0: "0"}, **options)  # type: ignore[arg-type]


def has(part: np.ndarray, colour: palette.Rgb) -> bool:
    return bool((np.abs(part.astype(int) - colour).max(axis=2) <= 12).any())


def test_curves_grow_with_the_cursor() -> None:
    canvas = paper(300, 400)
    chart = a_chart(canvas, limits=(0.0, 4.0))
    blank = canvas.copy()
    chart.draw(canvas, 500)
    middle = round(float(chart.x_of(500)))
    row = slice(round(float(chart.y_of(2.0))) - 2, round(float(chart.y_of(2.0))) + 3)
    assert has(canvas[row, round(chart.plot.left) + 4 : middle - 10], palette.G_BLUE)
    after = slice(middle + 12, round(chart.plot.right))
    assert (canvas[round(chart.plot.top) :, after] == blank[round(chart.plot.top) :, after]).all()
    assert float(chart.y_of(2.0)) == pytest.approx(chart.plot.top + chart.plot.height / 2)


def test_a_curve_with_gaps_and_infinities_is_drawn_from_what_is_finite() -> None:
    x = np.arange(5) * 10.0
    line = Line("g", palette.G_BLUE, x, np.array([1.0, np.nan, np.inf, 3.0, -np.inf]))
    canvas = paper(300, 400)
    chart = Chart(canvas, Box(0, 0, 400, 300), "Losses", [line], x_max=40, u=1, ticks={})
    assert chart.lines[0].y.tolist() == [1.0, 3.0] and np.isfinite([chart.low, chart.high]).all()
    chart.draw(canvas, 40)
    nothing = Line("g", palette.G_BLUE, x[:0], x[:0])
    Chart(canvas, Box(0, 0, 400, 300), "Losses", [nothing], x_max=0, u=1, ticks={}).draw(canvas, 0)


def test_one_spike_does_not_flatten_a_curve() -> None:
    y = np.ones(1000)
    y[500] = 1e6
    canvas = paper(300, 400)
    line = Line("g", palette.G_BLUE, np.arange(1000.0), y)
    chart = Chart(canvas, Box(0, 0, 400, 300), "Losses", [line], x_max=999, u=1, ticks={})
    assert chart.high < 2


def test_the_head_of_a_logarithmic_curve_sits_on_its_line() -> None:
    canvas = paper(300, 400)
    line = Line("Fréchet", palette.D_ORANGE, np.array([0.0, 1000.0]), np.array([100.0, 1.0]))
    chart = Chart(canvas, Box(0, 0, 400, 300), "Distance", [line], x_max=1000, u=1, ticks={}, log=True)
    chart.draw(canvas, 500)
    x, y = round(float(chart.x_of(500))), round(float(chart.y_of(10.0)))
    assert has(canvas[y - 1 : y + 2, x - 1 : x + 2], palette.D_ORANGE)


@pytest.mark.parametrize(
    ("begins", "ends", "at_right", "above"),
    [(0.9, 0.55, False, False), (0.45, 0.9, True, False), (0.1, 0.9, True, False), (0.5, 0.1, True, True)],
)
def test_the_name_of_a_level_stands_clear_of_the_curve(begins: float, ends: float, at_right: bool, above: bool) -> None:
    x = np.array([0.0, 250.0, 750.0, 1000.0])
    line = Line("score", (0, 0, 0), x, np.array([begins, begins, ends, ends]))
    canvas = np.full((300, 400, 3), 255, np.uint8)
    chart = Chart(
        canvas, Box(0, 0, 400, 300), "Scores", [line], x_max=1000, u=1, ticks={}, limits=(0.0, 1.0),
        reference=(0.5, "coin toss"),
    )  # fmt: skip
    level = float(chart.y_of(0.5))
    found = chart._clear_of_lines(level)
    assert (found[0], found[1] < level) == (at_right, above)


def test_ticks_are_round() -> None:
    assert charts.nice_ticks(0, 120, 6) == [0, 20, 40, 60, 80, 100, 120]
    assert charts.nice_ticks(0, 1, 5) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert charts.nice_ticks(-1.3, 2.2, 4) == [-1, 0, 1, 2]
    assert charts.log_ticks(0.5, 180) == [1, 10, 100]
    assert charts.log_ticks(1.2, 6) == [2, 5]
