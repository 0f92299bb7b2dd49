"""Spectral normalisation: the largest singular value becomes one."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from fixtures.networks import pair
from ganscope.networks import spectral


def test_spectral_norm_bounds_every_layer() -> None:
    _, d = pair("dcgan", 32, 1, spectral_norm=True)
    d.train()
    for _ in range(30):  # power iterations happen in forward passes
        d(torch.randn(2, 1, 32, 32))
    for module in d.modules():
        if isinstance(module, torch.nn.Conv2d):
            assert float(torch.linalg.matrix_norm(module.weight.detach().flatten(1), 2)) < 1.1


def test_spectral_norm_makes_the_largest_singular_value_one() -> None:
    torch.manual_seed(0)
    d = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
    before = [float(torch.linalg.matrix_norm(d[i].weight.detach(), 2)) for i in (0, 2)]
    direction = d[0].weight.detach() / before[0]
    spectral.add_spectral_norm(d)
    for _ in range(100):
        d(torch.zeros(1, 8))
    d.eval()
    torch.testing.assert_close(d[0].weight.detach(), direction, rtol=1e-3, atol=1e-4)
    for i in (0, 2):
        assert float(torch.linalg.matrix_norm(d[i].weight.detach(), 2)) == pytest.approx(1.0, abs=1e-3)
