"""The settings of a run that somebody else trains: what was told of the training, and how it is recorded."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Protocol

from ganscope.config.fields import MAP_NAMES, OBJECTIVE_NAMES
from ganscope.errors import ConfigError, did_you_mean

FEWEST_MEASURED = 50  # training images: of fewer, neighbours and covariances say nothing


def unmeasured(num_train: int) -> str:
    """Why a run on so many training images has neither metrics nor a map; "" where it has."""
    if num_train >= FEWEST_MEASURED:
        return ""
    return f"{num_train} training images are too few: no metrics, no map (from {FEWEST_MEASURED} on there are)"


class RecordSettings(Protocol):
    """What decides how a run is measured and shown, whoever trains it."""

    @property
    def data(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def num_fakes(self) -> int: ...
    @property
    def metrics(self) -> bool: ...
    @property
    def map(self) -> str: ...
    @property
    def stop(self) -> str: ...
    @property
    def best_by(self) -> str: ...
    def to_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A training of somebody else. Networks, optimisers and schedule are not known, so they are not here.

    Attributes:
        trainer: who trains, as pages and lists name it: `watched`, `StyleGAN2-ADA`, …
        data: a name or path that `load_dataset` takes, or, where `stored` is set, only what the reals are called.
        stored: the folder in the cache that keeps reals which came as arrays; empty otherwise.
        size, channels: of the images as they are measured. holdout: share of the reals held out.
        source: the folder whose files are followed; empty for a loop that is watched from inside.
        objective: a name of `OBJECTIVES` where it was told, else "unknown".
        batch_size: reals a step, where it was told.
        num_fakes: images of a snapshot at most. The others are as in `Config`.
    """

    trainer: str = "watched"
    data: str = "reals"
    stored: str = ""
    size: int
    channels: int
    holdout: float = 0.1
    source: str = ""
    objective: str = "unknown"
    batch_size: int | None = None
    num_fakes: int = 2000
    seed: int = 0
    metrics: bool = True
    map: str = "pacmap"
    stop: str = "never"
    best_by: str = "frechet"

    @property
    def preset(self) -> str:
        """What stands where a run of our own names its preset."""
        return self.trainer

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def validate(self) -> None:
        """Raises ConfigError: a value that no training can have, named as `watch` calls it."""
        for name, value, known in (
            ("objective", self.objective, ("unknown", *OBJECTIVE_NAMES)),
            ("map", self.map, MAP_NAMES),
        ):
            if value not in known:
                raise ConfigError(
                    f"{name} cannot be {value!r}", found=repr(value), todo=did_you_mean(str(value), known)
                )
        batch = 1 if self.batch_size is None else self.batch_size
        least = {"num_fakes": (self.num_fakes, 1), "batch_size": (batch, 1), "seed": (self.seed, 0)}
        for name, (count, lowest) in least.items():
            if not isinstance(count, int) or isinstance(count, bool) or count < lowest:
                todo = f"a whole number from {lowest}"
                raise ConfigError(f"{name} cannot be {count!r}", found=repr(count), todo=todo)


def watched_from_dict(values: dict[str, Any]) -> Watched:
    """A `Watched` from a stored mapping.

    Raises:
        ConfigError: a key that is none of its settings.
    """
    known = [field.name for field in dataclasses.fields(Watched)]
    for key in values:
        if key not in known:
            raise ConfigError(f"unknown setting {key!r}", found=key, todo=did_you_mean(key, known))
    return Watched(**values)
