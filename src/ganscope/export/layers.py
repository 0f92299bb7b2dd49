"""Layers as JSON, and back: `[kind, parts, arguments]`, where the parts of a container are layers again.

What comes back is data, not code: only the kinds of the KINDS table are made, only with the arguments named there, and
without memory until the weights are there.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ganscope.errors import RunError
from ganscope.networks import Cat, Sum

Layer = list[Any]  # [kind, parts, arguments]
DEEPEST = 50  # layers inside layers; ours stay under 10

CONTAINERS: dict[str, type[nn.Module]] = {"Sequential": nn.Sequential, "Sum": Sum, "Cat": Cat}
CONVOLUTION = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "groups")
# Kind → class and the arguments that describe it; a bias is told by its presence.
KINDS: dict[str, tuple[type[nn.Module], tuple[str, ...]]] = {
    "Linear": (nn.Linear, ("in_features", "out_features")),
    "Conv2d": (nn.Conv2d, CONVOLUTION),
    "ConvTranspose2d": (nn.ConvTranspose2d, CONVOLUTION),
    "AvgPool2d": (nn.AvgPool2d, ("kernel_size", "stride", "padding", "count_include_pad")),
    "Upsample": (nn.Upsample, ("size", "mode")),
    "Unflatten": (nn.Unflatten, ("dim", "unflattened_size")),
    "LeakyReLU": (nn.LeakyReLU, ("negative_slope",)),
    "ReLU": (nn.ReLU, ()),
    "Tanh": (nn.Tanh, ()),
    "Identity": (nn.Identity, ()),
}


def describe(module: nn.Module) -> Layer:
    """A module of stock layers as `[kind, parts, arguments]`."""
    for name, container in CONTAINERS.items():
        if type(module) is container:
            return [name, [describe(part) for part in module.children()], {}]
    for name, (kind, arguments) in KINDS.items():
        if type(module) is kind:
            given = {argument: _plain(getattr(module, argument)) for argument in arguments}
            if hasattr(module, "weight"):
                given["bias"] = module.bias is not None
            return [name, [], given]
    raise TypeError(f"no description of {type(module).__name__}")


def _plain(value: Any) -> Any:
    return [int(side) for side in value] if isinstance(value, tuple | torch.Size) else value


def build(layer: Layer, tensors: dict[str, Tensor]) -> nn.Module:
    """The module of a description with its weights, in evaluation mode.

    Raises:
        RunError: a kind or an argument that is not known, or weights that do not fit.
    """
    try:
        with torch.device("meta"):
            module = _made(layer, 0)
        module.load_state_dict(tensors, strict=True, assign=True)
    except (RuntimeError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise RunError(
            "the layers of this exported generator cannot be built",
            found=str(error).strip().split("\n")[-1].strip()[:200],
            todo="export it again, or use the version of ganscope that wrote it (see written_by in its config.json)",
        ) from error
    return module.eval().requires_grad_(False)


def _made(layer: Layer, depth: int) -> nn.Module:
    kind, parts, given = layer
    if depth > DEEPEST:
        raise ValueError(f"layers lie more than {DEEPEST} deep in each other")
    if kind in CONTAINERS:
        return CONTAINERS[kind](*[_made(part, depth + 1) for part in parts])
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no layer that is known (known: {', '.join([*CONTAINERS, *KINDS])})")
    made, arguments = KINDS[kind]
    if unknown := set(given) - {*arguments, "bias"}:
        raise ValueError(f"{kind} takes no {sorted(unknown)[0]!r}")
    module: nn.Module = made(**given)
    return module
