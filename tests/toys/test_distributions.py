"""Toys: their densities, their samples, and scores of samplers whose faults are known."""

from __future__ import annotations

import numpy as np
import pytest

from ganscope.toys import distributions, theory
from ganscope.toys.distributions import TOYS, score


@pytest.mark.parametrize("name", TOYS)
def test_densities_integrate_to_one(name: str) -> None:
    toy = TOYS[name]
    half = 1.2 * max(abs(side) for side in toy.limits)
    cells = int(np.ceil(2 * half / (0.7 * toy.sigma)))
    if toy.dim == 2 and cells > 500:
        half, cells = half / 4, 500  # too fine for one square: one quarter of the plane, whose share is known
        points, weights = theory.quadrature(0.0, 4 * half, 500, toy.dim)
        inside = (toy.sample(400_000, 1) > 0).all(axis=1).mean()
        assert np.sum(weights * toy.density(points)) == pytest.approx(inside, abs=0.003)
        return
    points, weights = theory.quadrature(-half, half, cells, toy.dim)
    assert np.sum(weights * toy.density(points)) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("name", TOYS)
def test_samples_follow_the_density(name: str) -> None:
    """The mean log-density of samples is minus the entropy: two independent draws agree within their errors."""
    toy = TOYS[name]
    first, second = toy.log_density(toy.sample(20_000, 0)), toy.log_density(toy.sample(20_000, 1))
    assert abs(first.mean() - second.mean()) < 5 * np.hypot(first.std(), second.std()) / np.sqrt(20_000)
    if toy.separated:
        entropy = toy.dim * (0.5 + np.log(toy.sigma) + 0.5 * np.log(2 * np.pi)) - np.sum(
            toy.weights * np.log(toy.weights)
        )
        assert first.mean() == pytest.approx(-entropy, abs=0.05)


def test_samples_are_float32_and_a_function_of_the_seed() -> None:
    first = TOYS["ring"].sample(100, 3)
    assert first.dtype == np.float32
    assert first.shape == (100, 2)
    assert np.array_equal(first, TOYS["ring"].sample(100, 3))
    assert not np.array_equal(first, TOYS["ring"].sample(100, 4))


def test_ring_and_grid_are_those_of_the_papers() -> None:
    ring, grid = TOYS["ring"], TOYS["grid"]
    assert np.linalg.norm(ring.centres, axis=1) == pytest.approx(np.ones(8))
    assert (ring.num_modes, ring.sigma) == (8, 0.01)
    assert sorted(set(np.round(grid.centres.ravel(), 9))) == [-4, -2, 0, 2, 4]
    assert (grid.num_modes, grid.sigma) == (25, 0.05)


def test_mean_square() -> None:
    """1 + 2 · 0.01² on the ring; (16 + 4 + 0 + 4 + 16) / 5 an axis and 2 · 0.05² on the grid."""
    assert TOYS["ring"].mean_square == pytest.approx(1.0002)
    assert TOYS["grid"].mean_square == pytest.approx(16.005)


def test_density_at_one_point_by_hand() -> None:
    toy = TOYS["gaussian-1d"]
    assert toy.density(np.array([[1.5]]))[0] == pytest.approx(np.exp(-0.5) / np.sqrt(2 * np.pi * 0.25))
    assert toy.density(np.array([[1.0]]), blur=1.2)[0] == pytest.approx(1 / np.sqrt(2 * np.pi * 1.69))


@pytest.mark.parametrize(("name", "ceiling"), [("ring", 0.98889), ("grid", 0.98889), ("gaussian-1d", 0.99730)])
def test_ceilings(name: str, ceiling: float) -> None:
    assert TOYS[name].high_quality_ceiling == pytest.approx(ceiling, abs=1e-5)


@pytest.mark.parametrize("name", TOYS)
def test_a_perfect_sampler_scores_its_ceilings(name: str) -> None:
    toy = TOYS[name]
    scores = score(toy, toy.sample(50_000, 9))
    assert scores.modes == toy.num_modes
    assert scores.high_quality == pytest.approx(scores.high_quality_ceiling, abs=2.5e-3)
    assert scores.spread == pytest.approx(1.0, abs=0.02)
    assert scores.reverse_kl < 3 * scores.reverse_kl_floor + 2e-5
    assert not scores.too_narrow


def test_the_floor_is_what_perfect_samplers_score_on_average() -> None:
    toy = TOYS["grid"]
    scored = [score(toy, toy.sample(2_500, seed)) for seed in range(40)]
    assert scored[0].reverse_kl_floor == pytest.approx(24 / (2 * 2500 * 0.98889), rel=1e-4)
    assert np.mean([s.reverse_kl for s in scored]) == pytest.approx(scored[0].reverse_kl_floor, rel=0.15)


def test_narrow_samples_are_caught() -> None:
    toy = TOYS["ring"]
    rng = np.random.default_rng(0)
    points = toy.centres[rng.integers(8, size=5000)] + 0.5 * toy.sigma * rng.standard_normal((5000, 2))
    scores = score(toy, points)
    assert scores.high_quality > scores.high_quality_ceiling
    assert scores.too_narrow
    assert scores.spread == pytest.approx(0.5 / 0.9744, abs=0.02)


def test_missing_modes_and_bridges_are_counted() -> None:
    """Three equal modes of eight, and a quarter of the samples in the middle of the ring."""
    toy = TOYS["ring"]
    points = np.concatenate([np.repeat(toy.centres[:3], 100, axis=0), np.zeros((100, 2))])
    scores = score(toy, points)
    assert (scores.modes, scores.num_modes) == (3, 8)
    assert scores.high_quality == pytest.approx(0.75)
    assert scores.reverse_kl == pytest.approx(np.log(8 / 3))
    assert scores.spread == pytest.approx(0.0)


def test_an_offset_is_measured_in_sigmas() -> None:
    toy = TOYS["grid"]
    points = np.repeat(toy.centres + np.array([0.05, 0.0]), 20, axis=0)
    assert score(toy, points).offset == pytest.approx(1.0)


def test_no_good_sample_at_all() -> None:
    scores = score(TOYS["ring"], np.zeros((10, 2)))
    assert (scores.modes, scores.high_quality, scores.reverse_kl) == (0, 0.0, float("inf"))
    assert np.isnan(scores.spread)


def test_points_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(N, 2\)"):
        score(TOYS["ring"], np.zeros((10, 3)))


def test_nearest_mode() -> None:
    mode, distance = distributions.nearest_mode(np.array([[-4.0, -3.0], [4.0, 4.0]]), TOYS["grid"])
    assert TOYS["grid"].centres[mode[0]].tolist() in ([-4.0, -4.0], [-4.0, -2.0])
    assert distance.tolist() == [1.0, 0.0]
