"""Fréchet and kernel distance against closed forms, slow references and torchmetrics; errors against repetition."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch

from ganscope.metrics.distance import (
    Gaussian,
    frechet_distance,
    frechet_floor,
    frechet_influence,
    frechet_stderr,
    kernel_distance,
)


def clouds(num_real: int = 300, num_fake: int = 280, dim: int = 24, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two correlated clouds that differ in mean and covariance, float32 as features are."""
    source = np.random.default_rng(seed)
    mix = source.normal(size=(dim, dim))
    real = source.normal(size=(num_real, dim)) @ mix
    fake = source.normal(size=(num_fake, dim)) @ (mix + 0.2 * source.normal(size=(dim, dim))) + 0.3
    return real.astype(np.float32), fake.astype(np.float32)


def slow_frechet(real: np.ndarray, fake: np.ndarray) -> float:
    """Heusel et al. 2017, equation 6, as written: the root of a matrix that is not symmetric."""
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    cov_real, cov_fake = np.cov(real.T), np.cov(fake.T)
    root = scipy.linalg.sqrtm(cov_real @ cov_fake)
    gap = real.mean(0) - fake.mean(0)
    return float(gap @ gap + np.trace(cov_real + cov_fake - 2 * np.real(root)))


def slow_mmd(real: np.ndarray, fake: np.ndarray) -> float:
    """Gretton et al. 2012, equation 3, pair by pair."""

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float(x @ y / len(x) + 1.0) ** 3

    real, fake = real.astype(np.float64), fake.astype(np.float64)
    n, m = len(real), len(fake)
    rr = sum(kernel(real[i], real[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    ff = sum(kernel(fake[i], fake[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return rr + ff - 2 * sum(kernel(x, y) for x in real for y in fake) / (n * m)


def test_frechet_distance_of_two_normal_lines_is_the_closed_form() -> None:
    real = Gaussian(np.array([1.0]), np.array([[4.0]]), 10)
    fake = Gaussian(np.array([4.0]), np.array([[9.0]]), 10)
    assert frechet_distance(real, fake) == pytest.approx(3.0**2 + (2.0 - 3.0) ** 2, abs=1e-12)


def test_frechet_distance_equals_the_slow_reference() -> None:
    real, fake = clouds()
    assert frechet_distance(real, fake) == pytest.approx(slow_frechet(real, fake), rel=1e-9)


def test_frechet_distance_survives_fewer_images_than_features() -> None:
    real, fake = clouds(num_real=300, num_fake=10, dim=24)
    value = frechet_distance(real, fake)
    assert np.isfinite(value)
    assert value > 0
    constant = np.repeat(fake[:1], 20, axis=0)  # a collapsed generator: no covariance at all
    gap = real.astype(np.float64).mean(0) - fake[0]
    expected = gap @ gap + np.trace(np.cov(real.astype(np.float64).T))
    assert frechet_distance(real, constant) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_of_a_set_to_itself_is_zero_and_it_is_symmetric() -> None:
    real, fake = clouds()
    assert frechet_distance(real, real) == pytest.approx(0.0, abs=1e-6 * np.trace(np.cov(real.T)))
    assert frechet_distance(real, fake) == pytest.approx(frechet_distance(fake, real), rel=1e-9)


def test_frechet_distance_equals_torchmetrics() -> None:
    from torchmetrics.image.fid import FrechetInceptionDistance

    class Identity(torch.nn.Module):
        num_features = 24

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    real, fake = clouds()
    theirs = FrechetInceptionDistance(feature=Identity())
    theirs.update(torch.from_numpy(real), real=True)
    theirs.update(torch.from_numpy(fake), real=False)
    assert frechet_distance(real, fake) == pytest.approx(float(theirs.compute()), rel=1e-5)  # theirs is float32 at last


def test_kernel_distance_equals_the_slow_reference() -> None:
    real, fake = clouds(40, 30, 6)
    assert kernel_distance(real, fake)[0] == pytest.approx(slow_mmd(real, fake), rel=1e-10)


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance` will save:UserWarning")
def test_kernel_distance_equals_torchmetrics_on_one_whole_subset() -> None:
    from torchmetrics.image.kid import KernelInceptionDistance

    class Identity(torch.nn.Module):
        num_features = 24

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    real, fake = clouds(200, 200)
    theirs = KernelInceptionDistance(feature=Identity(), subsets=1, subset_size=200)
    theirs.update(torch.from_numpy(real), real=True)
    theirs.update(torch.from_numpy(fake), real=False)
    assert kernel_distance(real, fake)[0] == pytest.approx(float(theirs.compute()[0]), rel=1e-4)  # theirs is float32


def test_kernel_distance_is_unbiased() -> None:
    source = np.random.default_rng(3)
    values = [kernel_distance(*source.normal(size=(2, 40, 4)))[0] for _ in range(400)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))


@pytest.mark.parametrize("shift", [0.0, 0.15])
def test_standard_errors_are_the_spread_over_repeated_draws(shift: float) -> None:
    source = np.random.default_rng(4)
    real = source.normal(size=(500, 8))
    gaussian = Gaussian.fit(real)
    draws = [source.normal(size=(400, 8)) * (1 + shift) + shift for _ in range(60)]
    kernel = [kernel_distance(real, fake) for fake in draws]
    assert np.mean([error for _, error in kernel]) == pytest.approx(np.std([value for value, _ in kernel]), rel=0.35)
    spread = np.std([frechet_distance(gaussian, Gaussian.fit(fake)) for fake in draws])
    stated = np.mean([frechet_stderr(gaussian, fake) for fake in draws])
    # Where the fakes are nearly as good as reals, the derivative itself is noise: up to √2 too large, never too small.
    assert 0.8 * spread < stated < 1.5 * spread


def test_influence_is_the_derivative_with_respect_to_the_weight_of_one_fake() -> None:
    real, fake = (side.astype(np.float64) for side in clouds(dim=6))
    gaussian = Gaussian.fit(real)
    found = frechet_influence(gaussian, Gaussian.fit(fake), fake)
    count = len(fake)
    for i in (0, 7, 100):
        weights = np.full(count, (1 - 1e-5) / count)
        weights[i] += 1e-5
        mean = weights @ fake
        cov = (weights[:, None] * (fake - mean)).T @ (fake - mean) * count / (count - 1)
        moved = frechet_distance(gaussian, Gaussian(mean, cov, count)) - frechet_distance(gaussian, fake)
        assert moved / 1e-5 == pytest.approx(found[i], rel=0.02, abs=0.05)


def test_the_floor_of_many_fakes_is_told_by_few_held_out_images() -> None:
    source = np.random.default_rng(3)
    mix = source.normal(size=(24, 24))
    real = Gaussian.fit(source.normal(size=(3000, 24)) @ mix)
    found = [frechet_floor(real, source.normal(size=(300, 24)) @ mix, 2000, seed=k) for k in range(12)]
    truth = np.mean([frechet_distance(real, source.normal(size=(2000, 24)) @ mix) for _ in range(12)])
    assert np.mean(found) == pytest.approx(truth, rel=0.2)
    assert np.mean([frechet_distance(real, source.normal(size=(300, 24)) @ mix) for _ in range(12)]) > 3 * truth
    apart = [frechet_floor(real, source.normal(size=(300, 24)) @ mix + 1.0, 2000, seed=k) for k in range(12)]
    assert np.mean(apart) == pytest.approx(24.0 + truth, rel=0.1)
