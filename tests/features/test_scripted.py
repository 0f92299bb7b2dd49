"""A scripted network of the user."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fixtures.parts import Part, unlabelled
from ganscope.errors import DependencyError
from ganscope.features.spaces import feature_space


def test_inception_needs_the_users_weights_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = unlabelled()
    monkeypatch.delenv("GANSCOPE_INCEPTION", raising=False)
    with pytest.raises(DependencyError, match="set GANSCOPE_INCEPTION to a TorchScript file"):
        feature_space(part, part, tmp_path, name="inception")
    foreign = tmp_path / "weights.pt"
    foreign.write_bytes(b"not a network")
    monkeypatch.setenv("GANSCOPE_INCEPTION", str(foreign))
    with pytest.raises(DependencyError, match=r"weights\.pt"):
        feature_space(part, part, tmp_path, name="inception")


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_scripted_network_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class MeanColour(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.float().mean(dim=[2, 3])

    path = tmp_path / "mean.pt"
    torch.jit.script(MeanColour()).save(path)
    monkeypatch.setenv("GANSCOPE_DINOV2", str(path))
    grey = Part(np.full((4, 1, 16, 16), 7, np.uint8), None, (), "grey")
    space = feature_space(grey, grey, tmp_path, name="dinov2")
    assert space.dim == 3
    np.testing.assert_array_equal(space(grey.images), np.full((4, 3), 7.0))
