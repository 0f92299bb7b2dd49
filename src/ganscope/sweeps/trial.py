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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganscope.runs import Run
from ganscope.sweeps.space import command_line
from ganscope.sweeps.study import HEARTBEAT_SECONDS

STAGES = 10  # of the planned training, at which trials are compared
LOOK_SECONDS = 0.5
END_SECONDS = 60.0  # to save and end, before a run is killed


@dataclass(frozen=True)
class Watch:
    """What a worker does while a run trains."""

    alive: Callable[[], None]
    compare: Callable[[int, float], bool]
    """Is told the Fréchet distance at a stage; whether the trial is not worth going on."""
    stopped: Callable[[], bool]


@dataclass(frozen=True)
class RunResult:
    """How a run of a trial ended: `finished`, `pruned`, `stopped`, or `failed` with the last words of its log."""

    status: str
    path: Path
    frechet: float | None = None
    best: int | None = None
    words: str = ""


def run_one(data: str, settings: Mapping[str, Any], path: Path, watch: Watch) -> RunResult:
    """Train in `path`, or go on with the run that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    log = path.with_name(path.name + ".log")
    words = [*command_line(data, settings), "--run", str(path), "--quiet"]
    run, told, heard, status = Run(path), 0, 0.0, "finished"
    if not run.finished():
        with log.open("ab") as out, _child([sys.executable, "-m", "ganscope", *words], out) as process:
            while process.poll() is None:
                if time.monotonic() - heard > HEARTBEAT_SECONDS:
                    watch.alive()
                    heard = time.monotonic()
                told, pruned = _compare(run, told, watch)
                if pruned or watch.stopped():
                    status = "pruned" if pruned else "stopped"
                    break
                time.sleep(LOOK_SECONDS)
        if status == "finished" and (process.returncode != 0 or not run.finished()):
            status = "stopped" if process.returncode in (130, -signal.SIGTERM) else "failed"
    _compare(run, told, watch)
    lines = run.evals() if path.is_dir() else []
    values = _measured(lines)
    if not values:
        status = "failed" if status == "finished" else status
    best = min(values, key=lambda pair: pair[1]) if values else None
    return RunResult(status, path, best and best[1], best and best[0], _last_words(log))


def _compare(run: Run, told: int, watch: Watch) -> tuple[int, bool]:
    """Tell of the stages that the run has reached since; the newest stage told, and whether to prune."""
    if not run.config_path.is_file():
        return told, False
    lines = [line for line in run.evals() if _value(line) is not None]
    epochs = run.config().epochs
    best, pruned = float("inf"), False
    for line in lines:
        best = min(best, _value(line) or float("inf"))
        stage = int(STAGES * line["epoch"] / epochs + 1e-9)
        if stage > told and line["images_seen"] > 0:
            told = stage
            pruned = watch.compare(stage, best) or pruned
    return told, pruned and told < STAGES


def _measured(lines: list[dict[str, Any]]) -> list[tuple[int, float]]:
    """(images seen, Fréchet distance) of every trained snapshot."""
    found = [(int(line["images_seen"]), _value(line)) for line in lines if line["images_seen"] > 0]
    return [(seen, value) for seen, value in found if value is not None]


def _value(line: Mapping[str, Any]) -> float | None:
    value = ((line.get("metrics") or {}).get("frechet") or {}).get("value")
    return None if value is None else float(value)


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


def summary(results: list[RunResult]) -> dict[str, Any]:
    """What a trial's record says of its runs."""
    values = [result.frechet for result in results if result.frechet is not None]
    return {
        "values": values,
        "spread": statistics.stdev(values) if len(values) > 1 else None,
        "runs": [str(result.path) for result in results],
        "best": [result.best for result in results],
    }


def write_trial(path: Path, facts: Mapping[str, Any]) -> None:
    """The trial beside its runs, for those who look into the folder."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "trial.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
