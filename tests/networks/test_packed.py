"""What is packed comes back, to half precision or to half a step of eight bits."""

from __future__ import annotations

import json

import pytest
import torch

from ganscope.networks.operators import Operator, apply, generator_operators
from ganscope.networks.options import NetworkOptions
from ganscope.networks.packed import num_weights, packed, unpacked
from ganscope.networks.pair import build_pair


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_weights_come_back_to_their_precision(precision: str) -> None:
    source = torch.Generator().manual_seed(0)
    weight, bias = torch.randn(3, 5, 4, 4, generator=source), torch.randn(5, generator=source)
    weight[:, 2] *= 1e-3  # a channel much weaker than the others keeps its own scale
    (found,) = unpacked(*packed([Operator("up", {"in": 3, "out": 5}, {"weight": weight, "bias": bias})], precision))  # type: ignore[arg-type]
    assert torch.equal(found.weights["bias"], bias)
    largest = weight.abs().amax(dim=(0, 2, 3), keepdim=True)
    step = largest / 127 / 2 if precision == "int8" else largest * 2.0**-11
    assert bool(((found.weights["weight"] - weight).abs() <= step * 1.001).all())


def test_the_steps_are_json_and_the_settings_survive() -> None:
    options = NetworkOptions(size=28, channels=1, latent_dim=6, g_width=8, d_width=8, bottom=True)
    g, _ = build_pair("dcgan", options, 0)
    operators = generator_operators(g.eval())
    steps, arrays = packed(operators, "float16", "g.")
    again = unpacked(json.loads(json.dumps(steps)), arrays)
    assert [(one.kind, one.settings) for one in again] == [(one.kind, one.settings) for one in operators]
    assert num_weights(operators) == sum(value.size for value in arrays.values())
    z = torch.randn(4, 6)
    assert float((apply(again, z) - apply(operators, z)).abs().max()) < 2e-3
