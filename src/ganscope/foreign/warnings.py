"""Findings from the numbers of another trainer: what they say where nothing was measured here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganscope.diagnosis import Finding
from ganscope.foreign.numbers import Row

MOST_FID = 5_000.0  # of noise against photographs some hundreds are seen
HIGH_AUGMENT = 0.5
HIGHER = ("precision", "recall", "is50k", "is", "inception_score", "pr50k3_precision", "pr50k3_recall")


def metric_entry(name: str, value: float) -> dict[str, Any]:
    """A number of the trainer's own as a line of evals.jsonl holds a metric."""
    fakes = 50_000 if "50k" in name else 0
    return {
        "value": value if _possible(name, value) else None,
        "stderr": None, "floor": None, "num_real": 0, "num_fake": fakes, "floor_num": 0,
        "features": "the trainer's own", "version": "", "better": "higher" if name.endswith(HIGHER) else "lower",
    }  # fmt: skip


def is_distance(name: str) -> bool:
    """Whether a metric is a distance, which cannot be below 0."""
    return any(word in name.lower() for word in ("fid", "kid", "fd_", "ppl"))


def _possible(name: str, value: float | None) -> bool:
    return value is not None and (not is_distance(name) or -1 <= value <= MOST_FID)


def warnings_at(images_seen: int, rows: Sequence[Row], metrics: Sequence[Row]) -> list[Finding]:
    """What the numbers up to a moment say, gravest first."""
    rows = [row for row in rows if row[0] <= images_seen]
    metrics = [row for row in metrics if row[0] <= images_seen]
    found = [_not_finite(images_seen, rows), _impossible(images_seen, metrics), _augmented(images_seen, rows)]
    return [one for one in found if one is not None]


def _not_finite(images_seen: int, rows: Sequence[Row]) -> Finding | None:
    broken = [seen for seen, row in rows if any(name in row and row[name] is None for name in ("g_loss", "d_loss"))]
    if not broken or broken[-1] != rows[-1][0]:
        return None
    return Finding(
        "losses_not_finite", "failure", broken[0], images_seen, {"lines": float(len(broken))}, {},
        "The losses are no numbers any more: the training has blown up, and what is saved from now on is of no use.",
        ("go back to the snapshot before", "lower both learning rates", "train without mixed precision"),
    )  # fmt: skip


def _impossible(images_seen: int, metrics: Sequence[Row]) -> Finding | None:
    wrong = [(seen, name, value) for seen, row in metrics for name, value in row.items() if not _possible(name, value)]
    if not wrong:
        return None
    numbers = [value for _, _, value in wrong if value is not None]
    name = wrong[0][1]
    total = sum(name in row for _, row in metrics)
    shown = f"from {min(numbers):.2g} to {max(numbers):.2g}" if numbers else "no number"
    low = " and never below 0" if any(value < 0 for value in numbers) else ""
    return Finding(
        "impossible_metric", "warning", wrong[0][0], images_seen,
        {"measurements": float(total), "impossible": float(len(wrong))}, {"highest_possible": MOST_FID},
        f"The trainer's own {name} cannot be true in {len(wrong)} of {total} measurements ({shown}; a distance of "
        f"images is at most some hundreds{low}). Its measurement is broken: it says nothing of the pictures, and no "
        "snapshot should be chosen by it.",
        (
            "look at the pictures: name them and the real images, ganscope watch DIR --reals DATA",
            "measure again with another installation: features or their covariance overflowed there",
        ),
    )  # fmt: skip


def _augmented(images_seen: int, rows: Sequence[Row]) -> Finding | None:
    strong = [(seen, row["augment"]) for seen, row in rows if (row.get("augment") or 0) >= HIGH_AUGMENT]
    if not strong or not rows or strong[-1][0] != rows[-1][0]:
        return None
    return Finding(
        "strong_augmentation", "info", strong[0][0], images_seen, {"augment": round(float(strong[-1][1] or 0), 3)},
        {"high_augment": HIGH_AUGMENT},
        f"The trainer has raised its augmentation to {strong[-1][1]:.2f}: without it D would know the few real images "
        "by heart. More images would help most.",
        ("more real images", "mirror them where that makes sense"),
    )  # fmt: skip
