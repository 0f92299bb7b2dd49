"""DCGAN: initial weights, the bottom convolution, the blur."""

from __future__ import annotations

import torch

from fixtures.networks import pair
from ganscope.networks import dcgan
from ganscope.networks.summary import count_parameters


def test_initialisation_std_reaches_the_convolutions() -> None:
    for std in (0.02, 0.2):
        g, _ = pair("dcgan", 64, 3, init_std=std)
        weight = next(m.weight for m in g.modules() if isinstance(m, torch.nn.ConvTranspose2d))
        assert abs(float(weight.detach().std()) / std - 1) < 0.01


def test_a_bottom_convolution_is_added_to_both_networks() -> None:
    """At 28 pixels D's halves 7 to 4, at 16 it keeps 4; G's keeps the side. 3·3·64·64 weights, a scale and a shift."""
    for size, side in ((28, 4), (16, 4)):
        pairs = [
            pair("dcgan", size, 1, latent_dim=10, g_width=32, d_width=16, d_norm="none", bottom=bottom)
            for bottom in (False, True)
        ]
        (plain_g, plain_d), (g, d) = pairs
        assert count_parameters(g) - count_parameters(plain_g) == 9 * 64 * 64 + 2 * 64
        old, new = plain_d.main[-1].weight, d.main[-1].weight
        assert new.shape == (1, 64, side, side)
        gained = 9 * 32 * 64 + 64 + new.numel() - old.numel()
        assert count_parameters(d) - count_parameters(plain_d) == gained
        assert d(g(torch.randn(3, 10))).shape == (3,)


def test_the_blur_is_binomial_and_deaf_to_a_checkerboard() -> None:
    impulse = torch.zeros(1, 1, 5, 5)
    impulse[0, 0, 2, 2] = 16.0
    expected = torch.zeros(5, 5)
    expected[1:4, 1:4] = torch.tensor([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]])
    assert torch.equal(dcgan.Blur()(impulse)[0, 0], expected)
    y, x = torch.meshgrid(torch.arange(6), torch.arange(6), indexing="ij")
    board = (-1.0) ** (x + y)
    assert dcgan.Blur()(board[None, None])[0, 0, 1:-1, 1:-1].abs().max() == 0
    assert torch.equal(dcgan.Blur()(torch.full((1, 2, 4, 4), 3.0)), torch.full((1, 2, 4, 4), 3.0))  # the rim too


def test_a_blurred_generator_has_the_same_parameters_and_blurs_before_tanh() -> None:
    settings = dict(latent_dim=10, g_width=8, d_width=8)
    (plain, _), (blurred, _) = (pair("dcgan", 16, 3, **settings, g_blur=blur) for blur in (False, True))
    blurred.load_state_dict(plain.state_dict())
    z = torch.randn(4, 10)
    before = torch.atanh(plain.eval()(z).double().clamp(-1 + 1e-9, 1 - 1e-9)).float()
    torch.testing.assert_close(blurred.eval()(z), torch.tanh(dcgan.Blur()(before)), rtol=0, atol=1e-4)
