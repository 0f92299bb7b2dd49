"""The weight gradients made by one product against PyTorch's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from ganscope.networks import strided
from ganscope.networks.strided import Down, Up, weight_gradient


@pytest.mark.parametrize("format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("shape", [(3, 5, 7, 8), (2, 16, 4, 14), (1, 1, 2, 2)])
def test_weight_gradient_is_pytorchs(shape: tuple[int, int, int, int], format: torch.memory_format) -> None:
    count, channels, features, side = shape
    large = torch.randn(count, channels, side, side, dtype=torch.float64).contiguous(memory_format=format)
    small = torch.randn(count, features, side // 2, side // 2, dtype=torch.float64).contiguous(memory_format=format)
    expected = torch.nn.grad.conv2d_weight(large, (features, channels, 4, 4), small, stride=2, padding=1)
    torch.testing.assert_close(weight_gradient(large, small), expected)


@pytest.mark.parametrize(("make", "plain", "shape"), [
    (Down, lambda: nn.Conv2d(16, 24, 4, 2, 1, bias=False), (5, 16, 8, 8)),
    (Up, lambda: nn.ConvTranspose2d(24, 16, 4, 2, 1, bias=False), (5, 24, 4, 4)),
])  # fmt: skip
def test_layers_under_bf16_equal_pytorchs_under_bf16(
    make: type[nn.Module], plain: Callable[[], nn.Module], shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []
    product = strided.weight_gradient
    monkeypatch.setattr(strided, "weight_gradient", lambda *maps: (used.append(1), product(*maps))[1])
    theirs = plain()
    ours = make(*((16, 24) if make is Down else (24, 16)))
    ours.load_state_dict(theirs.state_dict())
    images = torch.randn(shape).contiguous(memory_format=torch.channels_last)
    results = []
    for layer in (ours, theirs):
        given = images.clone().requires_grad_(True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = layer(given)
        assert out.dtype == torch.bfloat16
        results.append((out, *torch.autograd.grad(out.float().square().sum(), [given, layer.weight])))
        assert results[-1][2].dtype == torch.float32
    assert used == [1]
    for mine, other in zip(*results, strict=True):
        assert float((mine - other).detach().float().norm() / other.detach().float().norm()) < 6e-3  # bf16 keeps 8 bits


def test_frozen_weights_take_pytorchs_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strided, "weight_gradient", lambda *maps: pytest.fail("made for nothing"))
    layer, images = Down(16, 8).requires_grad_(False), torch.randn(2, 16, 8, 8, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = layer(images)
    torch.autograd.grad(out.sum(), [images])


@pytest.mark.parametrize("make", [Down, Up])
def test_a_spectral_norm_is_computed_once_a_pass(make: type[nn.Module]) -> None:
    layer = make(16, 16)
    nn.utils.parametrizations.spectral_norm(layer)
    counted = []
    layer.parametrizations["weight"][0].register_forward_hook(lambda *_: counted.append(1))  # type: ignore[index,union-attr]
    layer(torch.randn(2, 16, 8, 8))
    assert len(counted) == 1


def test_float32_and_second_derivatives_take_pytorchs_path() -> None:
    layer, images = Down(16, 8).double(), torch.randn(2, 16, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: layer(x).tanh(), (images,))


@pytest.mark.parametrize("shape", [(3, 5, 4, 7), (1, 16, 2, 2)])
@pytest.mark.parametrize("channels", [1, 3])
def test_transposed_convolution_to_images_is_pytorchs(shape: tuple[int, int, int, int], channels: int) -> None:
    given = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    ours = Up(shape[1], channels).double()
    theirs = nn.ConvTranspose2d(shape[1], channels, 4, 2, 1, bias=False).double()
    theirs.load_state_dict(ours.state_dict())
    results = [(out, *torch.autograd.grad(out.square().sum(), [given, layer.weight]))
               for layer in (ours, theirs) for out in [layer(given)]]  # fmt: skip
    for mine, other in zip(*results, strict=True):
        torch.testing.assert_close(mine, other)


def test_input_gradient_from_images_is_pytorchs() -> None:
    ours = Down(3, 8).double()
    theirs = nn.Conv2d(3, 8, 4, 2, 1, bias=False).double()
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(4, 3, 8, 10, dtype=torch.float64, requires_grad=True)
    results = [torch.autograd.grad(layer(images).square().sum(), [images, layer.weight]) for layer in (ours, theirs)]
    for mine, other in zip(*results, strict=True):
        torch.testing.assert_close(mine, other)
    assert torch.autograd.gradgradcheck(lambda x: ours(x).tanh(), (images[:1, :, :4, :4],))
