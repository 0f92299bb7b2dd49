"""Class shares, KL, modes, diversity and duplicates: closed forms and planted failures."""

from __future__ import annotations

import numpy as np
import pytest

from ganscope.metrics import shares, variety
from ganscope.metrics.pairs import radii


def test_class_share_and_kl_have_their_textbook_values() -> None:
    share = variety.class_share(np.array([0, 0, 0, 2]), 3)
    np.testing.assert_array_equal(share, [0.75, 0, 0.25])
    uniform = np.full(3, 1 / 3)
    assert variety.kl_divergence(share, uniform) == pytest.approx(np.log(3) + 0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert variety.kl_divergence(uniform, uniform) == 0.0
    assert variety.kl_divergence(uniform, share) == np.inf
    with pytest.raises(ValueError, match="label 3"):
        variety.class_share(np.array([3]), 3)


def test_reverse_kl_of_a_dropped_class_is_the_log_of_what_is_left() -> None:
    labels = np.tile(np.arange(9), 200)  # nine of ten classes
    value, stderr = shares.reverse_kl(np.full(10, 0.1), shares.shares(labels, 10))
    assert value == pytest.approx(np.log(10 / 9))
    assert 0 < stderr < 0.01


def test_the_kl_of_a_perfect_sampler_is_its_chi_square_floor() -> None:
    floor = variety.kl_floor(np.full(1000, 1e-3), 26_000, draws=50)
    assert floor == pytest.approx(999 / (2 * 26_000), rel=0.03)  # 0.0192, as the literature's protocol gives
    assert variety.kl_floor(np.full(10, 0.1), 2000) == pytest.approx(9 / 4000, rel=0.2)


def test_modes_follow_the_stacked_mnist_protocol() -> None:
    digits = np.array([[0, 0, 0], [1, 2, 3], [9, 9, 9], [1, 2, 3]])
    np.testing.assert_array_equal(variety.stacked_mode(digits), [0, 123, 999, 123])
    count, kl = variety.stacked_modes(digits)
    assert count == 3
    assert kl == pytest.approx(np.log(1000) + 0.5 * np.log(0.5) + 2 * 0.25 * np.log(0.25))
    assert variety.expected_modes(np.full(1000, 1e-3), 26_000) == pytest.approx(1000, abs=1e-6)
    assert variety.expected_modes(np.array([0.5, 0.5]), 1) == 1.0


def test_diversity_is_one_for_equals_half_for_half_the_width_and_zero_for_a_collapse() -> None:
    source = np.random.default_rng(0)
    real, fake = source.normal(size=(400, 6)), source.normal(size=(400, 6))
    value, stderr = variety.diversity(real, fake)
    assert value == pytest.approx(1.0, abs=4 * stderr + 0.02)
    assert variety.diversity(real, 0.5 * fake)[0] == pytest.approx(0.5 * value)
    assert variety.diversity(real, np.ones((10, 6))) == (0.0, 0.0)


def test_mean_pairwise_distance_and_its_error_are_those_of_loops_and_of_repetition() -> None:
    source = np.random.default_rng(1)
    x = source.normal(size=(12, 3))
    pairs = [np.linalg.norm(x[i] - x[j]) for i in range(12) for j in range(i)]
    assert variety.mean_pairwise_distance(x)[0] == pytest.approx(np.mean(pairs))
    found = [variety.mean_pairwise_distance(source.normal(size=(200, 3))) for _ in range(80)]
    assert np.mean([e for _, e in found]) == pytest.approx(np.std([v for v, _ in found]), rel=0.3)


def test_duplicates_are_at_their_floor_for_equals_and_found_when_planted() -> None:
    source = np.random.default_rng(2)
    real, fake = source.normal(size=(800, 5)), source.normal(size=(800, 5))
    threshold = variety.duplicate_threshold(radii(real, (1,))[0])
    assert variety.duplicates(radii(real, (1,))[0], threshold) == pytest.approx(0.01, abs=0.003)
    assert variety.duplicates(radii(fake, (1,))[0], threshold) < 0.03
    fake[:200] = fake[200:400] + 1e-6  # 400 of 800 have a twin
    assert variety.duplicates(radii(fake, (1,))[0], threshold) == pytest.approx(0.5, abs=0.03)


def test_identical_reals_divide_nothing_by_zero() -> None:
    same = np.ones((20, 4))
    assert variety.diversity(same, same) == (1.0, 0.0)
    assert np.isnan(variety.diversity(same, np.random.default_rng(0).normal(size=(20, 4)))[0])
