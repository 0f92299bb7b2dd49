"""One trial: a run for each seed, in processes of their own, watched while they train."""

from __future__ import annotations

import contextlib
import ctypes
import json
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganscope.metrics import METRICS
from ganscope.runs import GrowingLines, Run
from ganscope.sweeps.space import command_line
from ganscope.sweeps.study import HEARTBEAT_SECONDS

STAGES = 10  # of the planned training, at which trials are compared
LOOK_SECONDS = 0.5
END_SECONDS = 45.0  # to save and end, before a run is killed; less than a worker may be silent


@dataclass(frozen=True)
class Watch:
    """What a worker does while a run trains."""

    alive: Callable[[], None]
    compare: Callable[[int, float], bool]
    """Is told the best value so far at a stage; whether the trial is not worth going on."""
    stopped: Callable[[], bool]


@dataclass(frozen=True)
class RunResult:
    """How a run of a trial ended: `finished`, `pruned`, `stopped`, or `failed` with the last words of its log.

    `values` are those of its best snapshot, one for each metric that ranks; the first chooses it.
    """

    status: str
    path: Path
    values: tuple[float, ...] | None = None
    best: int | None = None
    words: str = ""


def run_one(
    data: str, settings: Mapping[str, Any], path: Path, watch: Watch, by: Sequence[str] = ("frechet",)
) -> RunResult:
    """Train in `path`, or go on with the run that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    log = path.with_name(path.name + ".log")
    words = [*command_line(data, settings), "--run", str(path), "--quiet"]
    run, told, heard, status = Run(path), 0, 0.0, "finished"
    evals = GrowingLines(run, "evals")

    def still_asked() -> bool:
        nonlocal heard
        if time.monotonic() - heard > HEARTBEAT_SECONDS:
            watch.alive()
            heard = time.monotonic()
        return not watch.stopped()

    # A lost worker's run may still be saving; that of one wrongly taken for lost still trains, and its result counts.
    while run.in_use():
        if not still_asked():
            return RunResult("stopped", path)
        time.sleep(LOOK_SECONDS)
    if not run.finished():
        with log.open("ab") as out, _child([sys.executable, "-m", "ganscope", *words], out) as process:
            while process.poll() is None:
                told, pruned = _compare(run, evals, told, watch, by[0])
                if not still_asked() or pruned:
                    status = "pruned" if pruned else "stopped"
                    break
                time.sleep(LOOK_SECONDS)
        if status == "finished" and (process.returncode != 0 or not run.finished()):
            status = "stopped" if process.returncode in (130, -signal.SIGTERM) else "failed"
    _compare(run, evals, told, watch, by[0])
    found = _measured(run.evals() if path.is_dir() else [], by)
    if not found:
        words_of_log = f"no snapshot has {' and '.join(by)}" if status == "finished" else _last_words(log)
        return RunResult("failed" if status == "finished" else status, path, words=words_of_log)
    best, values = min(found, key=lambda pair: _loss(by[0], pair[1][0]))
    return RunResult(status, path, values, best, _last_words(log))


def _compare(run: Run, evals: GrowingLines, told: int, watch: Watch, name: str) -> tuple[int, bool]:
    """Tell of the stages that the run has reached since; the newest stage told, and whether to prune."""
    if not run.config_path.is_file():
        return told, False
    epochs = run.config().epochs
    best: float | None = None
    pruned = False
    for line in evals.lines():
        value = _value(line, name)
        if value is None or line["images_seen"] == 0:
            continue
        best = value if best is None else min(best, value, key=lambda one: _loss(name, one))
        stage = int(STAGES * line["epoch"] / epochs + 1e-9)
        if stage > told:
            told = stage
            pruned = watch.compare(stage, best) or pruned
    return told, pruned and told < STAGES


def _measured(lines: list[dict[str, Any]], by: Sequence[str]) -> list[tuple[int, tuple[float, ...]]]:
    """(images seen, values) of every trained snapshot that has them all."""
    found = [(int(line["images_seen"]), [_value(line, name) for name in by]) for line in lines]
    return [(seen, tuple(v for v in values if v is not None)) for seen, values in found if seen and None not in values]


def _value(line: Mapping[str, Any], name: str) -> float | None:
    value = ((line.get("metrics") or {}).get(name) or {}).get("value")
    return None if value is None else float(value)


def _loss(name: str, value: float) -> float:
    """What is lower where the metric is better."""
    return -value if METRICS[name].better == "higher" else value


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    said = [line for line in lines if line.startswith("ganscope: ")] or lines
    return said[-1][:300] if said else ""


@contextlib.contextmanager
def _child(command: list[str], out: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is asked to save and end when the block is left, and, on Linux, when this process dies."""
    process = subprocess.Popen(
        command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True,
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()


_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def _end_with_parent() -> None:
    assert _LIBC is not None
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def summary(results: list[RunResult], by: Sequence[str]) -> dict[str, Any]:
    """What a trial's record says of its runs: of each metric the mean, the spread and the seeds' values."""
    seeds = [result.values for result in results if result.values is not None]
    columns = list(zip(*seeds, strict=True)) if seeds else [()] * len(by)
    return {
        "means": {name: statistics.fmean(column) for name, column in zip(by, columns, strict=True) if column},
        "values": list(columns[0]),
        "spread": statistics.stdev(columns[0]) if len(seeds) > 1 else None,
        "runs": [str(result.path) for result in results],
        "best": [result.best for result in results],
    }


def write_trial(path: Path, facts: Mapping[str, Any]) -> None:
    """The trial beside its runs, for those who look into the folder."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "trial.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
