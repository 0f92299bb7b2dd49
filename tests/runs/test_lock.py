"""A run is held by one process."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

from ganscope.config.plan import plan
from ganscope.config.presets import make_config
from ganscope.errors import RunError
from ganscope.runs.run import Run


def make(path: Path) -> Run:
    return Run.create(path, plan(make_config("digits", "mlp"), num_images=100, size=8, channels=1), {"a": 1}, "text")


def _try(path: Path, queue: multiprocessing.Queue[str]) -> None:
    try:
        with Run(path).locked():
            queue.put("locked")
    except RunError as error:
        queue.put(error.what)


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    run, context = make(tmp_path / "r"), multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[str] = context.Queue()
    answers = []
    with run.locked():
        worker = context.Process(target=_try, args=(run.path, queue))
        worker.start()
        answers.append(queue.get(timeout=60))
        worker.join()
    worker = context.Process(target=_try, args=(run.path, queue))
    worker.start()
    answers.append(queue.get(timeout=60))
    worker.join()
    assert answers == [f"{run.path} is in use by another process", "locked"]
