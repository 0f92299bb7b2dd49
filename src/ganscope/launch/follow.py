"""The other processes of a training of torchrun: they train on their part of each batch and record nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.config import Plan, plan_from_dict
from ganscope.data import Dataset
from ganscope.errors import DataError, PeerError
from ganscope.recorder import planned
from ganscope.runs import Run
from ganscope.training import Outcome, World, backend_of, train


def announcement(run: Run, trained: Plan, dataset: Dataset) -> str:
    """What the first process tells the others before the training: what is trained, on which images."""
    told = {"plan": trained.to_dict(), "content_hash": dataset.train.content_hash, "run": str(run.path)}
    return json.dumps(told)


@dataclass(frozen=True)
class Silent:
    """A recording of nothing, with snapshots due when the first process takes them."""

    due: Callable[[int], bool]

    def log(self, images_seen: int, scalars: Mapping[str, Any]) -> dict[str, Any]:
        return {**scalars, "epoch": 0.0}

    def log_held_out(self, images_seen: int, scalars: Mapping[str, Any]) -> None:
        return None

    def snapshot(
        self,
        images_seen: int,
        fakes: np.ndarray,
        *,
        labels: np.ndarray | None,
        scores: np.ndarray,
        g: Any,
        d: Any,
        train_seconds: float,
    ) -> str | None:
        return None


def follow(world: World, read: Callable[[], Dataset]) -> tuple[Run, Outcome]:
    """Wait for the first process, read the images, train with it.

    Raises:
        PeerError: the first process gave up, without words: it said why itself.
        DataError: other images than the first process has.
    """
    text = world.tell()
    if not text:
        raise PeerError("")
    told = json.loads(text)
    trained, run = plan_from_dict(told["plan"]), Run(Path(told["run"]))
    dataset = read()
    if dataset.train.content_hash != told["content_hash"]:
        raise DataError(
            "the processes of this training see other images",
            found=f"content {dataset.train.content_hash} and {told['content_hash']}",
            todo="give every machine the same data",
        )
    outcome = train(
        run,
        dataset.train.images,
        dataset.test.images,
        trained,
        backend_of(trained),
        Silent(planned(trained.snapshot_every, trained.images_per_iteration)),
        data_hash=dataset.train.content_hash,
        labels=dataset.train.labels,
        test_labels=dataset.test.labels,
        world=world,
    )
    return run, outcome
