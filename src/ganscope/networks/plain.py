"""A generator as stock layers of PyTorch: what leaves the program, so that nobody needs it to sample.

Batch norm, a fixed affine map once training is over, is folded into the weights before it. Only `Sum` and `Cat` are not
of `torch.nn`; both hold parts that see the same input.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from ganscope.networks import conditional, dcgan, mlp, points, resnet


class Sum(nn.Sequential):
    """The sum of what all parts make of the same input."""

    def forward(self, input: Tensor) -> Tensor:
        made = [part(input) for part in self]
        return torch.stack(made).sum(dim=0) if len(made) > 2 else made[0] + made[1]


class Cat(nn.Sequential):
    """What all parts make of the same input, side by side: `(N, a)`, `(N, b)` → `(N, a + b)`."""

    def forward(self, input: Tensor) -> Tensor:
        return torch.cat([part(input) for part in self], dim=1)


@torch.no_grad()
def plain_layers(g: nn.Module) -> nn.Sequential:
    """The same function as a trained generator in evaluation mode, in stock layers with float32 weights of their own.

    Raises:
        TypeError: a generator that has no such form.
    """
    for kind, convert in PLAIN.items():
        if type(g) is kind:
            return nn.Sequential(*convert(g)).eval().requires_grad_(False)
    raise TypeError(f"no plain form of {type(g).__name__}")


def _conditional(g: conditional.ConditionalGenerator) -> list[nn.Module]:
    """z and the class as one-hot come in, `(N, Z + K)`: one linear map turns them into z and its embedding."""
    return [_linear(conditional.joining(g), None), *plain_layers(g.inner)]


def _mlp(g: mlp.MlpGenerator) -> list[nn.Module]:
    return [
        _linear(g.hidden.weight, g.hidden.bias),
        nn.LeakyReLU(mlp.LEAKY_SLOPE),
        _linear(g.output.weight, g.output.bias),
        nn.Tanh(),
        nn.Unflatten(1, g.shape),
    ]


def _dcgan(g: dcgan.Generator) -> list[nn.Module]:
    layers = list(g.main)
    features = g.project.out_features // math.prod(g.sides)
    made: list[nn.Module] = [
        _linear(g.project.weight, g.project.bias),
        nn.ReLU(),
        nn.Unflatten(1, (features, *g.sides)),
    ]
    for layer, after in zip(layers, [*layers[1:], None], strict=True):
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            made.append(_convolution(layer, after if isinstance(after, nn.BatchNorm2d) else None))
        elif isinstance(layer, dcgan.Blur):
            made += [nn.AvgPool2d(2, stride=1, padding=1, count_include_pad=False), nn.AvgPool2d(2, stride=1)]
        elif isinstance(layer, nn.ReLU | nn.Tanh):
            made.append(type(layer)())
        elif not isinstance(layer, nn.BatchNorm2d):
            raise TypeError(f"no plain form of {type(layer).__name__}")
    return made


def _resnet(g: resnet.Generator) -> list[nn.Module]:
    # weigh(z) times the basis is one linear map: row (c, h, w) is the basis there times the weights of channel c.
    rows = (g.basis.double().flatten(1)[:, :, None] * g.weigh.weight.double()[:, None, :]).flatten(0, 1)
    made: list[nn.Module] = [_linear(rows, None), nn.Unflatten(1, tuple(g.basis.shape))]
    sides = tuple(g.basis.shape[1:])
    for stage in g.stages:
        assert isinstance(stage, resnet.Stage)
        project = [] if isinstance(stage.project, nn.Identity) else [_convolution(stage.project)]
        resample = [] if stage.sides == sides else [nn.Upsample(size=stage.sides, mode="bilinear")]
        made += [*project, *resample]
        sides = stage.sides
        for block in stage.blocks:
            assert isinstance(block, resnet.ResidualBlock)
            branch = [
                _convolution(block.widen),
                nn.LeakyReLU(resnet.SLOPE),
                _convolution(block.mix),
                nn.LeakyReLU(resnet.SLOPE),
                _convolution(block.narrow),
            ]
            made.append(Sum(nn.Identity(), nn.Sequential(*branch)))
    return [*made, _convolution(g.to_image)]


def _points(g: points.Generator) -> list[nn.Module]:
    first = g.layers[0]
    assert isinstance(first, nn.Linear)
    latent_dim = first.in_features - g.planes.out_features
    cut = _widened(points.STEEPNESS * g.planes.weight, latent_dim, start=0)
    planes = nn.Sequential(_linear(cut, points.STEEPNESS * g.planes.bias), nn.Tanh())
    deep: list[nn.Module] = [Cat(nn.Identity(), planes)]
    for number, layer in enumerate(g.layers):
        deep += [nn.LeakyReLU(points.SLOPE)] if number else []
        assert isinstance(layer, nn.Linear)
        deep.append(_linear(layer.weight, layer.bias))
    if g.spread is None:
        return deep
    return [Sum(nn.Sequential(*deep), _linear(_widened(g.spread.weight, latent_dim, start=g.num_cut), None))]


def _widened(weight: Tensor, columns: int, start: int) -> Tensor:
    """Weights of some inputs as weights of all `columns`, those of the others 0."""
    wide = weight.new_zeros(weight.shape[0], columns)
    wide[:, start : start + weight.shape[1]] = weight
    return wide


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    made.weight.copy_(weight)
    if bias is not None:
        made.bias.copy_(bias)
    return made


def _convolution(layer: nn.Module, norm: nn.BatchNorm2d | None = None) -> nn.Module:
    """A stock convolution with the weights of `layer`, and of the batch norm after it, y = s·(w x + b − μ) + β."""
    assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    transposed = isinstance(layer, nn.ConvTranspose2d)
    weight = layer.weight.double()
    bias = None if layer.bias is None else layer.bias.double()
    if norm is not None:
        assert norm.running_mean is not None and norm.running_var is not None
        scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
        weight = weight * (scale[None, :, None, None] if transposed else scale[:, None, None, None])
        before = 0.0 if bias is None else bias
        bias = (before - norm.running_mean.double()) * scale + norm.bias.double()
    given: dict[str, Any] = dict(stride=layer.stride, padding=layer.padding, groups=layer.groups, bias=bias is not None)
    kind: type[nn.Conv2d] | type[nn.ConvTranspose2d] = nn.ConvTranspose2d if transposed else nn.Conv2d
    made = kind(layer.in_channels, layer.out_channels, layer.kernel_size, **given)  # type: ignore[arg-type]
    made.weight.copy_(weight)
    if bias is not None and made.bias is not None:
        made.bias.copy_(bias)
    return made


PLAIN: dict[type[nn.Module], Callable[[Any], Iterable[nn.Module]]] = {
    conditional.ConditionalGenerator: _conditional,
    mlp.MlpGenerator: _mlp,
    dcgan.Generator: _dcgan,
    resnet.Generator: _resnet,
    points.Generator: _points,
}
