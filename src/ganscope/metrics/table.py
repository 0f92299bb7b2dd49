"""The METRICS table: every number that ganscope gives about fakes, with its direction; and a measured `Metric`.

Protocols and what each number can and cannot see: docs/metrics.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Better = Literal["lower", "higher"]


class About(NamedTuple):
    """How to read one metric: its title, which way is better, the value of a perfect generator, and its meaning."""

    title: str
    better: Better
    ideal: str
    meaning: str


METRICS: dict[str, About] = {
    # name             title                 better    ideal     meaning
    "frechet":   About("Fréchet distance",   "lower",  "floor",  "distance of the clouds of features, as Gaussians"),
    "kernel":    About("kernel distance",    "lower",  "0",      "distance of the two clouds under a cubic kernel"),
    "sliced":    About("sliced distance",    "lower",  "floor",  "mean distance of the two clouds along a line"),
    "structure": About("structure",          "lower",  "floor",  "Fréchet distance of edges and shapes"),
    "precision": About("precision",          "higher", "floor",  "share of fakes that lie among the reals"),
    "recall":    About("recall",             "higher", "floor",  "share of reals that lie among the fakes"),
    "density":   About("density",            "higher", "1",      "how deep among the reals the fakes lie"),
    "coverage":  About("coverage",           "higher", "floor",  "share of reals with a fake close by"),
    "class_kl":  About("class KL",           "lower",  "floor",  "how far the fakes' class shares are off, in nats"),
    "modes":     About("modes",              "higher", "floor",  "classes (or clusters) with at least one fake"),
    "diversity": About("diversity",          "higher", "1",      "mean distance between fakes over that of reals"),
    "duplicate_rate": About("duplicates",    "lower",  "floor",  "share of fakes with a near twin among the fakes"),
    "memorisation": About("memorisation",    "lower",  "floor",  "share of fakes too close to a training image"),
    "memorisation_z": About("memorisation z", "higher", "0",     "below −3: closer to training than held-out images"),
    "moved_copies": About("moved copies",    "lower",  "floor",  "the same, mirrored, shifted a pixel or recoloured"),
    "rough":     About("rough",              "lower",  "floor",  "share of fakes with more fine detail than real ones"),
    "smooth":    About("smooth",             "lower",  "floor",  "share of fakes with less fine detail than real ones"),
    "confidence": About("confidence",        "higher", "floor",  "mean probability of the likeliest class"),
    "tstr":      About("train on synthetic", "higher", "floor",  "real accuracy of a classifier trained on fakes"),
}  # fmt: skip


@dataclass(frozen=True)
class Metric:
    """One measured number with its protocol.

    Attributes:
        stderr: standard error from the choice of the fakes; None where there is none.
        floor: the same number for held-out real images in the place of the fakes; None where there is none.
        num_real, num_fake: images on either side. floor_num: held-out images that gave the floor.
        features, version: the feature space and the fingerprint of what it was fitted to.
        groups: how each group of latents moved the value; the same groups at every snapshot, so that their differences
            give the error of a difference.
        spread: the total variance of the reals' features, which a Fréchet distance can be held against.
    """

    name: str
    value: float
    stderr: float | None
    floor: float | None
    num_real: int
    num_fake: int
    floor_num: int
    features: str
    version: str
    groups: tuple[float, ...] | None = None
    spread: float | None = None

    @property
    def better(self) -> Better:
        return METRICS[self.name].better

    def to_dict(self) -> dict[str, Any]:
        """What a line of `evals.jsonl` holds: finite numbers or null."""
        more = {"groups": self.groups and list(self.groups), "spread": _finite(self.spread)}
        return {
            "value": _finite(self.value),
            "stderr": _finite(self.stderr),
            "floor": _finite(self.floor),
            "num_real": self.num_real,
            "num_fake": self.num_fake,
            "floor_num": self.floor_num,
            "features": self.features,
            "version": self.version,
            "better": self.better,
        } | {name: value for name, value in more.items() if value is not None}


def _finite(number: float | None) -> float | None:
    return None if number is None or not math.isfinite(number) else float(number)
