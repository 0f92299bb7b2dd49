"""The sliced distance against closed forms of Gaussians; its error against repeated draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from ganscope.metrics.sliced import Slices


def test_a_shift_counts_with_its_squared_length() -> None:
    real = np.random.default_rng(0).normal(size=(1000, 16))
    shift = np.full(16, 0.5)
    value, _ = Slices.fit(real, count=4000).distance(real + shift)
    assert value == pytest.approx(shift @ shift, rel=0.1)


def test_a_wider_cloud_counts_with_the_squared_difference_of_its_width() -> None:
    real = np.random.default_rng(1).normal(size=(4000, 8))
    assert Slices.fit(real).distance(1.5 * real)[0] == pytest.approx(8 * 0.25, rel=0.05)
    assert Slices.fit(real).distance(real)[0] == 0.0


def test_one_direction_is_the_transport_of_sorted_points() -> None:
    source = np.random.default_rng(2)
    real, fake = source.normal(size=(300, 1)), source.normal(size=(300, 1)) + 2
    slices = Slices.fit(real, count=1)
    gap = np.sort(fake[:, 0]) - np.sort(real[:, 0])
    assert slices.distance(fake)[0] == pytest.approx(float((gap**2).mean()))
    assert wasserstein_distance(real[:, 0], fake[:, 0]) == pytest.approx(float(np.abs(gap).mean()))


def test_sets_of_two_sizes_are_compared_by_quantiles() -> None:
    source = np.random.default_rng(3)
    real = source.normal(size=(2000, 8))
    slices = Slices.fit(real)
    many, few = (np.mean([slices.distance(source.normal(size=(m, 8)))[0] for _ in range(10)]) for m in (2000, 200))
    assert many < few < 0.2  # the floor falls with the number of fakes
    assert slices.distance(source.normal(size=(200, 8)) + 1)[0] == pytest.approx(8.0, rel=0.15)


@pytest.mark.parametrize("shift", [0.3, 1.0])
def test_the_error_is_the_spread_over_repeated_draws(shift: float) -> None:
    source = np.random.default_rng(4)
    slices = Slices.fit(source.normal(size=(1000, 8)))
    found = [slices.distance(source.normal(size=(400, 8)) * (1 + shift / 2) + shift) for _ in range(60)]
    spread = np.std([value for value, _ in found])
    assert np.mean([error for _, error in found]) == pytest.approx(spread, rel=0.3)
