"""Watching costs at most a tenth of the time, whatever a snapshot costs."""

from __future__ import annotations

import pytest

from ganscope.recorder.pace import Pace


@pytest.mark.parametrize(("inside", "measuring"), [(0.1, 0.0), (2.0, 0.0), (0.1, 5.0), (30.0, 60.0)])
def test_a_tenth_of_the_time(inside: float, measuring: float) -> None:
    now, taken = [0.0], [0]
    pace = Pace(beside=lambda: (measuring * taken[0], taken[0]), clock=lambda: now[0])
    for step in range(1, 20_000):
        now[0] += 0.1
        if pace.due(step):
            with pace.spending():
                now[0] += inside
            taken[0] += 1
            pace.took(step, inside)
    first = inside + measuring
    assert taken[0] >= 2
    assert pace.spent + measuring * taken[0] <= 0.1 * pace.elapsed + first


def test_snapshots_that_nobody_has_measured_hold_the_next_back() -> None:
    now = [0.0]
    pace = Pace(beside=lambda: (0.0, 0), clock=lambda: now[0])
    for step in range(1, 1000):
        now[0] += 1
        if pace.due(step):
            pace.took(step, 0.01)
    assert pace.snapshots == 3
