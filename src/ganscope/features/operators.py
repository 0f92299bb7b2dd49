"""A feature space as plain operators, for the page: `(C, H, W)` images of 0 … 255 to `(D,)` features."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganscope.config import Size, sides_of
from ganscope.features.classifier import Classifier
from ganscope.features.encoder import CELLS, DETAIL, Encoder
from ganscope.features.space import FeatureSpace
from ganscope.features.whitened import Pixels, Whitened
from ganscope.networks import Operator, layer_operators


def feature_operators(space: FeatureSpace, size: Size) -> list[Operator]:
    """The network of a space for images of `size`; `networks.apply` runs it.

    Raises:
        ValueError: a space of somebody else's network.
    """
    net = space.net
    if isinstance(net, Classifier):
        return [_standardised(net.mean, net.std), *layer_operators([*net.body, *net.hidden])]
    if isinstance(net, Whitened):
        out = Operator(
            "linear",
            {"in": net.axes.shape[0], "out": net.axes.shape[1]},
            {"weight": net.axes.t().contiguous(), "bias": -(net.center @ net.axes)},
        )
        if isinstance(net.encode, Encoder):
            return [*_encoder(net.encode, size), out]
        if isinstance(net.encode, Pixels):
            sides = sides_of(size)
            factor = -(-max(sides) // 32)
            channels = net.axes.shape[0] // math.prod(-(-side // factor) for side in sides)
            scale = {"weight": torch.full((channels,), 1 / 255.0), "bias": torch.zeros(channels)}
            return [Operator("scale", {}, scale), Operator("avgpool", {"size": factor, "ceil": 1}), out]
    raise ValueError(f"the page cannot run the feature space {space.name!r}")


def _standardised(mean: Tensor, std: Tensor) -> Operator:
    mean, std = mean.flatten(), std.flatten()
    return Operator("scale", {}, {"weight": 1.0 / std, "bias": -mean / std})


def _encoder(net: Encoder, size: Size) -> list[Operator]:
    made = [_standardised(net.mean, net.std), Operator("detail", {"gain": DETAIL})]
    side = min(sides_of(size))
    for depth, layer in enumerate(net.layers):
        if depth and side >= 2 * CELLS:
            made.append(Operator("avgpool", {"size": 2, "ceil": 0}))
            side //= 2
        convolution = layer_operators(layer)  # type: ignore[arg-type]
        stride = int(convolution[0].settings["stride"])
        side = -(-side // stride)
        made += [*convolution, Operator("act", {"slope": 0.0}), Operator("gather", {"cells": CELLS})]
    return [*made, Operator("gathered")]
