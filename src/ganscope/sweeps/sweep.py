"""The sweep: workers ask for settings, train them, and tell what came of it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from ganscope.errors import ConfigError, TrainingError
from ganscope.sweeps.space import Range, as_text, command_line, read_range, read_ranges, require_base
from ganscope.sweeps.study import (
    GRACE_SECONDS,
    LOST,
    SURPLUS,
    close,
    counted,
    create_study,
    heard_of,
    load_study,
    opened_storage,
    optuna,
    recover,
    suggest,
    try_again,
)
from ganscope.sweeps.trial import RunResult, Watch, run_one, summary, write_trial

DEFAULT_TRIALS = 30
PRUNERS = ("median", "halving", "none")
FAILURES = 3  # trials that fail before one has succeeded: the settings are wrong, not unlucky
POLL_SECONDS = 2.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class SweepResult:
    """What a sweep found.

    Attributes:
        name, storage: what `ganscope sweep --join` takes.
        trials: one mapping each, the best first: number, state, value (the mean Fréchet distance of its runs' best
            snapshots), spread (over the seeds), settings, runs.
        command: that trains the best settings.
    """

    name: str
    storage: str
    trials: list[dict[str, Any]]
    importance: dict[str, float]
    command: str

    @property
    def best(self) -> dict[str, Any] | None:
        """The trial of the lowest mean, None where none was finished."""
        return next((trial for trial in self.trials if trial["state"] == "complete"), None)

    def table(self, most: int = 10) -> str:
        """The best trials, what mattered, and the command to copy."""
        lines = [f"{'trial':>5}  {'Fréchet':>9}  {'spread':>8}  settings"]
        done = [trial for trial in self.trials if trial["state"] == "complete"]
        for trial in done[:most]:
            spread = f"{trial['spread']:8.3g}" if trial["spread"] is not None else f"{'-':>8}"
            settings = " ".join(f"{name}={_shown(value)}" for name, value in trial["settings"].items())
            lines.append(f"{trial['number']:>5}  {trial['value']:9.4g}  {spread}  {settings}")
        counts = {
            state: sum(trial["state"] == state for trial in self.trials) for state in ("pruned", "fail", "running")
        }
        lines.append(f"{len(done)} finished" + "".join(f", {n} {state}" for state, n in counts.items() if n))
        if self.importance:
            shares = ", ".join(f"{name} {share:.0%}" for name, share in self.importance.items())
            lines.append(f"what mattered: {shares}")
        if self.best:
            lines.append(f"the best again: {self.command}")
        return "\n".join(lines)


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def start_sweep(
    data: str,
    over: list[str],
    *,
    settings: Mapping[str, Any] | None = None,
    trials: int = DEFAULT_TRIALS,
    seeds: int = 1,
    prune: str = "median",
    runs: Path = Path("sweeps"),
    storage: str | None = None,
    name: str | None = None,
    say: Say = print,
    grace: float = GRACE_SECONDS,
) -> SweepResult:
    """Begin a sweep, or go on with it, as its first worker.

    Raises:
        GanscopeError: settings, data or storage cannot be used; Optuna is not installed.
    """
    settings = dict(settings or {})
    ranges = read_ranges(over)
    if trials < 1 or seeds < 1:
        raise ConfigError("--trials and --seeds are at least 1", found=f"--trials {trials} --seeds {seeds}")
    if prune not in PRUNERS:
        raise ConfigError(f"--prune cannot be {prune!r}", found=prune, todo=f"choose one of: {', '.join(PRUNERS)}")
    twice = [one.name for one in ranges if one.name in settings]
    if twice:
        raise ConfigError(
            f"{twice[0]} is both fixed and varied", found=f"--over {twice[0]}", todo="drop one of the two"
        )
    config = require_base(data, settings)
    name = name or f"{Path(data).stem or data}-{config.preset}"
    folder = runs / name
    storage = storage or str(folder)
    facts = {
        "data": data, "settings": settings, "over": [one.text for one in ranges], "trials": trials, "seeds": seeds,
        "prune": prune, "seed": config.seed, "folder": str(folder.resolve()),
    }  # fmt: skip
    number = _worker_number()
    with opened_storage(storage) as kept:
        study = create_study(kept, name, facts, number)
        say(f"sweep {name}: {trials} trials of {seeds} seed{'s' * (seeds > 1)}, in {folder}")
        say(f"more workers, here or on any machine that reaches the storage: ganscope sweep --join {storage}")
        return _work(study, storage, say, grace)


def join_sweep(storage: str, *, name: str | None = None, say: Say = print, grace: float = GRACE_SECONDS) -> SweepResult:
    """Work for a sweep that somebody started.

    Raises:
        GanscopeError: there is none, or it cannot be reached.
    """
    with opened_storage(storage, begun=True) as kept:
        return _work(load_study(kept, name, _worker_number()), storage, say, grace)


def _worker_number() -> int:
    """Of each worker another, so that they do not draw the same settings at random."""
    return int.from_bytes(os.urandom(3), "little")


def _work(study: Any, storage: str, say: Say, grace: float) -> SweepResult:
    """Trial after trial, until as many are finished as were asked for; stays to pick up what other workers lose."""
    state = optuna().trial.TrialState
    with _interruptible() as stopped:
        while not stopped():
            facts = study.user_attrs["sweep"]
            if lost := recover(study, grace):
                say(f"{lost} lost trial{'s' * (lost > 1)} tried again")
            trials = counted(study)
            waiting = [trial for trial in trials if trial.state == state.WAITING]
            if len(trials) >= facts["trials"] and not waiting:
                if all(trial.state != state.RUNNING for trial in trials):
                    break
                time.sleep(POLL_SECONDS)  # the others still train
                continue
            _require_hope(trials)
            _one_trial(study, facts, say, stopped)
    if stopped():
        say(f"stopped; what is done is kept. Go on with: ganscope sweep --join {storage}")
        raise KeyboardInterrupt
    return result_of(study, storage)


def _require_hope(trials: list[Any]) -> None:
    failed = [trial for trial in trials if trial.state.name == "FAIL"]
    if len(failed) >= FAILURES and not any(trial.state.name in ("COMPLETE", "PRUNED") for trial in trials):
        raise TrainingError(
            f"the first {len(failed)} trials failed",
            found=str(failed[-1].user_attrs.get("reason", "")),
            todo="train once with ganscope train, and begin the sweep anew under another --name",
        )


def _one_trial(study: Any, facts: Mapping[str, Any], say: Say, stopped: Callable[[], bool]) -> None:
    """Ask, train, tell."""
    ranges: list[Range] = [read_range(text) for text in facts["over"]]
    trial = study.ask()
    heard_of(trial)
    before = [other for other in counted(study) if other.number < trial.number]
    if len(before) >= facts["trials"]:
        close(study, trial.number, SURPLUS)
        return
    settings = {**facts["settings"], **suggest(trial, ranges)}
    again = trial.user_attrs.get("folder")
    # Elsewhere the first worker's folder may not exist: then under this one's.
    home = Path(facts["folder"]) if Path(facts["folder"]).is_dir() else Path("sweeps") / study.study_name
    folder = Path(again) if again and Path(again).is_dir() else home / f"trial-{trial.number:04d}"
    trial.set_user_attr("folder", str(folder))
    trial.set_user_attr("worker", f"{socket.gethostname()}:{os.getpid()}")
    write_trial(folder, {"number": trial.number, "data": facts["data"], "settings": settings})
    results: list[RunResult] = []
    for k in range(facts["seeds"]):

        def compare(stage: int, value: float, first: bool = k == 0) -> bool:
            if not first:  # the other seeds are for those worth it
                return False
            with contextlib.suppress(RuntimeError, optuna().exceptions.OptunaError):  # closed meanwhile: see _tell
                trial.report(value, stage)
                return bool(trial.should_prune())
            return False

        seeded = {**settings, "seed": facts["seed"] + k}
        watch = Watch(lambda: heard_of(trial), compare, stopped)
        results.append(run_one(facts["data"], seeded, folder / f"seed-{seeded['seed']}", watch))
        if results[-1].status != "finished":
            break
    _tell(study, trial, facts, settings, results, say)


def _tell(
    study: Any, trial: Any, facts: Mapping[str, Any], settings: Mapping[str, Any], results: list[RunResult], say: Say
) -> None:
    state, last = optuna().trial.TrialState, results[-1]
    varied = " ".join(f"{one.partition('=')[0]}={_shown(settings[one.partition('=')[0]])}" for one in facts["over"])
    # A trial may be closed: another worker took this one for dead. Its second attempt finds these runs.
    with contextlib.suppress(RuntimeError, optuna().exceptions.OptunaError):
        for key, value in summary(results).items():
            trial.set_user_attr(key, value)
    if last.status == "stopped":
        if close(study, trial.number, LOST):
            try_again(study, study.trials[trial.number])
    elif last.status == "failed":
        close(study, trial.number, last.words or "it failed")
        say(f"trial {trial.number}: failed ({last.words or 'no words'}) · {varied}")
    elif last.status == "pruned":
        with contextlib.suppress(RuntimeError, optuna().exceptions.OptunaError):
            study.tell(trial, state=state.PRUNED)
        say(f"trial {trial.number}: pruned at Fréchet {last.frechet:.4g} · {varied}")
    else:
        values = [result.frechet for result in results if result.frechet is not None]
        with contextlib.suppress(RuntimeError, optuna().exceptions.OptunaError):
            study.tell(trial, statistics.fmean(values))
        spread = f" ± {statistics.stdev(values):.2g}" if len(values) > 1 else ""
        say(f"trial {trial.number}: Fréchet {statistics.fmean(values):.4g}{spread} · {varied}")


def result_of(study: Any, storage: str) -> SweepResult:
    """What the study holds."""
    facts = study.user_attrs["sweep"]
    found = [
        {
            "number": trial.number,
            "state": trial.state.name.lower(),
            "value": trial.value,
            "spread": trial.user_attrs.get("spread"),
            "values": trial.user_attrs.get("values", []),
            "settings": dict(trial.params),
            "runs": trial.user_attrs.get("runs", []),
        }
        for trial in counted(study)
    ]
    found.sort(key=lambda trial: (trial["state"] != "complete", trial["value"] or 0.0, trial["number"]))
    complete = [trial for trial in found if trial["state"] == "complete"]
    command = ""
    if complete:
        best = {name: float(f"{v:.6g}") if isinstance(v, float) else v for name, v in complete[0]["settings"].items()}
        command = as_text(command_line(facts["data"], {**facts["settings"], **best}))
    return SweepResult(study.study_name, storage, found, _importance(study, len(complete)), command)


def _importance(study: Any, complete: int) -> dict[str, float]:
    """The share of each setting in what the trials' values differ by, most important first; none from a few trials."""
    if complete < 4:
        return {}
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return {name: float(share) for name, share in optuna().importance.get_param_importances(study).items()}
        except (ValueError, RuntimeError):  # all trials alike
            return {}


@contextlib.contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Ctrl-C and SIGTERM let the run save and hand the trial back."""
    came: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        came.append(number)

    previous = {}
    with contextlib.suppress(ValueError):  # not the main thread
        for number in (signal.SIGINT, signal.SIGTERM):
            previous[number] = signal.signal(number, remember)
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
