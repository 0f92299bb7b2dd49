"""What a sweep varies: `g_lr=1e-4:3e-3:log`, `d_steps=1:5`, `objective=hinge,relativistic`; settings as a command."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ganscope.config import Config, field_types, make_config
from ganscope.errors import ConfigError, did_you_mean

# What decides the images or how they are measured: trials that differ in it cannot be ranked.
FIXED = (
    "data", "size", "channels", "fit", "background", "value_range", "labels", "label_column", "splits", "only", "every",
    "holdout", "preset", "conditional", "seed", "num_fakes", "metrics", "best_by", "stop", "start",
)  # fmt: skip


@dataclass(frozen=True)
class Range:
    """One setting with its limits, both included, or with its choices."""

    name: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    choices: tuple[Any, ...] = ()

    @property
    def text(self) -> str:
        """As it is written on the command line."""
        if self.choices:
            return f"{self.name}={','.join(map(str, self.choices))}"
        low, high = (str(int(limit)) if self.whole else f"{limit:g}" for limit in (self.low, self.high))
        return f"{self.name}={low}:{high}{':log' if self.log else ''}"


def read_ranges(texts: Iterable[str]) -> list[Range]:
    """The ranges that a command line names.

    Raises:
        ConfigError: no setting, no range, or values that the setting does not take.
    """
    ranges = [read_range(text) for text in texts]
    names = [found.name for found in ranges]
    if len(set(names)) < len(names):
        raise ConfigError("--over names a setting twice", found=" ".join(names), todo="give one range for each")
    if not ranges:
        raise ConfigError("a sweep needs --over", found="no range", todo="for example: --over g_lr=1e-4:3e-3:log")
    return ranges


def read_range(text: str) -> Range:
    """One range; see `read_ranges`."""
    name, equals, values = text.partition("=")
    name = name.strip().removeprefix("--").replace("-", "_")
    kinds = field_types()
    if name not in kinds:
        raise ConfigError(f"--over does not know {name!r}", found=text, todo=did_you_mean(name, kinds))
    if name in FIXED:
        raise ConfigError(
            f"a sweep cannot vary {name}", found=text, todo="trials must be measured alike: give it once, as an option"
        )
    if not equals or not values:
        raise ConfigError("--over has no values", found=text, todo=f"for example: --over {name}=LOW:HIGH[:log]")
    kind = next(kind for kind in kinds[name] if kind is not type(None))
    if ":" not in values:
        found = Range(name, choices=tuple(_value(kind, value, text) for value in values.split(",")))
        settings: list[Any] = list(found.choices)
    else:
        low, high, *how = values.split(":")
        if kind not in (int, float) or how not in ([], ["log"]):
            raise ConfigError(
                "--over takes LOW:HIGH, LOW:HIGH:log, or choices with commas between",
                found=text,
                todo=f"for example: --over {name}=" + ("1e-4:1e-2:log" if kind is float else "one,another"),
            )
        found = Range(name, _value(kind, low, text), _value(kind, high, text), bool(how), kind is int)
        settings = [kind(found.low), kind(found.high)]
        if not found.low < found.high or (found.log and found.low <= 0):
            raise ConfigError(
                "--over needs a range from low to high" + (", above 0 for log" if found.log else ""), found=text
            )
    for setting in settings:
        field = next(field for field in dataclasses.fields(Config) if field.name == name)
        _require_allowed(field, setting, text)
    return found


def _value(kind: type, text: str, whole: str) -> Any:
    if kind is bool:
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise ConfigError("--over cannot read a value", found=whole, todo="write true,false")
    try:
        number = float(text) if kind is int else None
        return int(number) if number is not None and number.is_integer() else kind(text)
    except ValueError as error:
        raise ConfigError("--over cannot read a value", found=f"{text!r} in {whole}", todo="give numbers") from error


def _require_allowed(field: dataclasses.Field[Any], value: Any, text: str) -> None:
    choices, low = field.metadata["choices"], field.metadata["low"]
    if choices and value not in choices:
        raise ConfigError(
            f"--over: {field.name} cannot be {value!r}", found=text, todo=did_you_mean(str(value), choices)
        )
    if low is not None and value < low:
        raise ConfigError(f"--over: {field.name} must be at least {low:g}", found=text, todo=field.metadata["doc"])


def require_base(data: str, settings: Mapping[str, Any]) -> Config:
    """The config of the sweep's fixed settings.

    Raises:
        ConfigError: an unknown one, or points and trainings without measurements, which cannot be ranked.
    """
    given = dict(settings)
    config = make_config(data, given.pop("preset", "auto"), **given)
    if not config.metrics or config.network == "toy":
        raise ConfigError(
            "a sweep ranks trials by their Fréchet distance to held-out images",
            found="--no-metrics" if config.network != "toy" else f"{data}, whose points have none",
            todo="leave --no-metrics out" if config.network != "toy" else "sweep over images",
        )
    return config


def command_line(data: str, settings: Mapping[str, Any]) -> list[str]:
    """The words after `ganscope` that train with these settings."""
    words = ["train", data]
    for name, value in settings.items():
        flag = "--from" if name == "start" else "--" + name.replace("_", "-")
        if isinstance(value, bool):
            words.append(flag if value else "--no-" + flag[2:])
        elif value is None:
            words += [flag, "none"]
        else:
            words += [flag, f"{value:.6g}" if isinstance(value, float) else str(value)]
    return words


def as_text(words: Iterable[str]) -> str:
    """A command to copy."""
    return shlex.join(["ganscope", *words])
