"""What to try next: flags with their new values, that the command line takes as they are; and no two that disagree."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from ganscope.config import auto_preset
from ganscope.diagnosis.finding import Finding
from ganscope.diagnosis.series import Line

WIDTHS = {"mlp": 128, "dcgan": 64, "resnet": 64}  # where a width is left to the networks
LONGER, SHORTER = {"--epochs"}, {"--stop"}  # one says to go on, the other to end


class Advice:
    """Builds advice from the settings of a run: what it changes is what the run had."""

    def __init__(self, settings: Line) -> None:
        self.settings = settings

    def value(self, name: str, default: float = 0.0) -> float:
        found = self.settings.get(name)
        return float(found) if isinstance(found, int | float) else default

    def lr(self, name: str, factor: float) -> str:
        """A learning rate, multiplied."""
        return f"{flag(name)} {factor * (self.value(name) or 2e-4):.2g}"

    def width(self, name: str, factor: float) -> str:
        """A network's width, multiplied."""
        width = self.value(name) or WIDTHS.get(str(self.settings.get("network")), 64)
        return f"{flag(name)} {max(1, round(factor * width))}"

    def longer(self, factor: float) -> str:
        """A longer plan; a run whose length is not known is told in words."""
        epochs = self.value("epochs")
        return f"--epochs {factor * epochs:.4g}" if epochs else "train longer"

    def penalties(self, factor: float) -> tuple[str, ...]:
        """R1 and R2 multiplied where the run has them; R1 of 1 where it has none and is to have more."""
        given = [name for name in ("r1", "r2") if self.value(name)]
        if given:
            return (" ".join(f"{flag(name)} {factor * self.value(name):.2g}" for name in given),)
        batch_norm = self.settings.get("network") == "dcgan" and self.settings.get("d_norm", "batch") == "batch"
        return ("--r1 1 --d-norm none" if batch_norm else "--r1 1",) if factor > 1 else ()

    def ema(self) -> str:
        """An average of G's weights, or a longer one."""
        return f"--ema-half-life {max(10_000, round(2 * self.value('ema_half_life')))}"

    def pack(self) -> tuple[str, ...]:
        """D judges two images at once, where the batch can be halved."""
        fits = self.value("batch_size", 2.0) % 2 == 0
        return ("--pack 2",) if fits and self.value("pack", 1.0) < 2 else ()

    def default(self) -> tuple[str, ...]:
        """The preset that the data would have got, where the run has another."""
        size = self.settings.get("size")
        usual = auto_preset(str(self.settings.get("data", "")), size if isinstance(size, int) else None)
        return () if self.settings.get("preset") in (None, usual) else ("--preset auto",)

    def set(self, **values: Any) -> tuple[str, ...]:
        """Settings by name, those that the run has already left out; one advice all together."""
        words = []
        for name, value in values.items():
            if self.settings.get(name) == value:
                continue
            words.append(flag(name) if value is True else f"{flag(name)} {value}")
        return (" ".join(words),) if words else ()


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def flags_of(advice: str) -> dict[str, str]:
    """The flags of one advice with their values; words have none."""
    found: dict[str, str] = {"--epochs": "more"} if advice == "train longer" else {}
    name = ""
    for word in advice.split() if advice.startswith("--") else ():
        if word.startswith("--"):
            name = word
            found[name] = ""
        else:
            found[name] = word
    return found


def consistent(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, gravest first, without advice that gainsays a graver one's."""
    said: dict[str, str] = {}
    result = []
    for finding in findings:
        kept = []
        for advice in finding.advice:
            flags = flags_of(advice)
            against = any(said.get(name, value) != value for name, value in flags.items())
            against |= bool(SHORTER & flags.keys() and LONGER & said.keys())
            against |= bool(LONGER & flags.keys() and SHORTER & said.keys())
            if not against:
                kept.append(advice)
                said |= flags
        result.append(dataclasses.replace(finding, advice=tuple(kept)))
    return result
