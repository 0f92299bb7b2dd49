"""The sweep: workers ask for settings, train them, and tell what came of it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from ganscope.errors import ConfigError, TrainingError, did_you_mean
from ganscope.metrics import METRICS
from ganscope.sweeps.page import write_page
from ganscope.sweeps.result import SweepResult, result_of, shown
from ganscope.sweeps.space import Range, read_range, read_ranges, require_base
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
DEFAULT_BY = "frechet"
PRUNERS = ("median", "halving", "none")
FAILURES = 3  # trials that fail before one has succeeded: the settings are wrong, not unlucky
POLL_SECONDS = 2.0

Say = Callable[[str], None]


def start_sweep(
    data: str,
    over: list[str],
    *,
    settings: Mapping[str, Any] | None = None,
    trials: int = DEFAULT_TRIALS,
    seeds: int = 1,
    by: str = DEFAULT_BY,
    prune: str | None = None,
    runs: Path = Path("sweeps"),
    storage: str | None = None,
    name: str | None = None,
    say: Say = print,
    grace: float = GRACE_SECONDS,
) -> SweepResult:
    """Begin a sweep, or go on with it, as its first worker.

    Args:
        by: the metric that ranks, or several with commas between: then the trials that no other beats in all of them.
        prune: None for `median` where one metric ranks, and `none` where several do.

    Raises:
        GanscopeError: settings, data or storage cannot be used; Optuna is not installed.
    """
    settings = dict(settings or {})
    ranges = read_ranges(over)
    if trials < 1 or seeds < 1:
        raise ConfigError("--trials and --seeds are at least 1", found=f"--trials {trials} --seeds {seeds}")
    metrics = read_metrics(by)
    prune = prune or ("median" if len(metrics) == 1 else "none")
    if prune not in PRUNERS:
        raise ConfigError(f"--prune cannot be {prune!r}", found=prune, todo=f"choose one of: {', '.join(PRUNERS)}")
    if prune != "none" and len(metrics) > 1:
        raise ConfigError(
            "a sweep by several metrics cannot prune", found=f"--by {by} --prune {prune}", todo="drop --prune"
        )
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
        "by": metrics, "prune": prune, "seed": config.seed, "folder": str(folder.resolve()),
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
            write_page(result_of(study, storage), home_of(study, facts))
    if stopped():
        say(f"stopped; what is done is kept. Go on with: ganscope sweep --join {storage}")
        raise KeyboardInterrupt
    result = result_of(study, storage)
    write_page(result, home_of(study, facts))
    return result


def home_of(study: Any, facts: Mapping[str, Any]) -> Path:
    """The sweep's folder; on a machine that does not have the first worker's, one under the folder at hand."""
    return Path(facts["folder"]) if Path(facts["folder"]).is_dir() else Path("sweeps") / study.study_name


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
    folder = Path(again) if again and Path(again).is_dir() else home_of(study, facts) / f"trial-{trial.number:04d}"
    trial.set_user_attr("folder", str(folder))
    trial.set_user_attr("worker", f"{socket.gethostname()}:{os.getpid()}")
    write_trial(folder, {"number": trial.number, "data": facts["data"], "settings": settings})
    results: list[RunResult] = []
    for k in range(facts["seeds"]):

        def compare(stage: int, value: float, first: bool = k == 0) -> bool:
            if not first or facts["prune"] == "none":  # the other seeds are for those worth it
                return False
            with contextlib.suppress(RuntimeError, optuna().exceptions.OptunaError):  # closed meanwhile: see _tell
                trial.report(value, stage)
                return bool(trial.should_prune())
            return False

        seeded = {**settings, "seed": facts["seed"] + k}
        watch = Watch(lambda: heard_of(trial), compare, stopped)
        results.append(run_one(facts["data"], seeded, folder / f"seed-{seeded['seed']}", watch, facts["by"]))
        if results[-1].status != "finished":
            break
    _tell(study, trial, facts, settings, results, say)


def _tell(
    study: Any, trial: Any, facts: Mapping[str, Any], settings: Mapping[str, Any], results: list[RunResult], say: Say
) -> None:
    state, last, told = optuna().trial.TrialState, results[-1], summary(results, facts["by"])
    varied = " ".join(f"{one.partition('=')[0]}={shown(settings[one.partition('=')[0]])}" for one in facts["over"])
    measured = " · ".join(f"{METRICS[name].title} {value:.4g}" for name, value in told["means"].items())
    # A trial may be closed: another worker took this one for dead. Its second attempt finds these runs.
    with contextlib.suppress(RuntimeError, optuna().exceptions.OptunaError):
        for key, value in told.items():
            trial.set_user_attr(key, value)
    if last.status == "stopped":
        if close(study, trial.number, LOST):
            try_again(study, study.trials[trial.number], lost=False)
    elif last.status == "failed":
        close(study, trial.number, last.words or "it failed")
        say(f"trial {trial.number}: failed ({last.words or 'no words'}) · {varied}")
    elif last.status == "pruned":
        with contextlib.suppress(RuntimeError, optuna().exceptions.OptunaError):
            study.tell(trial, state=state.PRUNED)
        say(f"trial {trial.number}: pruned at {measured} · {varied}")
    else:
        with contextlib.suppress(RuntimeError, optuna().exceptions.OptunaError):
            study.tell(trial, [told["means"][name] for name in facts["by"]])
        spread = f" ± {told['spread']:.2g}" if told["spread"] is not None else ""
        say(f"trial {trial.number}: {measured}{spread} · {varied}")


def read_metrics(text: str) -> list[str]:
    """The metrics that rank, each once.

    Raises:
        ConfigError: a name that is none, or one twice.
    """
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in METRICS:
            raise ConfigError(f"--by knows no metric {name!r}", found=text, todo=did_you_mean(name, METRICS))
    if len(set(names)) < len(names):
        raise ConfigError("--by names a metric twice", found=text, todo="name each once")
    return names


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
