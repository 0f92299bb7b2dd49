"""Plain layers are the same function as the generator that they come from."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from ganscope.networks.options import NetworkOptions
from ganscope.networks.pair import build_pair
from ganscope.networks.plain import plain_layers

CASES: dict[str, dict[str, Any]] = {
    "mlp": dict(name="mlp", size=8, channels=1),
    "mlp in colour": dict(name="mlp", size=16, channels=3),
    "dcgan, one stage": dict(name="dcgan", size=8, channels=1),
    "dcgan": dict(name="dcgan", size=28, channels=1),
    "dcgan with everything": dict(name="dcgan", size=32, channels=3, bottom=True, g_blur=True, d_norm="none"),
    "dcgan, odd side": dict(name="dcgan", size=20, channels=3, g_blur=True),
    "resnet": dict(name="resnet", size=28, channels=1),
    "resnet, two blocks a stage": dict(name="resnet", size=16, channels=3, g_width=64),
    "dcgan, twice as wide": dict(name="dcgan", size=(16, 32), channels=4, bottom=True, g_blur=True),
    "resnet, higher than wide": dict(name="resnet", size=(40, 24), channels=3),
    "points": dict(name="toy", size=1, channels=2, latent_dim=4),
    "points, all numbers cut": dict(name="toy", size=1, channels=1, latent_dim=2),
}


def shaken(**given: Any) -> nn.Module:
    """A generator with no weight, shift or statistic at the value it starts from."""
    settings: dict[str, Any] = {"latent_dim": 10, "g_width": 16, "d_width": 16} | given
    g, _ = build_pair(settings.pop("name"), NetworkOptions(**settings), seed=0)
    source = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in g.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=source), alpha=0.05)
        for module in g.modules():
            if isinstance(module, nn.BatchNorm2d):
                assert module.running_mean is not None and module.running_var is not None
                module.running_mean.copy_(torch.randn(module.running_mean.shape, generator=source))
                module.running_var.copy_(0.2 + torch.rand(module.running_var.shape, generator=source))
    return g.eval()


@pytest.mark.parametrize("case", CASES)
def test_the_plain_form_is_the_same_function(case: str) -> None:
    g = shaken(**CASES[case])
    z = torch.randn(9, CASES[case].get("latent_dim", 10), generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        expected, made = g(z), plain_layers(g)(z)
    assert float(expected.std()) > 1e-3, "a function that says something"
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-4 if case.startswith("points") else 2e-5)


def test_nothing_of_the_program_is_left_and_nothing_is_shared() -> None:
    g = shaken(**CASES["dcgan with everything"])
    plain = plain_layers(g)
    for module in plain.modules():
        assert type(module).__module__.startswith("torch.nn"), type(module)
        assert not isinstance(module, nn.BatchNorm2d)
    own = {parameter.data_ptr() for parameter in g.parameters()}
    assert not own & {parameter.data_ptr() for parameter in plain.parameters()}


def test_an_unknown_generator_is_refused_and_not_guessed() -> None:
    with pytest.raises(TypeError, match="no plain form of Sequential"):
        plain_layers(nn.Sequential(nn.Linear(2, 2)))
