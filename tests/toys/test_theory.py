"""The theorems of Goodfellow et al. 2014, section 4, checked by quadrature and by training."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from ganscope.toys import theory
from ganscope.toys.distributions import TOYS, Toy
from ganscope.training import objectives

P_DATA = TOYS["mixture-1d"]
P_G = Toy("generator", "", np.array([[-0.5], [1.5]]), 0.5, (-4.0, 4.0), np.array([0.6, 0.4]))


def densities(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return P_DATA.log_density(points), P_G.log_density(points)


def test_value_of_the_optimal_discriminator_is_minus_log_4_plus_2_jsd() -> None:
    points, weights = theory.quadrature(-9.0, 9.0, 8192)
    log_p, log_q = densities(points)
    value = theory.value(log_p - log_q, log_p, log_q, weights)
    jsd = theory.jensen_shannon(log_p, log_q, weights)
    assert 0.1 < jsd < np.log(2.0)
    assert value == pytest.approx(-np.log(4.0) + 2.0 * jsd, abs=1e-10)


def test_the_same_in_the_plane() -> None:
    points, weights = theory.quadrature(-5.0, 5.0, 600, dim=2)
    log_p = TOYS["gaussian"].log_density(points)
    log_q = Toy("g", "", np.array([[-0.2, 0.3], [0.5, 0.5]]), 0.4, (-3.0, 3.0)).log_density(points)
    assert np.sum(weights * np.exp(log_p)) == pytest.approx(1.0, abs=1e-9)
    value = theory.value(log_p - log_q, log_p, log_q, weights)
    jsd = theory.jensen_shannon(log_p, log_q, weights)
    assert 0.1 < jsd < np.log(2.0)
    assert value == pytest.approx(-np.log(4.0) + 2.0 * jsd, abs=1e-6)


def test_jsd_against_an_independent_integral() -> None:
    """The mean of the two Kullback-Leibler divergences to the mixture, each by adaptive quadrature."""
    from scipy.integrate import quad

    def kl(first: Toy, x: float) -> float:
        point = np.array([[x]])
        p, q = P_DATA.density(point)[0], P_G.density(point)[0]
        own = first.density(point)[0]
        return float(own * np.log(2.0 * own / (p + q)))

    expected = 0.5 * sum(quad(lambda x, t=toy: kl(t, x), -4.0, 5.0, limit=200)[0] for toy in (P_DATA, P_G))
    points, weights = theory.quadrature(-9.0, 9.0, 4096)
    assert theory.jensen_shannon(*densities(points), weights) == pytest.approx(expected, abs=1e-6)


def test_a_perfect_generator_leaves_one_half_and_minus_log_4() -> None:
    points, weights = theory.quadrature(-6.0, 6.0, 4096)
    log_p = P_DATA.log_density(points)
    assert np.array_equal(theory.optimal_discriminator(log_p, log_p), np.full(len(points), 0.5))
    assert theory.value(np.zeros(len(points)), log_p, log_p, weights) == pytest.approx(-np.log(4.0), abs=1e-9)
    assert theory.jensen_shannon(log_p, log_p, weights) == pytest.approx(0.0, abs=1e-12)


def test_disjoint_supports_are_log_2_apart() -> None:
    weights = np.ones(4)
    log_p = np.log(np.array([0.5, 0.5, 1e-300, 1e-300]))
    log_p[2:] = -np.inf
    log_q = log_p[::-1].copy()
    assert theory.jensen_shannon(log_p, log_q, weights) == pytest.approx(np.log(2.0))
    assert theory.optimal_discriminator(log_p, log_q).tolist() == [1.0, 1.0, 0.0, 0.0]
    assert theory.value(log_p - log_q, log_p, log_q, weights) == pytest.approx(0.0)


def test_no_discriminator_beats_the_optimal_one() -> None:
    points, weights = theory.quadrature(-9.0, 9.0, 4096)
    log_p, log_q = densities(points)
    best = theory.value(log_p - log_q, log_p, log_q, weights)
    for seed in range(5):
        bump = 0.3 * np.sin((seed + 1) * points[:, 0] + seed)
        assert theory.value(log_p - log_q + bump, log_p, log_q, weights) < best - 1e-4


@pytest.mark.parametrize("alpha", [0.1, 0.3])
def test_label_smoothing_scales_the_optimum(alpha: float) -> None:
    """At (1 - α) p_data / (p_data + p_g) the smoothed loss, which is convex in the logit, has no slope at any point."""
    points, _ = theory.quadrature(-2.5, 2.5, 41)
    log_p, log_q = densities(points)
    expected = (1.0 - alpha) * np.exp(log_p) / (np.exp(log_p) + np.exp(log_q))
    best = theory.optimal_discriminator(log_p, log_q, real=1.0 - alpha)
    assert np.allclose(best, expected, atol=1e-12)

    logits = torch.logit(torch.from_numpy(best)).requires_grad_(True)
    elsewhere = torch.zeros_like(logits)
    objective, targets = objectives.OBJECTIVES["non-saturating"], objectives.Targets(real=1.0 - alpha)
    (real_slope,) = torch.autograd.grad(objective.d_loss(logits, elsewhere, targets), logits)
    (fake_slope,) = torch.autograd.grad(objective.d_loss(elsewhere, logits, targets), logits)
    slope = torch.from_numpy(np.exp(log_p)) * real_slope + torch.from_numpy(np.exp(log_q)) * fake_slope
    assert float(slope.abs().max()) < 1e-12
    assert float(real_slope.abs().max()) > 1e-3


def test_a_trained_discriminator_approaches_the_optimal_one() -> None:
    """G held fixed, D trained to convergence: mean absolute error under 0.02 where the samples are."""
    rng = np.random.default_rng(0)
    real_pool, fake_pool = (torch.from_numpy(toy.sample(200_000, rng)) for toy in (P_DATA, P_G))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        d = nn.Sequential(nn.Linear(1, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 1), nn.Flatten(0))
        with torch.no_grad():
            for parameter in d[0].parameters():
                parameter.mul_(4.0)  # steep from the start: PyTorch's own scale takes five times as long to sharpen
    batch, steps = 500, 500
    solver = torch.optim.Adam(d.parameters(), lr=1e-2)
    slow = torch.optim.lr_scheduler.CosineAnnealingLR(solver, steps)
    d_loss = objectives.OBJECTIVES["non-saturating"].d_loss
    for step in range(steps):
        rows = slice(step * batch % 200_000, step * batch % 200_000 + batch)
        solver.zero_grad()
        d_loss(d(real_pool[rows]), d(fake_pool[rows]), objectives.Targets()).backward()
        solver.step()
        slow.step()
    support = np.concatenate([P_DATA.sample(2000, 5), P_G.sample(2000, 6)])
    best = theory.optimal_discriminator(*densities(support))
    with torch.no_grad():
        learned = torch.sigmoid(d(torch.from_numpy(support))).numpy()
    assert best.std() > 0.2
    assert np.abs(learned - best).mean() < 0.02


def test_best_shift_recovers_a_lost_constant() -> None:
    real, fake = P_DATA.sample(20_000, 0), P_G.sample(20_000, 1)
    logits = [log_p - log_q for log_p, log_q in (densities(real), densities(fake))]
    assert theory.best_shift(logits[0] - 3.0, logits[1] - 3.0) == pytest.approx(3.0, abs=0.05)
    again = theory.best_shift(logits[0] - 3.0, logits[1] - 3.0)
    assert theory.best_shift(logits[0] + 100.0, logits[1] + 100.0) == pytest.approx(again - 103.0, abs=1e-6)


@pytest.mark.parametrize("dim", [1, 2])
def test_kernel_density_converges_to_the_blurred_density(dim: int) -> None:
    toy = Toy("t", "", np.full((1, dim), 0.3), 0.5, (-3.0, 3.0))
    density = theory.kernel_density(toy.sample(400_000, 0), -3.0, 3.0, 60, 0.2)
    points, weights = theory.quadrature(-3.0, 3.0, 60, dim)
    assert np.sum(weights * density) == pytest.approx(1.0, abs=1e-3)
    expected = toy.density(points, blur=0.2)
    assert np.abs(density - expected).max() < 0.02 * expected.max()


def test_kernel_density_keeps_the_axes_apart() -> None:
    density = theory.kernel_density(np.array([[0.9, 0.1]]), 0.0, 1.0, 10, 0.02)
    points, _ = theory.quadrature(0.0, 1.0, 10, dim=2)
    assert points[np.argmax(density)] == pytest.approx([0.95, 0.15])
