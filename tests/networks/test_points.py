"""The perceptrons for toys: shapes, that G jumps, that D sees detail, and that a pack is judged together."""

from __future__ import annotations

import pytest
import torch

from ganscope.networks.points import (
    DIRECTIONS,
    OCTAVES,
    STEEPNESS,
    Discriminator,
    Generator,
    _frequencies,
)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("dim", [1, 2])
def test_shapes(dim: int) -> None:
    g, d = Generator(dim, 3, 16), Discriminator(dim, 16)
    points = g(torch.randn(5, 3))
    assert points.shape == (5, dim)
    assert d(points).shape == (5,)


@pytest.mark.parametrize(("dim", "pack"), [(2, 2), (2, 3), (1, 3)])
def test_a_pack_is_judged_together(dim: int, pack: int) -> None:
    d = Discriminator(dim, 16, pack=pack)
    points = torch.randn(4, dim * pack, requires_grad=True)
    logits = d(points)
    assert logits.shape == (4,)
    (gradient,) = torch.autograd.grad(logits[0], points)
    assert (gradient[0] != 0).all()
    assert not gradient[1:].any()


def test_the_waves_of_a_pack_stay_within_a_point() -> None:
    waves, amplitudes = _frequencies(2, 2)
    assert waves.shape == (4, 2 * OCTAVES * DIRECTIONS)
    half = waves.shape[1] // 2
    assert not waves[2:, :half].any()
    assert not waves[:2, half:].any()
    assert float(waves.norm(dim=0).max()) == pytest.approx(0.4 * 2**8)
    assert amplitudes[0] == 1.0
    assert amplitudes[-1] == pytest.approx(2.0**-4)


def test_the_generator_is_nearly_constant_on_both_sides_of_a_plane() -> None:
    g = Generator(2, 2, 16)
    with torch.no_grad():
        normal, offset = g.planes.weight[0], g.planes.bias[0]
        on_plane = -offset * normal / normal.square().sum()
        beyond = on_plane + torch.tensor([[-0.02], [0.02]]) * normal / normal.norm()
        sides = torch.tanh(STEEPNESS * g.planes(beyond))[:, 0]
    assert sides.abs().min() > 0.95
    assert sides[0] * sides[1] < 0


def test_the_discriminator_learns_widths_of_a_hundredth() -> None:
    """N(0, 0.01²) against N(0, 0.02²) in the plane: the best possible share of right answers is 73.6 %."""
    d = Discriminator(2, 32)
    solver = torch.optim.Adam(d.parameters(), lr=3e-3)
    for _ in range(150):
        logits = d(torch.randn(512, 2) * torch.tensor([0.01, 0.02]).repeat_interleave(256)[:, None])
        solver.zero_grad()
        (
            torch.nn.functional.softplus(-logits[:256]).mean() + torch.nn.functional.softplus(logits[256:]).mean()
        ).backward()
        solver.step()
    with torch.no_grad():
        right = (d(0.01 * torch.randn(4000, 2)) > 0).float().mean() + (
            d(0.02 * torch.randn(4000, 2)) < 0
        ).float().mean()
    assert 0.70 < float(right) / 2 < 0.76
