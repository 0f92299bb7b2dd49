"""What to try next: flags with their new values, that the command line takes as they are; and no two that disagree."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganscope.config import PRESETS, auto_preset, size_of
from ganscope.diagnosis.finding import Finding
from ganscope.diagnosis.known import Line

WIDTHS = {"mlp": 128, "dcgan": 64, "resnet": 64}  # where a width is left to the networks
HEAVY = 10.0  # a γ beyond which D is too flat to teach anything
FAR = 20.0  # times the preset's own value, or a part of it: searches of rates and penalties stay well inside


@dataclass(frozen=True)
class Extreme:
    """What alone can keep a training from learning: a setting that is too low, too high, or either.

    least, most: beyond these it is so where the preset says nothing; `instead` is then the advice. 0 means without it.
    """

    low: bool = True
    high: bool = True
    least: float = 0.0
    most: float = math.inf
    instead: float = 0.0


EXTREMES = {
    "r1": Extreme(low=False, most=HEAVY, instead=1.0),
    "r2": Extreme(low=False, most=HEAVY, instead=1.0),
    "gradient_penalty": Extreme(low=False, most=1000.0, instead=10.0),
    "weight_clip": Extreme(high=False, least=1e-3, instead=0.01),
    "init_std": Extreme(most=0.5),
    "instance_noise": Extreme(low=False, most=1.0),
    "g_lr": Extreme(least=2e-4 / FAR, most=2e-4 * FAR, instead=2e-4),
    "d_lr": Extreme(least=2e-4 / FAR, most=2e-4 * FAR, instead=2e-4),
    "latent_dim": Extreme(high=False, least=100 / FAR, instead=100.0),
    "g_width": Extreme(high=False, least=8.0, instead=64.0),
    "d_width": Extreme(high=False, least=8.0, instead=64.0),
    "batch_size": Extreme(high=False, least=4.0, instead=64.0),
    "ema_half_life": Extreme(low=False, most=2e7),
    "d_steps": Extreme(low=False, most=4.0, instead=1.0),
    "g_steps": Extreme(low=False, most=4.0, instead=1.0),
}
WITHOUT = ("weight_clip", "gradient_penalty", "init_std", "instance_noise")  # the defaults do without
LEAST_TARGETS = 0.3  # between D's targets for reals and fakes
LONGER, SHORTER = {"--epochs"}, {"--stop"}  # one says to go on, the other to end


class Advice:
    """Builds advice from the settings of a run: what it changes is what the run had.

    To a training of somebody else (`trainer` in the settings) it speaks in words: neither its flags nor its values are
    known.
    """

    def __init__(self, settings: Line) -> None:
        self.settings = settings
        self.foreign = "trainer" in settings

    def value(self, name: str, default: float = 0.0) -> float:
        found = self.settings.get(name)
        return float(found) if isinstance(found, int | float) else default

    def lr(self, name: str, factor: float) -> str:
        """A learning rate, multiplied."""
        if self.foreign:
            return f"{side(name)} learning rate times {factor:g}"
        return f"{flag(name)} {factor * (self.value(name) or 2e-4):.2g}"

    def width(self, name: str, factor: float) -> str:
        """A network's width, multiplied."""
        if self.foreign:
            return ("a wider " if factor > 1 else "a narrower ") + side(name)[4:-2]
        width = self.value(name) or WIDTHS.get(str(self.settings.get("network")), 64)
        return f"{flag(name)} {max(1, round(factor * width))}"

    def lrs(self, factor: float) -> str:
        """Both learning rates, multiplied."""
        if self.foreign:
            return f"both learning rates times {factor:g}"
        return f"{self.lr('g_lr', factor)} {self.lr('d_lr', factor)}"

    def widths(self, factor: float) -> str:
        """Both widths, multiplied."""
        if self.foreign:
            return "wider networks" if factor > 1 else "narrower networks"
        return f"{self.width('g_width', factor)} {self.width('d_width', factor)}"

    def batch(self, factor: float) -> tuple[str, ...]:
        """A larger batch."""
        if self.foreign:
            return ("a larger batch",)
        return (f"--batch-size {round(factor * self.value('batch_size', 64))}",)

    def longer(self, factor: float) -> str:
        """A longer plan; a run whose length is not known is told in words."""
        epochs = self.value("epochs")
        longer = factor * epochs
        return f"--epochs {math.ceil(longer) if longer > 10 else f'{longer:.4g}'}" if epochs else "train longer"

    def penalties(self, factor: float) -> tuple[str, ...]:
        """R1 and R2 multiplied where the run has them; R1 of 1 where it has none and is to have more.

        Only heavy ones are ever lessened.
        """
        if self.foreign:
            return (f"{'more' if factor > 1 else 'less'} gradient penalty (R1)",)
        given = [name for name in ("r1", "r2") if self.value(name) > (HEAVY if factor < 1 else 0)]
        if given:
            return (" ".join(f"{flag(name)} {factor * self.value(name):.2g}" for name in given),)
        batch_norm = self.settings.get("network") == "dcgan" and self.settings.get("d_norm", "batch") == "batch"
        return ("--r1 1 --d-norm none" if batch_norm else "--r1 1",) if factor > 1 else ()

    def ema(self) -> str:
        """An average of G's weights, or a longer one."""
        if self.foreign:
            return "an average of the generator's weights (EMA), or a longer one"
        return f"--ema-half-life {max(10_000, round(2 * self.value('ema_half_life')))}"

    def pack(self) -> tuple[str, ...]:
        """D judges two images at once, where the batch can be halved and none of the two is of a told class."""
        if self.foreign or self.settings.get("conditional"):
            return ()
        fits = self.value("batch_size", 2.0) % 2 == 0
        return ("--pack 2",) if fits and self.value("pack", 1.0) < 2 else ()

    def augment(self) -> tuple[str, ...]:
        """Changes of what D sees, where there are none."""
        if self.foreign:
            return ("shifts and cutouts of all that the discriminator sees, reals and fakes alike",)
        return ("--augment translation,cutout",) if self.settings.get("augment", "none") == "none" else ()

    def extremes(self) -> tuple[str, ...]:
        """Back to the preset's own value what is far outside it, each of which alone can keep a training from learning.

        Where the preset has none, only what is large in itself is undone.
        """
        if self.foreign:
            return ()
        found = self.undone(PRESETS.get(str(self.settings.get("preset")), {}))
        if not found:
            return ()
        # One advice: while one is left, undoing the others is no help; nor while the preset is too slow for the data.
        usual = self.usual()
        better = ("--preset auto " + self.undone(PRESETS[usual], kept=False),) if self.default() else ()
        return (*(words.strip() for words in better), found)

    def undone(self, own: Mapping[str, Any], *, kept: bool = True) -> str:
        """The flags that bring back what is far outside `own`; `kept` is whether the preset's own settings stay."""
        mine, found = PRESETS.get(str(self.settings.get("preset")), {}), []
        for name, extreme in EXTREMES.items():
            value, usual = self.settings.get(name), float(own.get(name) or 0.0)
            if not isinstance(value, int | float) or (value == 0 and name not in ("g_lr", "d_lr")):
                continue
            if not kept and value == mine.get(name):
                continue  # it goes with the preset
            least, most = (usual / FAR, usual * FAR) if usual else (extreme.least, extreme.most)
            if (extreme.low and value < least) or (extreme.high and value > most):
                without = not kept and name in WITHOUT
                found.append(f"{flag(name)} {0.0 if without and not usual else usual or extreme.instead:g}")
        # Targets that are nearly the same for reals and fakes leave D nothing to learn.
        if self.value("label_real", 1.0) - self.value("label_fake") < LEAST_TARGETS:
            found.append("--label-real 0.9 --label-fake 0")
        return " ".join(found)

    def usual(self) -> str:
        """The preset that the data would have got."""
        size = self.settings.get("size")
        known = size_of(size) if isinstance(size, list | tuple) else size if isinstance(size, int) else None
        return auto_preset(str(self.settings.get("data", "")), known)

    def default(self) -> tuple[str, ...]:
        """That preset, where the run has another."""
        if self.foreign:
            return ()
        return () if self.settings.get("preset") in (None, self.usual()) else ("--preset auto",)

    def set(self, **values: Any) -> tuple[str, ...]:
        """Settings by name, those that the run has already left out; one advice all together."""
        if self.foreign:
            told = [WORDS[name] for name in values if name in WORDS]
            return (" and ".join(told),) if told else ()
        words = []
        for name, value in values.items():
            if self.settings.get(name) == value or (name == "flip" and self.settings.get("data") in ONE_WAY_ROUND):
                continue
            words.append(flag(name) if value is True else f"{flag(name)} {value}")
        return (" ".join(words),) if words else ()


ONE_WAY_ROUND = ("digits", "mnist")  # a mirrored digit is none


WORDS = {  # settings that other trainers have too
    "d_steps": "one step of the discriminator for each of the generator",
    "g_steps": "one step of the generator for each of the discriminator",
    "flip": "mirrored images",
    "instance_noise": "a little noise on all that the discriminator sees",
    "precision": "full precision",
    "g_beta1": "less momentum (Adam's first beta of 0.5 or less)",
}


def side(name: str) -> str:
    return "the discriminator's" if name.startswith("d_") else "the generator's"


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
