"""A network as a list of plain operators with plain arrays, for a program that has no torch: the page.

Legend: C channels, H and W sides, Z latent size. Batch norm, which at rest is a scale and a shift a channel, is folded
into the layer before it, so that few operators remain:

    linear out, in          weight (out, in), bias (out,)             any shape → (out, 1, 1)
    shape c, h, w           the same numbers as (c, h, w)
    outer c, h, w           weight (c, h, w), times the c numbers before
    conv in, out, kernel,   weight (out, in / groups, k, k), bias (out,)
         stride, pad, groups
    up in, out              4×4 transposed convolution, stride 2, padding 1: weight (in, out, 4, 4), bias (out,)
    blur                    [1 2 1] / 4 along both axes, at the rim over what is there
    resize h, w             bilinear, pixel centres aligned
    act slope               x, and slope · x below 0
    tanh
    keep, add               put the maps aside; add them again
    scale                   weight (c,) times, bias (c,) plus
    maxpool size, avgpool size    of blocks; avgpool takes a last block that is cut short as it is
    detail gain             the maps, and gain times what differs from their 3×3 means, as channels
    gather cells            put aside the mean and spread of every channel over cells × cells parts of the picture
    gathered                what was put aside, in one row

`apply` runs such a list in torch: the slow reference, which the tests hold against the networks themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganscope.networks import conditional, dcgan, mlp, resnet

SPREAD_LEAST = 1e-4  # of `gather`, under its root


@dataclass(frozen=True)
class Operator:
    """One step; `weights` under "weight" and "bias" `float32`."""

    kind: str
    settings: dict[str, int | float] = field(default_factory=dict)
    weights: dict[str, Tensor] = field(default_factory=dict)


def generator_operators(g: nn.Module) -> list[Operator]:
    """A trained generator in evaluation mode, `(Z,)` latents to `(C, H, W)` images in [-1, 1].

    One that is told a class takes z and the class as one-hot, `(Z + K,)`: see `conditional.joined`.

    Raises:
        ValueError: it has a layer that no operator stands for.
    """
    if type(g) is conditional.ConditionalGenerator:
        joins = conditional.joining(g)
        width, numbers = joins.shape
        weights = {"weight": joins, "bias": joins.new_zeros(width)}
        return [Operator("linear", {"in": numbers, "out": width}, weights), *generator_operators(g.inner)]
    if type(g) is mlp.MlpGenerator:
        channels, height, width = g.shape
        return [
            *layer_operators([g.hidden, nn.LeakyReLU(mlp.LEAKY_SLOPE), g.output, nn.Tanh()]),
            _shape(channels, height, width),
        ]
    if type(g) is dcgan.Generator:
        features = g.project.out_features // math.prod(g.sides)
        return [
            *layer_operators([g.project, nn.ReLU()]),
            _shape(features, *g.sides),
            *layer_operators(g.main),
        ]
    if type(g) is resnet.Generator:
        channels, height, width = g.basis.shape
        outer = Operator("outer", {"c": channels, "h": height, "w": width}, {"weight": g.basis.detach()})
        stages = [operator for stage in g.stages for operator in _stage(stage)]
        return [*layer_operators([g.weigh]), outer, *stages, *layer_operators([g.to_image])]
    raise ValueError(f"the page cannot run a {type(g).__module__.split('.')[-1]} generator")


def _shape(c: int, h: int, w: int) -> Operator:
    return Operator("shape", {"c": c, "h": h, "w": w})


def _stage(stage: nn.Module) -> Iterator[Operator]:
    assert isinstance(stage, resnet.Stage)
    yield from layer_operators([stage.project])
    yield Operator("resize", dict(zip("hw", stage.sides, strict=True)))
    for block in stage.blocks:
        assert isinstance(block, resnet.ResidualBlock)
        yield Operator("keep")
        act = nn.LeakyReLU(resnet.SLOPE)
        yield from layer_operators([block.widen, act, block.mix, act, block.narrow])
        yield Operator("add")


def layer_operators(layers: Iterable[nn.Module]) -> list[Operator]:
    """Plain layers one after the other, each with its batch norm folded in.

    Raises:
        ValueError: a layer that no operator stands for.
    """
    made: list[Operator] = []
    for layer in layers:
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            made[-1] = _folded(made[-1], layer)
        elif not isinstance(layer, nn.Identity | nn.Flatten):
            made.append(_operator(layer))
    return made


def _operator(layer: nn.Module) -> Operator:
    if isinstance(layer, nn.Linear):
        return Operator("linear", {"in": layer.in_features, "out": layer.out_features}, _weights(layer, 0))
    if isinstance(layer, nn.ConvTranspose2d):
        if (layer.kernel_size, layer.stride, layer.padding) == ((4, 4), (2, 2), (1, 1)):
            return Operator("up", {"in": layer.in_channels, "out": layer.out_channels}, _weights(layer, 1))
    elif isinstance(layer, nn.Conv2d):
        kernel, stride, pad = layer.kernel_size[0], layer.stride[0], int(layer.padding[0])
        settings: dict[str, int | float] = {"in": layer.in_channels, "out": layer.out_channels}
        settings |= {"kernel": kernel, "stride": stride, "pad": pad, "groups": layer.groups}
        return Operator("conv", settings, _weights(layer, 0))
    elif isinstance(layer, nn.ReLU):
        return Operator("act", {"slope": 0.0})
    elif isinstance(layer, nn.LeakyReLU):
        return Operator("act", {"slope": float(layer.negative_slope)})
    elif isinstance(layer, nn.Tanh):
        return Operator("tanh")
    elif isinstance(layer, nn.MaxPool2d):
        return Operator("maxpool", {"size": _side(layer.kernel_size)})
    elif isinstance(layer, dcgan.Blur):
        return Operator("blur")
    raise ValueError(f"the page has no operator for a {type(layer).__name__}")


def _side(size: int | tuple[int, ...]) -> int:
    return size if isinstance(size, int) else size[0]


def _weights(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d, axis: int) -> dict[str, Tensor]:
    weight = layer.weight.detach().float()
    bias = weight.new_zeros(weight.shape[axis]) if layer.bias is None else layer.bias.detach().float()
    return {"weight": weight, "bias": bias}


def _folded(operator: Operator, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> Operator:
    assert norm.running_var is not None and norm.running_mean is not None
    weight, bias = operator.weights["weight"], operator.weights["bias"]
    scale = 1.0 / torch.sqrt(norm.running_var.double() + norm.eps)
    shift = torch.zeros_like(scale) if norm.bias is None else norm.bias.detach().double()
    scale = scale if norm.weight is None else scale * norm.weight.detach().double()
    axis = 1 if operator.kind == "up" else 0
    shape = [1] * weight.dim()
    shape[axis] = -1
    weights = {
        "weight": (weight.double() * scale.view(shape)).float(),
        "bias": ((bias.double() - norm.running_mean.double()) * scale + shift).float(),
    }
    return Operator(operator.kind, operator.settings, weights)


@torch.no_grad()
def apply(operators: Sequence[Operator], x: Tensor) -> Tensor:
    """Run operators on a batch: `(N, …) float32` → `(N, C, H, W)`, `(N, D, 1, 1)` where the last is linear."""
    kept: list[Tensor] = []
    found: list[Tensor] = []
    for operator in operators:
        x = _apply(operator, x, kept, found)
    return x


def _apply(operator: Operator, x: Tensor, kept: list[Tensor], found: list[Tensor]) -> Tensor:
    kind, at = operator.kind, operator.settings
    weight, bias = operator.weights.get("weight"), operator.weights.get("bias")
    match kind:
        case "linear":
            assert weight is not None
            return F.linear(x.flatten(1), weight, bias)[:, :, None, None]
        case "shape":
            return x.reshape(len(x), int(at["c"]), int(at["h"]), int(at["w"]))
        case "outer":
            assert weight is not None
            return x.reshape(len(x), -1, 1, 1) * weight
        case "conv":
            assert weight is not None
            return F.conv2d(x, weight, bias, int(at["stride"]), int(at["pad"]), groups=int(at["groups"]))
        case "up":
            assert weight is not None
            return F.conv_transpose2d(x, weight, bias, stride=2, padding=1)
        case "blur":
            blurred: Tensor = dcgan.Blur()(x)
            return blurred
        case "resize":
            sides = (int(at["h"]), int(at["w"]))
            return x if x.shape[2:] == sides else F.interpolate(x, sides, mode="bilinear", align_corners=False)
        case "act":
            return F.leaky_relu(x, at["slope"])
        case "tanh":
            return torch.tanh(x)
        case "keep":
            kept.append(x)
            return x
        case "add":
            return x + kept.pop()
        case "scale":
            assert weight is not None and bias is not None
            return x * weight.view(1, -1, 1, 1) + bias.view(1, -1, 1, 1)
        case "maxpool":
            return F.max_pool2d(x, int(at["size"]))
        case "avgpool":
            return F.avg_pool2d(x, int(at["size"]), ceil_mode=bool(at["ceil"]))
        case "detail":
            smooth = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
            return torch.cat([x, at["gain"] * (x - smooth)], dim=1)
        case "gather":
            cells = int(at["cells"])
            mean = F.adaptive_avg_pool2d(x, cells)
            spread = (F.adaptive_avg_pool2d(x * x, cells) - mean * mean).clamp_min(0.0)
            found.extend([mean.flatten(1), (spread + SPREAD_LEAST).sqrt().flatten(1)])
            return x
        case "gathered":
            return torch.cat(found, dim=1)[:, :, None, None]
    raise ValueError(f"no operator {kind!r}")
