"""The scale of quality: known numbers, known grades, and what too few reals cannot say."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.planted import make_run
from ganscope.diagnosis import diagnose, quality_now


def line(num_real: int, frechet: float, precision: float, coverage: float) -> dict[str, Any]:
    def entry(value: float, floor: float) -> dict[str, float]:
        return {"value": value, "floor": floor, "stderr": 0.01, "num_real": num_real, "num_fake": 500}

    metrics = {"frechet": entry(frechet, 0.5), "precision": entry(precision, 0.9), "coverage": entry(coverage, 0.95)}
    return {"images_seen": 64_000, "iteration": 1000, "metrics": metrics}


UNTRAINED = line(2000, 100.0, 0.0, 0.0) | {"images_seen": 0, "iteration": 0}


@pytest.mark.parametrize(("frechet", "precision", "coverage", "grade"), [
    (0.6, 0.89, 0.93, "as good as real"), (1.5, 0.8, 0.8, "close to real"), (5.0, 0.7, 0.6, "fair"),
    (30.0, 0.5, 0.5, "far from real"), (1.5, 0.1, 0.8, "far from real"), (80.0, 0.5, 0.5, "nothing like real"),
])  # fmt: skip
def test_the_worst_number_gives_the_grade(frechet: float, precision: float, coverage: float, grade: str) -> None:
    assert quality_now([UNTRAINED, line(2000, frechet, precision, coverage)]).grade == grade


def test_a_handful_of_reals_calls_nothing_good() -> None:
    """56 digits, 132 steps of G: murk, which lay within the balls of 28 reals to the last picture."""
    few = quality_now([UNTRAINED, line(28, 0.3, 1.0, 1.0)])
    assert few.grade == "fair"
    assert str(few).startswith("fair, as far as 28 real images can tell: Fréchet 0.3")
    assert quality_now([UNTRAINED, line(28, 80.0, 0.0, 0.0)]).grade == "nothing like real"


@pytest.mark.parametrize(("num_real", "named"), [(27, False), (2000, True)])
def test_grain_beyond_the_most_detailed_of_a_few_reals_may_be_chance(num_real: int, named: bool) -> None:
    """27 MNIST digits; 26 to 28 % of fresh ones have more detail than any of them."""
    _, _, evals, settings = run = make_run(rough=0.27)
    for entry in evals:
        entry["metrics"]["rough"] |= {"num_real": num_real}
    assert ("grainy" in {finding.id for finding in diagnose(*run[:2], evals, settings)}) == named


def test_shares_are_told_as_what_real_images_get_and_never_above_all_of_it() -> None:
    now = quality_now([UNTRAINED, line(2000, 5.0, 0.63, 0.57)])
    assert str(now).endswith("fidelity 70 ± 1 %, variety 60 ± 1 % of what real images get")
    better = quality_now([UNTRAINED, line(2000, 0.6, 0.99, 0.99)])
    assert (better.fidelity, better.covered) == (1.0, 1.0)
    assert "fidelity" in quality_now([UNTRAINED, line(2000, 5.0, 0.4, 0.57)]).lacking
