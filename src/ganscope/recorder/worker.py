"""Measuring beside a training that is not ours: a process of its own, so that nothing in it can harm the training.

    python -m ganscope.recorder.worker RUN [--quiet]

It measures the snapshots that wait in the run, oldest first, at low priority and without a GPU. Standard input is its
leash: `finish` makes it measure all that waits and end; when the pipe closes, as it does when the training is killed,
it ends after the snapshot at hand, and the next start continues with what waits.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from ganscope.data import dataset_of
from ganscope.errors import GanscopeError, RunError
from ganscope.files import atomic
from ganscope.progress import Progress
from ganscope.recorder.judge import ImageJudge, Judge
from ganscope.runs import Run, Snapshot, hold

POLL_SECONDS = 0.1
LOCK_SECONDS = 120.0  # for a worker of a killed training to finish the snapshot at hand


class Beside(Judge):
    """Leaves every snapshot for a process beside this one, which it starts."""

    def __init__(self, run: Run, progress: Progress) -> None:
        self.run, self.progress = run, progress
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0

    def look_at(self, snapshot: Snapshot) -> str | None:
        where = np.array([snapshot.iteration, snapshot.epoch, snapshot.train_seconds])
        scores = np.zeros(0, np.float32) if snapshot.scores is None else snapshot.scores
        with atomic(self.run.fakes_path(snapshot.images_seen, unseen=True)) as file:
            asked: dict[str, Any] = {} if snapshot.labels is None else {"asked": snapshot.labels}
            np.savez(file, fakes=snapshot.fakes, where=where, scores=scores, **asked)
        self.start()
        return None

    def start(self) -> None:
        """Start the process, unless it runs; one that has died is started once more."""
        if self._process is not None and self._process.poll() is None:
            return
        if self._starts >= 2:
            return
        self._starts += 1
        words = [sys.executable, "-m", "ganscope.recorder.worker", str(self.run.path)]
        cores = max(1, (os.cpu_count() or 2) // 4)
        self._process = subprocess.Popen(
            [*words, "--quiet"] if self.progress.quiet else words,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": str(cores), "CUDA_VISIBLE_DEVICES": "", "PYTHONWARNINGS": "ignore"},
        )

    def finish(self, wait: bool) -> None:
        """Let it measure what waits, and the layout of the map with it; without `wait` it ends at once."""
        if wait and self.run.fakes(unseen=True):
            self.start()
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        with contextlib.suppress(OSError):
            if wait:
                process.stdin.write(b"finish\n")
                process.stdin.flush()
        if wait:
            process.wait()
        with contextlib.suppress(OSError):
            process.stdin.close()
        if not wait:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)

    def close(self) -> None:
        self.finish(wait=False)

    def spent(self, since: float) -> tuple[float, int]:
        """Seconds spent on snapshots after the moment `since` (by the clock of the timing lines), and their number."""
        lines = [line for line in self.run.lines("timing") if line.get("kind") == "snapshot"]
        mine = [line for line in lines if (line.get("train_seconds") or 0.0) > since]
        seconds = sum((line.get("metrics_seconds") or 0.0) + (line.get("map_seconds") or 0.0) for line in mine)
        return float(seconds), len(mine)


def work(run: Run, leash: IO[str], progress: Progress) -> None:
    """Measure what waits until the leash says that this is all, or is let go."""
    said = Leash(leash)
    settings = run.settings()
    judge = ImageJudge(run, dataset_of(settings), settings, progress, yields=True)
    try:
        while not said.gone:
            waiting = run.fakes(unseen=True)
            if waiting:
                measure(run, judge, waiting[0], progress)
            elif said.finish:
                judge.finish(wait=True)
                return
            else:
                time.sleep(POLL_SECONDS)
    finally:
        judge.close()


def measure(run: Run, judge: Judge, images_seen: int, progress: Progress) -> None:
    """Judge one waiting snapshot; what goes wrong is said, and the next one has its turn."""
    path = run.fakes_path(images_seen, unseen=True)
    try:
        with np.load(path, allow_pickle=False) as found:
            iteration, epoch, seconds = found["where"].tolist()
            scores, fakes = found["scores"], found["fakes"]
            asked = found.get("asked")
        given = scores if len(scores) else None
        taken = Snapshot(images_seen, int(iteration), epoch, fakes, given, None, None, seconds, asked)
        judge.look_at(taken)
        path.replace(run.fakes_path(images_seen))
    except Exception as error:
        progress.say(f"the snapshot at {images_seen:,} images could not be measured: {error}")
        path.unlink(missing_ok=True)
    kept = {run.best(), *run.fakes()[-1:]}  # the best and the newest: what `evaluate` looks at
    for seen in run.fakes():
        if seen not in kept:
            run.fakes_path(seen).unlink(missing_ok=True)


class Leash:
    """Standard input, read by a thread: whether `finish` was said, and whether the other end is gone."""

    def __init__(self, stream: IO[str]) -> None:
        self.finish = self.gone = False
        self._stream = stream
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._stream:
            self.finish = self.finish or line.strip() == "finish"
        self.gone = True


@contextlib.contextmanager
def alone(run: Run) -> Iterator[None]:
    """One process that measures at a time: one left by a killed training ends soon.

    Raises:
        RunError: it does not.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(hold(run.path / ".measuring"))
            except RunError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)
                continue
            yield
            return


def main(words: list[str]) -> int:
    if hasattr(os, "nice"):
        os.nice(10)
    progress = Progress(quiet="--quiet" in words)
    run = Run.open(words[0])
    try:
        with alone(run):
            work(run, sys.stdin, progress)
    except GanscopeError as error:
        progress.say(f"ganscope: measuring has ended: {error}")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
