"""Numbers of a training, gathered over some steps and read once a line, so that no step waits for a device."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from ganscope.errors import ConfigError, DataError
from ganscope.recorder.pictures import as_array

# What people call the four numbers that findings and charts read.
NAMES = {"d_fake": "d_fake_before", "loss_g": "g_loss", "loss_d": "d_loss", "d_g_z1": "d_fake_before", "d_x": "d_real"}
OURS = ("images_seen", "iteration", "epoch")  # columns of every line, which it has by itself
SCORES = ("d_real", "d_fake_before", "d_fake_after")
LINE_SECONDS = 1.0  # a line is written at least so often, where there is anything to write
MOST_STEPS = 100  # of one line


class Scalars:
    """Gathers numbers by name until a line is due."""

    def __init__(self, *, probabilities: bool = True) -> None:
        self.steps = self.lines = 0
        self.logits = False  # whether D's scores were seen outside [0, 1]
        self.probabilities = probabilities
        self._pending: dict[str, list[Any]] = {}
        self._count, self._since = 0, time.monotonic()

    def add(self, values: dict[str, Any]) -> None:
        """One step's numbers: floats, arrays or tensors, whose mean counts; nothing is read from a device yet.

        Raises:
            ConfigError: some of them are none; the others are taken.
        """
        self.steps += 1
        self._count += 1
        wrong = []
        for name, value in values.items():
            if value is None or name in OURS:
                continue
            if not _numeric(value):
                wrong.append(name)
                continue
            if hasattr(value, "detach"):  # without its graph, and apart from what the program does to it later
                value = value.detach().clone() if getattr(value, "is_cuda", False) else value.detach().float().mean()
            self._pending.setdefault(NAMES.get(name.lower(), name), []).append(value)
        if wrong:
            found = ", ".join(f"{name} = {values[name]!r}"[:60] for name in wrong)
            todo = "log numbers, arrays and tensors"
            raise ConfigError(f"{' and '.join(wrong)}: no number, and left out", found=found, todo=todo)

    @property
    def due(self) -> bool:
        """Whether a line should be written: every second, and at first and in fast loops every few steps."""
        if not self._count:
            return False
        return self._count >= min(MOST_STEPS, max(1, self.steps // 20)) or (
            time.monotonic() - self._since >= LINE_SECONDS
        )

    @property
    def waiting(self) -> bool:
        """Whether anything has come since the last line."""
        return self._count > 0

    def line(self) -> dict[str, float | None]:
        """The means since the last line, None where one is not finite; empties the store."""
        found = {name: _mean(values) for name, values in self._pending.items()}
        self._pending, self._count, self._since = {}, 0, time.monotonic()
        self.lines += 1
        for name in SCORES:
            value = found.get(name)
            if value is None:
                continue
            self.logits = self.logits or not 0 <= value <= 1
            if self.logits:
                found[name] = 1 / (1 + math.exp(-max(-50.0, min(50.0, value)))) if self.probabilities else None
                found[f"{name}_logit"] = value
        return {name: found[name] for name in found}


def _numeric(value: Any) -> bool:
    """Whether a value is a number or holds numbers; nothing is read from a device."""
    if hasattr(value, "detach") or isinstance(value, int | float):
        return True
    if isinstance(value, str | bytes | dict):
        return False
    try:
        return bool(as_array(value).dtype.kind in "biuf")
    except (DataError, TypeError, ValueError, RuntimeError):
        return False


def _mean(values: list[Any]) -> float | None:
    """The mean of numbers, tensors or arrays; tensors of one device are joined there and read once."""
    if all(hasattr(value, "detach") for value in values):
        import torch

        if len({value.device for value in values}) == 1:
            values = [torch.stack([value.float().mean() for value in values]).mean()]
    arrays = [as_array(value) for value in values]
    numbers = [float(np.mean(array)) if array.size else math.nan for array in arrays]
    mean = sum(numbers) / len(numbers)
    return mean if math.isfinite(mean) else None
