"""Layers as data: what is described comes back, and what is not known is not made."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from torch import nn

from ganscope.errors import RunError
from ganscope.export.layers import build, describe
from ganscope.networks import Cat, Sum


def example() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        Cat(nn.Identity(), nn.Sequential(nn.Linear(3, 5, bias=False), nn.Tanh())),
        nn.Linear(8, 2 * 4 * 4),
        nn.LeakyReLU(0.3),
        nn.Unflatten(1, (2, 4, 4)),
        Sum(nn.Identity(), nn.Conv2d(2, 2, 3, padding=1, groups=2)),
        nn.Upsample(size=(7, 7), mode="bilinear"),
        nn.ConvTranspose2d(2, 1, 4, stride=2, padding=1, bias=False),
        nn.AvgPool2d(2, stride=1, padding=1, count_include_pad=False),
        nn.ReLU(),
    ).eval()


def test_what_is_described_comes_back() -> None:
    module = example()
    again = build(json.loads(json.dumps(describe(module))), dict(module.state_dict()))
    z = torch.randn(5, 3)
    with torch.no_grad():
        assert torch.equal(again(z), module(z))
    assert not again.training and not any(p.requires_grad for p in again.parameters())


DEEP: list[Any] = ["ReLU", [], {}]
for _ in range(60):
    DEEP = ["Sequential", [DEEP], {}]
WRONG: dict[str, list[Any]] = {
    "a kind that is no layer": ["load_state_dict_from_url", [], {"url": "http://localhost"}],
    "a layer of torch that is not in the table": ["Embedding", [], {"num_embeddings": 2, "embedding_dim": 2}],
    "an argument that is not in the table": ["Linear", [], {"in_features": 1, "out_features": 1, "device": "cpu"}],
    "memory without weights": ["Linear", [], {"in_features": 10**7, "out_features": 10**7, "bias": True}],
    "a depth without end": DEEP,
    "no layer at all": [1, 2],
    "text in the place of a number": ["Linear", [], {"in_features": "a", "out_features": 1}],
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_known_is_one_clear_error(case: str) -> None:
    with pytest.raises(RunError, match="cannot be built"):
        build(WRONG[case], {})
