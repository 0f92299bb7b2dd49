"""Operators as JSON and small arrays, at half precision or in whole numbers of eight bits, and back.

A weight `(out, …)` of eight bits is `scale · code`, one scale an output channel, codes −127 … 127 stored with 128
added. Biases and other vectors stay `float32`; half precision is stored as the `uint16` of its bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganscope.networks.operators import Operator

Precision = Literal["float16", "int8"]
Arrays = dict[str, NDArray[Any]]


def num_weights(operators: Sequence[Operator]) -> int:
    """Numbers in all operators."""
    return sum(value.numel() for operator in operators for value in operator.weights.values())


def packed(
    operators: Sequence[Operator], precision: Precision, prefix: str = ""
) -> tuple[list[dict[str, Any]], Arrays]:
    """`[{"kind", …settings, "weight": name, "bias": name}]` and the named arrays."""
    steps: list[dict[str, Any]] = []
    arrays: Arrays = {}
    for number, operator in enumerate(operators):
        step: dict[str, Any] = {"kind": operator.kind, **operator.settings}
        for part, value in operator.weights.items():
            name = f"{prefix}{number}.{part}"
            step[part] = name
            arrays |= _stored(name, value, precision, 1 if operator.kind == "up" else 0)
        steps.append(step)
    return steps, arrays


def _stored(name: str, value: Tensor, precision: Precision, axis: int) -> Arrays:
    plain = value.detach().cpu().float().numpy()
    if plain.ndim < 2:
        return {name: plain}
    if precision == "float16":
        return {name: plain.astype(np.float16).view(np.uint16)}
    rows = np.moveaxis(plain, axis, 0)
    scale = np.maximum(np.abs(rows).reshape(len(rows), -1).max(axis=1) / 127.0, 1e-20).astype(np.float32)
    shape = [1] * plain.ndim
    shape[axis] = -1
    codes = np.rint(plain / scale.reshape(shape)).clip(-127, 127)
    return {name: (codes + 128).astype(np.uint8), f"{name}.scale": scale}


def unpacked(steps: Sequence[Mapping[str, Any]], arrays: Mapping[str, NDArray[Any]]) -> list[Operator]:
    """The operators that `packed` stored, with the weights that the page works with."""
    made = []
    for step in steps:
        settings = {key: value for key, value in step.items() if not isinstance(value, str)}
        axis = 1 if step["kind"] == "up" else 0
        weights = {part: _restored(step[part], arrays, axis) for part in ("weight", "bias") if part in step}
        made.append(Operator(step["kind"], settings, weights))
    return made


def _restored(name: str, arrays: Mapping[str, NDArray[Any]], axis: int) -> Tensor:
    found = arrays[name]
    if found.dtype == np.uint16:
        found = found.view(np.float16).astype(np.float32)
    elif found.dtype == np.uint8:
        shape = [1] * found.ndim
        shape[axis] = -1
        found = (found.astype(np.float32) - 128) * arrays[f"{name}.scale"].reshape(shape)
    return torch.from_numpy(np.ascontiguousarray(found, np.float32))
