"""Adam is PyTorch's."""

from __future__ import annotations

import copy

import pytest
import torch

from ganscope.training.adam import Adam


@pytest.mark.parametrize("fused", [True, False])
def test_adam_is_torchs_adam_through_a_checkpoint_and_a_changed_rate(fused: bool) -> None:
    """The fused kernel gives the same bits; single operations the same up to rounding."""
    torch.manual_seed(0)
    ours = [torch.nn.Parameter(torch.randn(5, 3)), torch.nn.Parameter(torch.randn(7))]
    theirs = copy.deepcopy(ours)
    a = Adam(ours, lr=1e-2, betas=(0.5, 0.99))
    b = torch.optim.Adam(theirs, lr=1e-2, betas=(0.5, 0.99), fused=True)
    for step in range(9):
        for x, y in zip(ours, theirs, strict=True):
            x.grad = torch.randn_like(x)
            y.grad = x.grad.clone()
        if step == 4:
            saved = copy.deepcopy(a.state_dict())
            a = Adam(ours, lr=1e-2, betas=(0.5, 0.99))
            a.load_state_dict(saved)
        if step == 6:
            a.lr = b.param_groups[0]["lr"] = 3e-3
        a.fused = fused
        a.step()
        b.step()
        for x, y in zip(ours, theirs, strict=True):
            assert torch.equal(x, y) if fused else torch.allclose(x, y, rtol=1e-5, atol=1e-6)
    assert [count.item() for count in a.steps] == [9.0, 9.0]


def test_the_states_of_another_network_are_refused() -> None:
    a, b = (Adam([torch.nn.Parameter(torch.randn(*shape))], 1e-2, (0.5, 0.9)) for shape in ((5, 3), (3, 5)))
    with pytest.raises(ValueError, match="shape"):
        a.load_state_dict(b.state_dict())
    with pytest.raises(KeyError):
        a.load_state_dict({})


def test_moments_lie_in_memory_as_their_parameters_do() -> None:
    weight = torch.nn.Parameter(torch.randn(4, 3, 2, 2).contiguous(memory_format=torch.channels_last))
    made = Adam([weight], 1e-2, (0.5, 0.9))
    assert made.averages[0].stride() == made.squares[0].stride() == weight.stride()
