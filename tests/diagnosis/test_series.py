"""The record of a run, aligned to its snapshots: closed forms on a few lines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ganscope.diagnosis.series import Record, best_so_far, number


def record(values: list[float | None], **more: Any) -> Record:
    """Fréchet distances at 0, 100, 200, … images, each known to within 1."""
    evals = [
        {"images_seen": 100 * i, "iteration": i, "metrics": {"frechet": {"value": value, "stderr": 1.0, "floor": 2.0}}}
        for i, value in enumerate(values)
    ]
    return Record(more.pop("history", []), more.pop("tests", []), evals, more)


def test_what_is_logged_oftener_is_averaged_up_to_each_snapshot() -> None:
    history = [{"images_seen": seen, "d_loss": seen / 10} for seen in (50, 100, 101, 150, 400)]
    found = record([9, 8, 7, 6], history=history).logged("d_loss")
    assert math.isnan(found[0]) and np.allclose(found[1:], [7.5, 12.55, 15.0]), "nothing new: the last line's"


def test_what_is_no_number_is_nan() -> None:
    assert number(3) == 3.0 and all(math.isnan(number(value)) for value in (None, "3", [1], {"a": 1}))
    assert np.array_equal(np.isnan(record([1, None, 2]).frechet), [False, True, False])


def test_errors_of_a_gain_are_those_of_the_groups_or_independent() -> None:
    plain = record([5, 4])
    assert plain.stderr_of_gain(0, 1) == math.sqrt(2)
    for line, groups in zip(plain.evals, ([1.0, 2.0, 4.0], [0.5, 1.5, 3.5]), strict=True):
        line["metrics"]["frechet"]["groups"] = groups
    assert plain.stderr_of_gain(0, 1) == 0.0, "the noise is the same"


def test_the_best_is_trained_beyond_noise_and_the_earliest() -> None:
    assert best_so_far(record([1, 9, 8, 5, 4.5, 6, None])).tolist() == [-1, 1, 1, 3, 3, 3, 3]
    assert best_so_far(record([0, 1, 3, 2]), sign=-1.0).tolist() == [-1, 1, 2, 2]


def test_a_streak_is_unbroken_long_enough_and_reaches_the_end() -> None:
    found = record([1] * 6)
    holds = np.array([True, False, True, True, True, True])
    assert found.streak(holds, least=4) == 2 and found.streak(holds, least=5) is None
    assert found.streak(holds, least=1, span=0.6) == 2 and found.streak(holds, least=1, span=0.61) is None
    assert found.streak(~holds, least=1) is None


def test_no_gain_needs_a_window_of_snapshots() -> None:
    found = record([100, 50, 40, 40, 40, 40.0])
    flags = found.no_gain("frechet", window=0.5, gain=0.05, noise=2.0, least=2)
    assert flags.tolist() == [False, False, False, False, True, True]


def test_classes_count_by_entropy() -> None:
    found = record([1, 1])
    for line, fake in zip(found.evals, ([0.25] * 4, [1.0, 0.0, 0.0, 0.0]), strict=True):
        line["class_share"] = {"real": [0.25] * 4, "fake": fake}
    assert np.allclose(found.effective_classes, [1.0, 0.25])
