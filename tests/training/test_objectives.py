"""Objectives, penalties and constraints against values and gradients worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ganscope.training import augment, objectives
from ganscope.training.objectives import OBJECTIVES, Targets

PLAIN = Targets()
REAL = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
FAKE = torch.tensor([-0.25, 1.5, -3.0], dtype=torch.float64)


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def gradient(function: object, logits: Tensor) -> Tensor:
    logits = logits.clone().requires_grad_(True)
    (result,) = torch.autograd.grad(function(logits), logits)  # type: ignore[operator]
    return result


def mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)


# Losses on D's raw outputs, written out with scores: (d_loss, g_loss) for REAL, FAKE and plain targets.
R, K = REAL.tolist(), FAKE.tolist()
BCE = -mean([math.log(sigmoid(r)) for r in R]) - mean([math.log(1 - sigmoid(k)) for k in K])
KNOWN_VALUES = {
    "minimax": (BCE, mean([math.log(1 - sigmoid(k)) for k in K])),
    "non-saturating": (BCE, -mean([math.log(sigmoid(k)) for k in K])),
    "least-squares": (
        0.5 * mean([(r - 1) ** 2 for r in R]) + 0.5 * mean([k**2 for k in K]),
        0.5 * mean([(k - 1) ** 2 for k in K]),
    ),
    "hinge": (mean([max(0.0, 1 - r) for r in R]) + mean([max(0.0, 1 + k) for k in K]), -mean(K)),
    "wasserstein": (mean(K) - mean(R), -mean(K)),
    "relativistic": (
        -mean([math.log(sigmoid(r - k)) for r, k in zip(R, K, strict=True)]),
        -mean([math.log(sigmoid(k - r)) for r, k in zip(R, K, strict=True)]),
    ),
}
# Derivatives of D's loss by a real logit r, of D's loss by a fake logit k, and of G's loss by k, for a batch of one.
KNOWN_GRADIENTS = {
    "minimax": lambda r, k: (sigmoid(r) - 1, sigmoid(k), -sigmoid(k)),
    "non-saturating": lambda r, k: (sigmoid(r) - 1, sigmoid(k), sigmoid(k) - 1),
    "least-squares": lambda r, k: (r - 1, k, k - 1),
    "hinge": lambda r, k: (-1.0 * (r < 1), 1.0 * (k > -1), -1.0),
    "wasserstein": lambda r, k: (-1.0, 1.0, -1.0),
    "relativistic": lambda r, k: (sigmoid(r - k) - 1, 1 - sigmoid(r - k), sigmoid(k - r) - 1),
}


def test_every_objective_has_a_known_answer() -> None:
    assert set(KNOWN_VALUES) == set(KNOWN_GRADIENTS) == set(OBJECTIVES)
    assert all(name == objective.name for name, objective in OBJECTIVES.items())


@pytest.mark.parametrize("name", OBJECTIVES)
def test_values(name: str) -> None:
    objective = OBJECTIVES[name]
    d_loss = objective.d_loss(REAL, FAKE, PLAIN)
    g_loss = objective.g_loss(FAKE, REAL if objective.needs_real_in_g else None, PLAIN)
    assert d_loss.shape == g_loss.shape == ()
    assert (float(d_loss), float(g_loss)) == pytest.approx(KNOWN_VALUES[name], abs=1e-12)


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize(("r", "k"), [(0.3, -0.7), (2.0, 0.4), (-1.5, -2.5)])
def test_gradients(name: str, r: float, k: float) -> None:
    objective = OBJECTIVES[name]
    real, fake = torch.tensor([r], dtype=torch.float64), torch.tensor([k], dtype=torch.float64)
    found = (
        gradient(lambda logits: objective.d_loss(logits, fake, PLAIN), real),
        gradient(lambda logits: objective.d_loss(real, logits, PLAIN), fake),
        gradient(lambda logits: objective.g_loss(logits, real, PLAIN), fake),
    )
    assert [float(x) for x in found] == pytest.approx(KNOWN_GRADIENTS[name](r, k), abs=1e-12)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_no_objective_overflows(name: str) -> None:
    objective = OBJECTIVES[name]
    real, fake = torch.tensor([-500.0, 500.0]), torch.tensor([500.0, -500.0])
    assert torch.isfinite(objective.d_loss(real, fake, PLAIN))
    assert torch.isfinite(objective.g_loss(fake, real, PLAIN))


def test_bce_is_pytorchs() -> None:
    expected = F.binary_cross_entropy_with_logits(
        REAL, torch.full_like(REAL, 0.9)
    ) + F.binary_cross_entropy_with_logits(FAKE, torch.full_like(FAKE, 0.2))
    found = OBJECTIVES["non-saturating"].d_loss(REAL, FAKE, Targets(real=0.9, fake=0.2))
    torch.testing.assert_close(found, expected)


def test_saturating_gradient_dies_where_the_other_lives() -> None:
    """By the logit l of a fake, with D = s(l): d/dl log(1 - D) = -D, and d/dl -log D = D - 1."""
    score = 1e-6
    logit = torch.tensor([math.log(score / (1 - score))], dtype=torch.float64)
    saturating = gradient(lambda x: OBJECTIVES["minimax"].g_loss(x, None, PLAIN), logit)
    non_saturating = gradient(lambda x: OBJECTIVES["non-saturating"].g_loss(x, None, PLAIN), logit)
    assert float(saturating) == pytest.approx(-score, rel=1e-9)
    assert float(non_saturating) == pytest.approx(-(1 - score), rel=1e-9)


def test_relativistic_generator_needs_reals() -> None:
    with pytest.raises(ValueError, match="pass real_logits"):
        OBJECTIVES["relativistic"].g_loss(FAKE, None, PLAIN)


def test_value_of_an_undecided_d_is_minus_log_4() -> None:
    zeros = torch.zeros(5, dtype=torch.float64)
    assert float(objectives.value(zeros, zeros)) == pytest.approx(-math.log(4.0), abs=1e-14)
    assert float(objectives.jsd_bound(objectives.value(zeros, zeros))) == pytest.approx(0.0, abs=1e-14)


def test_value_of_a_perfect_d_is_zero_and_bounds_log_2() -> None:
    value = objectives.value(torch.tensor([60.0]), torch.tensor([-60.0]))
    assert float(value) == pytest.approx(0.0, abs=1e-12)
    assert float(objectives.jsd_bound(value)) == pytest.approx(math.log(2.0), abs=1e-6)


def test_value_is_minus_the_plain_discriminator_loss() -> None:
    assert float(objectives.value(REAL, FAKE)) == pytest.approx(-BCE, abs=1e-12)


def test_instance_noise_decays_to_nothing() -> None:
    assert [augment.instance_noise_sigma(seen, 0.2, 1000) for seen in (0, 500, 1000, 5000)] == pytest.approx(
        [0.2, 0.1, 0.0, 0.0]
    )
    assert augment.instance_noise_sigma(5000, 0.2, 0) == 0.2
