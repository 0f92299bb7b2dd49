"""`ganscope.watch`: a scope for a training of somebody else, from its real images and a folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from ganscope.config import Watched
from ganscope.data import dataset_of
from ganscope.errors import ConfigError, RunError
from ganscope.progress import Progress
from ganscope.recorder.pictures import Range
from ganscope.recorder.reals import read_reals
from ganscope.recorder.scope import Scope
from ganscope.runs import Run, claim_run_path, describe
from ganscope.trackers import tracker_names


def watch(
    reals: Any,
    labels: Any = None,
    held_out: Any = None,
    *,
    out: Path | str | None = None,
    value_range: tuple[float, float] | str = "auto",
    name: str | None = None,
    objective: str = "unknown",
    batch_size: int | None = None,
    num_fakes: int = 2000,
    map: str = "pacmap",
    metrics: bool = True,
    seed: int = 0,
    quiet: bool = False,
    trainer: str = "watched",
    log_to: str = "",
) -> Scope:
    """Watch a training; the same `out` again resumes the same run. See `ganscope.watch`."""
    progress, trackers = Progress(quiet=quiet), tracker_names(log_to)
    known = _range_given(value_range)
    Watched(
        size=1, channels=1, objective=objective, batch_size=batch_size, num_fakes=num_fakes, seed=seed, map=map
    ).validate()  # before the reals are read, which takes a while
    found = read_reals(reals, labels, held_out, name=name, value_range=known, progress=progress.say)
    images = found.dataset.train.images
    settings = Watched(
        trainer=trainer, data=found.name, stored=found.stored, size=images.shape[-1], channels=images.shape[1],
        objective=objective, batch_size=batch_size or found.batch_size, num_fakes=num_fakes, seed=seed,
        metrics=metrics, map=map,
    )  # fmt: skip
    path = claim_run_path(Path("runs"), found.name, trainer) if out is None else Path(out)
    dataset = found.dataset
    if (path / "config.json").is_file():
        run = Run(path)
        stored = run.settings()
        if not isinstance(stored, Watched):
            raise RunError(f"{path} is a run of ganscope's own trainer", todo="name another folder with out=")
        if stored.stored != settings.stored or stored.data != settings.data:
            progress.say(f"{path} began with other real images ({stored.data}): it continues with those")
        settings = stored
        dataset = dataset_of(stored, progress.say)
    else:
        facts = {
            "name": found.name, "num_train": len(images), "num_test": len(dataset.test.images),
            "shape": list(images.shape[1:]), "content_hash": dataset.train.content_hash,
            "classes": list(dataset.train.class_names), "num_skipped": 0, "skipped": [],
        }  # fmt: skip
        environment = describe(
            command=sys.argv, backend_reason="another program's", threads=os.cpu_count() or 1, dataset=facts
        )
        run = Run.create(path, settings, environment, "The networks are another program's.\n")
    scope = Scope(run, settings, dataset, found.value_range, progress, trackers)
    progress.say(f"watching: {found.said} · {path}")
    return scope


def _range_given(value_range: tuple[float, float] | str) -> Range | None:
    if value_range == "auto":
        return None
    if isinstance(value_range, tuple | list) and len(value_range) == 2 and value_range[0] < value_range[1]:
        return Range(float(value_range[0]), float(value_range[1]))
    raise ConfigError(
        "value_range is a pair of numbers, those of black and white", found=repr(value_range), todo="e.g. (-1, 1)"
    )
