"""Penalties of linear and square critics have closed forms."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ganscope.training import penalties


def linear(weights: Tensor) -> penalties.Critic:
    return lambda x: x.flatten(1) @ weights


def test_zero_centred_penalty_of_a_linear_and_of_a_square_critic() -> None:
    """|grad w·x|² = |w|² everywhere; |grad |x|²|² = 4 |x|²."""
    x = torch.randn(6, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    weights = torch.randn(18, generator=torch.Generator().manual_seed(1))
    assert float(penalties.zero_centred_penalty(linear(weights), x)) == pytest.approx(
        float(weights.square().sum()), rel=1e-5
    )
    square = penalties.zero_centred_penalty(lambda x: x.square().flatten(1).sum(1), x).detach()
    assert float(square) == pytest.approx(4.0 * float(x.square().flatten(1).sum(1).mean()), rel=1e-5)


def test_zero_centred_penalty_reaches_the_weights() -> None:
    """d/dw |w|² = 2 w."""
    weights = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
    penalties.zero_centred_penalty(linear(weights), torch.ones(4, 3)).backward()
    torch.testing.assert_close(weights.grad, 2.0 * weights.detach())


def test_the_penalty_of_logits_at_hand_is_the_same() -> None:
    torch.manual_seed(0)
    d = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0))
    x = torch.randn(5, 3)
    expected = torch.autograd.grad(penalties.zero_centred_penalty(d, x), d[0].weight)[0]
    inputs = x.clone().requires_grad_(True)
    found = torch.autograd.grad(penalties.squared_gradients(d(inputs), inputs).mean(), d[0].weight)[0]
    assert float(expected.abs().max()) > 0
    torch.testing.assert_close(found, expected)


def test_zero_centred_penalty_is_float32_under_autocast() -> None:
    weights = torch.full((3,), 1e-3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        penalty = penalties.zero_centred_penalty(linear(weights), torch.ones(4, 3, dtype=torch.bfloat16))
    assert penalty.dtype == torch.float32
    assert float(penalty) == pytest.approx(3e-6, rel=1e-5)


def test_finite_differences_meet_the_exact_penalty() -> None:
    """The mean over directions of (w·v)² is |w|²; the standard error over 40,000 of them is 0.7 %."""
    weights = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
    x = torch.ones(40_000, 3)
    noise = 0.01 * torch.randn(40_000, 3, generator=torch.Generator().manual_seed(0))
    d = linear(weights)
    penalty = penalties.squared_differences(d(x), d(x + noise), noise.square().mean()).mean()
    penalty.backward()
    assert penalty.item() == pytest.approx(5.25, rel=0.03)
    torch.testing.assert_close(weights.grad, 2.0 * weights.detach(), rtol=0.05, atol=0.05)


def test_gradient_penalty_of_a_linear_critic() -> None:
    """(|w| - 1)² = (5 - 1)², whatever the interpolation."""
    weights = torch.tensor([3.0, 4.0])
    alpha = torch.rand(7, 1, generator=torch.Generator().manual_seed(0))
    found = penalties.gradient_penalty(linear(weights), torch.zeros(7, 2), torch.ones(7, 2), alpha)
    assert float(found) == pytest.approx(16.0, rel=1e-5)


def test_gradient_penalty_interpolates_from_fake_to_real() -> None:
    """For D = |u|²/2 the gradient is u itself, here alpha · 4 + (1 - alpha) · 2 along one axis."""
    alpha = torch.tensor([[0.0], [0.5], [1.0]])
    found = penalties.gradient_penalty(
        lambda u: 0.5 * u.square().sum(1), torch.full((3, 1), 4.0), torch.full((3, 1), 2.0), alpha
    ).detach()
    assert float(found) == pytest.approx(((2 - 1) ** 2 + (3 - 1) ** 2 + (4 - 1) ** 2) / 3, rel=1e-5)


def test_gradient_penalty_of_a_flat_critic_is_finite() -> None:
    weights = torch.zeros(2, requires_grad=True)
    penalty = penalties.gradient_penalty(linear(weights), torch.zeros(3, 2), torch.ones(3, 2), torch.full((3, 1), 0.5))
    penalty.backward()
    assert penalty.item() == pytest.approx(1.0, abs=1e-5)
    assert torch.isfinite(weights.grad).all()


def test_clip_weights() -> None:
    d = nn.Linear(2, 1)
    with torch.no_grad():
        d.weight.copy_(torch.tensor([[5.0, -0.004]]))
        d.bias.fill_(-3.0)
    penalties.clip_weights(d, 0.01)
    assert d.weight.tolist() == [[pytest.approx(0.01), pytest.approx(-0.004)]]
    assert d.bias.tolist() == [pytest.approx(-0.01)]
