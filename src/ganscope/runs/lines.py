"""What the `.jsonl` files of a run hold, line by line. Writers and readers use these, and nothing else knows the keys.

Every line belongs to a moment, counted in `images_seen`. Reading is tolerant: a field of a wrong type becomes `None` or
its default, a line without a moment is none. What a later version or another trainer adds is kept in `others`.
The page's TypeScript types are generated from these classes (`runs/typescript.py`).
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, TypeVar

T = TypeVar("T")
LARGEST = 2.0**53  # beyond it a JSON number is no exact count
MOST = 3.4e38  # of a float32, which charts and pages hold: nothing measured comes near it


@dataclass(frozen=True, kw_only=True)
class Line:
    """One moment of a run.

    Attributes:
        images_seen: real images shown to D so far. iteration: D's and G's steps so far. epoch: passes over the data.
        others: keys that this version does not know; written beside the known ones.
    """

    FILE: ClassVar[str] = ""

    images_seen: int
    iteration: int = 0
    epoch: float = 0.0
    others: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, stored: object) -> Self | None:
        """A line from what JSON gave, None where it names no moment."""
        line = read_as(cls, stored)
        return line if isinstance(line, cls) and line.images_seen >= 0 else None

    def to_dict(self) -> dict[str, Any]:
        """The line as JSON holds it: known keys in the order of the fields, then the others."""
        return dict(plain(self))


@dataclass(frozen=True, kw_only=True)
class HistoryLine(Line):
    """history.jsonl: means over a logging interval. Losses are the optimised ones, scores D's in [0, 1].

    Attributes:
        d_fake_before, d_fake_after: D(G(z)) before and after D's step on the same fakes.
        value: V(D, G) = E log D(x) + E log(1 − D(G(z))) in nats. jsd_bound: (V + log 4) / 2.
        d_grad_norm, g_grad_norm: Euclidean norms of the last iteration. d_lr, g_lr: learning rates.
        augment_strength: the chance of each change of what D sees. r_v: the share of D's lead over fakes that held-out
            images lack, (E D(train) − E D(held out)) / (E D(train) − E D(fake)) of logits.
    """

    FILE: ClassVar[str] = "history"

    d_loss: float | None = None
    g_loss: float | None = None
    d_real: float | None = None
    d_fake_before: float | None = None
    d_fake_after: float | None = None
    value: float | None = None
    jsd_bound: float | None = None
    d_grad_norm: float | None = None
    g_grad_norm: float | None = None
    d_lr: float | None = None
    g_lr: float | None = None
    augment_strength: float | None = None
    r_v: float | None = None


@dataclass(frozen=True, kw_only=True)
class TestLine(Line):
    """test.jsonl: the same on held-out real images, plain labels 1 and 0, both networks in evaluation mode."""

    FILE: ClassVar[str] = "test"

    d_loss: float | None = None
    g_loss: float | None = None
    d_real: float | None = None
    d_fake: float | None = None
    value: float | None = None


@dataclass(frozen=True, kw_only=True)
class MeasuredLine:
    """One metric of a snapshot with its protocol; see `ganscope.metrics.Metric`."""

    value: float | None = None
    stderr: float | None = None
    floor: float | None = None
    num_real: int | None = None
    num_fake: int | None = None
    floor_num: int | None = None
    features: str = ""
    version: str = ""
    better: str = ""
    others: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ClassShareLine:
    """Shares of the K classes among the reals and the fakes, each `(K,)` and summing to 1."""

    real: tuple[float, ...]
    fake: tuple[float, ...]
    others: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FindingLine:
    """A named diagnosis; see `ganscope.diagnosis.Finding`."""

    id: str
    severity: str
    first: int = 0
    last: int = 0
    evidence: dict[str, float] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    sentence: str = ""
    advice: tuple[str, ...] = ()
    others: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ClasswiseLine:
    """What a conditional generator makes of each class, lists `(K,)`; see `ganscope.metrics.Classwise`."""

    num_fake: tuple[int, ...] = ()
    num_compared: tuple[int, ...] = ()
    frechet: tuple[float | None, ...] = ()
    frechet_floor: tuple[float | None, ...] = ()
    frechet_stderr: tuple[float | None, ...] = ()
    precision: tuple[float | None, ...] = ()
    precision_floor: tuple[float | None, ...] = ()
    recall: tuple[float | None, ...] = ()
    recall_floor: tuple[float | None, ...] = ()
    coverage: tuple[float | None, ...] = ()
    coverage_floor: tuple[float | None, ...] = ()
    diversity: tuple[float | None, ...] = ()
    diversity_floor: tuple[float | None, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    accuracy: float | None = None
    stderr: float | None = None
    floor: float | None = None
    chance: float | None = None
    others: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EvalLine(Line):
    """evals.jsonl: what was measured at a snapshot, and what was made of it.

    Attributes:
        best: images_seen of the best snapshot so far. quality: the one scale, see `ganscope.diagnosis.Quality`.
        per_class: of a conditional generator. toy: the scores of a toy, whose truth is known.
    """

    FILE: ClassVar[str] = "evals"

    metrics: dict[str, MeasuredLine] = field(default_factory=dict)
    class_share: ClassShareLine | None = None
    per_class: ClasswiseLine | None = None
    findings: tuple[FindingLine, ...] = ()
    quality: dict[str, Any] | None = None
    verdict: str = ""
    best: int | None = None
    toy: dict[str, float | None] | None = None


@dataclass(frozen=True, kw_only=True)
class TimingLine:
    """timing.jsonl: everything that depends on the clock; `kind` is `train` or `snapshot`."""

    FILE: ClassVar[str] = "timing"

    images_seen: int
    kind: str = ""
    seconds: float | None = None
    paused_seconds: float | None = None
    images_per_second: float | None = None
    metrics_seconds: float | None = None
    map_seconds: float | None = None
    train_seconds: float | None = None
    others: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, stored: object) -> TimingLine | None:
        """A line from what JSON gave, None where it names no moment."""
        return read_as(cls, stored)

    def to_dict(self) -> dict[str, Any]:
        return dict(plain(self))


LINES: dict[str, type[Line] | type[TimingLine]] = {
    "history": HistoryLine,
    "test": TestLine,
    "evals": EvalLine,
    "timing": TimingLine,
}


# ---- between dataclasses and JSON ------------------------------------------------------------------------------------
@functools.cache
def _fields(cls: Any) -> dict[str, tuple[Any, bool]]:
    """Field → (its type, whether it must be there), without `others`."""
    hints = typing.get_type_hints(cls)
    missing = dataclasses.MISSING
    return {
        one.name: (hints[one.name], one.default is missing and one.default_factory is missing)
        for one in dataclasses.fields(cls)
        if one.name != "others"
    }


def read_as(cls: type[T], stored: object) -> T | None:
    """A dataclass from a JSON object, None where it is no object or lacks what it must have."""
    if not isinstance(stored, Mapping):
        return None
    values: dict[str, Any] = {}
    known = _fields(cls)  # type: ignore[arg-type]
    for name, (hint, needed) in known.items():
        value = _read_value(hint, stored[name]) if name in stored else INVALID
        if value is not INVALID:
            values[name] = value
        elif needed:
            return None
    others = {str(key): value for key, value in stored.items() if key not in known}
    make: Callable[..., T] = cls
    return make(**values, others=others)


INVALID = object()  # a value that its field cannot hold


def _read_value(hint: Any, value: Any) -> Any:
    """A JSON value as a field holds it, INVALID where it cannot."""
    kind, optional, origin, arguments = _parts(hint)
    if value is None:
        return None if optional else INVALID
    if dataclasses.is_dataclass(kind):
        found = read_as(typing.cast(type[Any], kind), value)
        return INVALID if found is None else found
    if origin is tuple:
        return _read_tuple(arguments[0], value)
    if origin is dict:
        return _read_dict(arguments[1], value)
    if kind is Any:
        return value
    if kind is str:
        return value if isinstance(value, str) else INVALID
    return _read_number(kind, value)


@functools.cache  # a run of a thousand snapshots asks two million times
def _parts(hint: Any) -> tuple[Any, bool, Any, tuple[Any, ...]]:
    """A field's type without None, whether it may be None, what it is made from, and of what."""
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    kind = next(kind for kind in kinds if kind is not types.NoneType)
    return kind, types.NoneType in kinds, typing.get_origin(kind), typing.get_args(kind)


def _read_tuple(kind: Any, value: Any) -> Any:
    """All of a list: of numbers whole or not at all, of objects those that can be read."""
    if not isinstance(value, list | tuple):
        return INVALID
    items = [_read_value(kind, item) for item in value]
    if any(item is INVALID for item in items) and not dataclasses.is_dataclass(kind) and kind is not str:
        return INVALID
    return tuple(item for item in items if item is not INVALID)


def _read_dict(kind: Any, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return INVALID
    items = {str(key): _read_value(kind, item) for key, item in value.items()}
    return {key: item for key, item in items.items() if item is not INVALID}


def _read_number(kind: type, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return INVALID
    try:
        number = float(value)
    except OverflowError:  # an integer of hundreds of digits
        return INVALID
    if not math.isfinite(number) or abs(number) > MOST:
        return INVALID
    if kind is int:
        return int(value) if number.is_integer() and abs(number) <= LARGEST else INVALID
    return number


def plain(value: Any) -> Any:
    """A dataclass as JSON holds it; `others` stand beside the known keys."""
    if value is None or isinstance(value, float | int | str):  # nearly all of them
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        known = {name: plain(getattr(value, name)) for name in _fields(type(value))}
        return known | getattr(value, "others", {})
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value
