"""From what the user asked to what is trained: every setting that was left open gets its value from the data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ganscope.config.fields import Config, require_known
from ganscope.config.sizes import Size, sides_of

FEWEST_EPOCHS, FEWEST_IMAGES = 20.0, 600_000  # of a training whose length is left open
MAX_SNAPSHOTS, MIN_SNAPSHOTS = 50, 8
SNAPSHOT_SHARE = 0.06  # of a training: the early snapshots come on top, the whole stays under a tenth
MOST_AUGMENTED = 10_000  # images up to which `auto` changes what D sees (docs/log.md)
LEAST_AUGMENTED_SIDE = 16  # below it an eighth of the side is hardly a pixel
LEAST_TOLD = 100  # images of each class from which the networks are told it by default (docs/benchmarks.md)
MOST_SHOWN, MOST_ROWS, MOST_COLUMNS = 128, 32, 12  # images, classes and latents of a grid by class
WIDTHS = {"mlp": 128, "dcgan": 64, "resnet": 32, "toy": 64}  # base width of both networks where none is asked for


@dataclass(frozen=True, kw_only=True)
class Plan(Config):
    """A `Config` with nothing left open. It is what a run stores, and what the training reads."""

    size: int | tuple[int, int]
    channels: int
    epochs: float
    g_width: int
    d_width: int
    conditional: bool = False
    burn_in: int
    burn_in_d_lr: float
    order: str = "images"  # of every run from before there was a choice
    log_every: int
    snapshots: int
    snapshot_every: int
    class_counts: tuple[int, ...] = ()
    """Training images of each class that the networks are told of, `(K,)`; () where they are told none."""
    class_columns: int = 0  # of the grid by class among the fixed latents; 0: they are in no order, as in older runs

    @property
    def sides(self) -> tuple[int, int]:
        """(H, W) of an image."""
        return sides_of(self.size)

    @property
    def num_classes(self) -> int:
        """K of a conditional training, else 0."""
        return len(self.class_counts)

    @property
    def shown_classes(self) -> tuple[int, ...]:
        """The rows of a grid by class: the first classes that have images."""
        return tuple(kind for kind, count in enumerate(self.class_counts) if count > 0)[:MOST_ROWS]

    def total_iterations(self, num_images: int) -> int:
        """Iterations of the whole training on `num_images` images."""
        return math.ceil(self.epochs * num_images / self.images_per_iteration)


def plan(
    config: Config,
    *,
    num_images: int,
    size: Size,
    channels: int,
    snapshot_cost: float = 0.0,
    class_counts: Sequence[int] = (),
    in_memory: bool = True,
) -> Plan:
    """Everything decided, for `num_images` training images of `size`.

    `snapshot_cost`: what a snapshot costs, in iterations. The regular ones together cost at most SNAPSHOT_SHARE of the
    training, but there are at least MIN_SNAPSHOTS. `in_memory`: whether the images fit into memory, here and now.
    `class_counts`: images of each class, `()` where there are no labels or the networks must not be told.
    """
    counts = tuple(int(count) for count in class_counts)
    conditional = worth_telling(counts) if config.conditional is None else config.conditional
    epochs = config.epochs
    if epochs is None:
        epochs = max(FEWEST_EPOCHS, float(math.ceil(FEWEST_IMAGES / num_images)))
    total = math.ceil(epochs * num_images / config.images_per_iteration)
    affordable = SNAPSHOT_SHARE * total / snapshot_cost if snapshot_cost else MAX_SNAPSHOTS
    snapshots = config.snapshots or round(min(MAX_SNAPSHOTS, max(MIN_SNAPSHOTS, affordable)))
    decided: dict[str, Any] = {
        "size": size,
        "channels": channels,
        "epochs": epochs,
        "augment": changes_for(num_images, size, channels) if config.augment == "auto" else config.augment,
        "order": config.order or ("images" if in_memory or config.class_balance == "uniform" else "blocks"),
        "g_width": config.g_width or WIDTHS[config.network],
        "d_width": config.d_width or WIDTHS[config.network],
        "burn_in": math.ceil(epochs * num_images) if config.burn_in is None else config.burn_in,
        "burn_in_d_lr": config.burn_in_lr if config.burn_in_d_lr is None else config.burn_in_d_lr,
        "log_every": config.log_every or min(100, max(1, total // 2000)),
        "snapshots": snapshots,
        "snapshot_every": config.snapshot_every or max(1, math.ceil(total / snapshots)),
        "conditional": conditional,
        "class_counts": counts if conditional else (),
    }
    decided["class_columns"] = class_columns(decided["class_counts"], config.num_fakes)
    return Plan(**(values_of(config) | decided))


def worth_telling(class_counts: Sequence[int]) -> bool:
    """Whether both networks are told the classes where that is left open."""
    present = [count for count in class_counts if count > 0]
    return len(present) > 1 and min(present) >= LEAST_TOLD


def changes_for(num_images: int, size: Size, channels: int) -> str:
    """What `--augment auto` is for so many images."""
    if num_images > MOST_AUGMENTED or min(sides_of(size)) < LEAST_AUGMENTED_SIDE:
        return "none"
    return "translation,cutout,colour" if channels >= 3 else "translation,cutout"


def class_columns(class_counts: Sequence[int], num_fakes: int) -> int:
    """How many latents a grid by class shows in every class, where the fixed latents hold one; else 0.

    The fixed latents are also what is measured, with classes as in the data: a rare class has no more of them.
    """
    shown = [count for count in class_counts if count > 0][:MOST_ROWS]
    if not shown:
        return 0
    rarest = num_fakes * min(shown) // sum(class_counts)
    columns = min(MOST_COLUMNS, MOST_SHOWN // len(shown), rarest)
    return columns if columns > 1 else 0


def plan_from_dict(values: dict[str, Any]) -> Plan:
    """A stored plan.

    Raises:
        ConfigError: an unknown setting, or a value out of range. TypeError: a setting that a plan has is missing.
    """
    require_known(values, Plan)
    return Plan(**values | {"class_counts": tuple(values.get("class_counts", ()))})


def values_of(config: Config) -> dict[str, Any]:
    """The fields of a config, without copies of what they hold."""
    return {field.name: getattr(config, field.name) for field in dataclasses.fields(Config)}
