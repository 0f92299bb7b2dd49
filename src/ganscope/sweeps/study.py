"""The Optuna study of a sweep: where it is kept, what it stores, which trials are lost and tried again.

A trial is lost when its worker has not been heard of for a while: it was killed, or its machine was. It is closed, and
a new one with the same settings and the same folders goes on from its checkpoints. Storages let one worker only close a
trial, so that it is tried again once.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from ganscope.errors import ConfigError, RunError, require_package
from ganscope.metrics import METRICS
from ganscope.sweeps.space import Range

HEARTBEAT_SECONDS = 10.0  # between a worker's signs of life
GRACE_SECONDS = 60.0  # without one a trial is lost
STARTUP_TRIALS = 10  # at random, before TPE has anything to learn from
JOURNAL = "sweep.journal"
ATTEMPTS = 3  # at a trial whose workers are lost: after so many it is the trial that kills them
LOST, SURPLUS = "its worker was lost", "one more than asked for"


def optuna() -> ModuleType:
    """Raises DependencyError: it is not installed."""
    found = require_package("optuna", "a sweep", "sweep")
    found.logging.set_verbosity(found.logging.ERROR)
    return found


@contextlib.contextmanager
def opened_storage(url: str, *, begun: bool = False) -> Iterator[Any]:
    """A storage as `open_storage` gives it; its connections are closed when the block is left."""
    storage = open_storage(url, begun=begun)
    try:
        yield storage
    finally:
        if hasattr(storage, "engine"):  # of a database
            storage.remove_session()
            storage.engine.dispose()


def open_storage(url: str, *, begun: bool = False) -> Any:
    """A storage of Optuna: a folder or a journal file, or any URL that Optuna takes; `begun`: it must be there.

    Raises:
        RunError: it cannot be opened. DependencyError: its driver is not installed.
    """
    library = optuna()
    try:
        if "://" not in url:
            path = Path(url)
            path = path / JOURNAL if path.suffix != ".journal" else path
            if begun and not path.is_file():
                raise RunError(
                    f"there is no sweep in {url}",
                    found=f"no {path}",
                    todo="name what the sweep printed when it began",
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            backend = library.storages.journal
            # A lock by an open file frees itself where a symbolic link would stay behind a killed worker.
            lock = backend.JournalFileOpenLock(str(path))
            return library.storages.JournalStorage(backend.JournalFileBackend(str(path), lock_obj=lock))
        return library.storages.RDBStorage(url, engine_kwargs={"pool_pre_ping": True})
    except ModuleNotFoundError as error:
        raise RunError(
            f"{url.split(':')[0]} needs a driver that is not installed", found=str(error), todo="pip install it"
        ) from error
    except RunError:
        raise
    except Exception as error:  # each database raises its own
        raise RunError(
            "the sweep's storage cannot be opened",
            found=f"{url}: {str(error).strip().splitlines()[0][:200]}",
            todo="is the database running, and does the URL name it?",
        ) from error


def sampler_of(seed: int, worker: int) -> Any:
    """TPE over all settings together; running trials count as bad, so that workers do not try the same."""
    library = optuna()
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", library.exceptions.ExperimentalWarning)
        return library.samplers.TPESampler(
            n_startup_trials=STARTUP_TRIALS, multivariate=True, constant_liar=True, seed=seed + worker
        )


def pruner_of(name: str) -> Any:
    """`median`, `halving` or `none`."""
    pruners = optuna().pruners
    if name == "median":
        return pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1, n_min_trials=3)
    if name == "halving":
        return pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    return pruners.NopPruner()


def create_study(storage: Any, name: str, facts: Mapping[str, Any], worker: int) -> Any:
    """The study of this name with what every worker must know; the one that is there where it is the same sweep.

    Raises:
        ConfigError: another sweep of this name is there.
    """
    library = optuna()
    study = library.create_study(
        storage=storage, study_name=name, load_if_exists=True,
        directions=["maximize" if METRICS[metric].better == "higher" else "minimize" for metric in facts["by"]],
        sampler=sampler_of(facts["seed"], worker), pruner=pruner_of(facts["prune"]),
    )  # fmt: skip
    stored = study.user_attrs.get("sweep")
    if stored is None:
        study.set_user_attr("sweep", dict(facts))
        return study
    changed = [key for key in facts if key != "trials" and stored.get(key) != json.loads(json.dumps(facts[key]))]
    if changed:
        raise ConfigError(
            f"another sweep is called {name!r} there",
            found=", ".join(f"{key}: {stored.get(key)!r}" for key in changed),
            todo="give this one another --name, or the same options to go on with that one",
        )
    if facts["trials"] != stored["trials"]:
        study.set_user_attr("sweep", {**stored, "trials": facts["trials"]})
    return study


def load_study(storage: Any, name: str | None, worker: int) -> Any:
    """The study of a storage, by its name where there are several.

    Raises:
        ConfigError: none, or several.
    """
    library = optuna()
    names = [study.study_name for study in storage.get_all_studies() if "sweep" in study.user_attrs]
    chosen = name or (names[0] if len(names) == 1 else "")
    if chosen not in names:
        raise ConfigError(
            "which sweep is to be joined?",
            found=f"sweeps there: {', '.join(names) or 'none'}",
            todo="choose one with --name" if names else "start one with: ganscope sweep DATA --over … --storage URL",
        )
    study = library.load_study(storage=storage, study_name=chosen)
    facts = study.user_attrs["sweep"]
    study.sampler, study.pruner = sampler_of(facts["seed"], worker), pruner_of(facts["prune"])
    return study


def suggest(trial: Any, ranges: list[Range]) -> dict[str, Any]:
    """The settings of a trial."""
    found: dict[str, Any] = {}
    for one in ranges:
        if one.choices:
            found[one.name] = trial.suggest_categorical(one.name, list(one.choices))
        elif one.whole:
            found[one.name] = trial.suggest_int(one.name, int(one.low), int(one.high), log=one.log)
        else:
            # Rounded to what a command line shows, so that the winner's command is the winner.
            found[one.name] = float(f"{trial.suggest_float(one.name, one.low, one.high, log=one.log):.6g}")
    return found


def close(study: Any, trial_number: int, reason: str) -> bool:
    """Close a trial as failed, with its reason; False where another worker was faster."""
    library = optuna()
    trial = next(trial for trial in study.get_trials(deepcopy=False) if trial.number == trial_number)
    storage = study._storage
    try:
        storage.set_trial_user_attr(trial._trial_id, "reason", reason)
        return bool(storage.set_trial_state_values(trial._trial_id, library.trial.TrialState.FAIL))
    except (RuntimeError, library.exceptions.OptunaError):
        return False


def try_again(study: Any, trial: Any, *, lost: bool) -> None:
    """Queue the settings of a trial that was not finished, with its folder; `lost` workers are counted."""
    known = trial.user_attrs
    again = {"folder": known["folder"], "again": trial.number} if "folder" in known else {}
    if trial.params:
        study.enqueue_trial(trial.params, user_attrs={**again, "attempt": known.get("attempt", 1) + lost})


def recover(study: Any, grace: float = GRACE_SECONDS) -> int:
    """Close the trials whose workers are gone and queue them again; how many."""
    state, count = optuna().trial.TrialState, 0
    for trial in study.get_trials(deepcopy=False, states=(state.RUNNING,)):
        heard = trial.user_attrs.get("heard", trial.datetime_start.timestamp() if trial.datetime_start else 0.0)
        if time.time() - heard <= grace:
            continue
        if trial.user_attrs.get("attempt", 1) >= ATTEMPTS:
            close(study, trial.number, f"its worker was lost {ATTEMPTS} times")
        elif close(study, trial.number, LOST):
            try_again(study, trial, lost=True)
            count += 1
    return count


def counted(study: Any) -> list[Any]:
    """The trials that count towards those asked for: not those that were lost and are tried again, nor surplus ones."""
    trials = study.get_trials(deepcopy=False)
    return [trial for trial in trials if trial.user_attrs.get("reason") not in (LOST, SURPLUS)]


def heard_of(trial: Any) -> None:
    """A sign of life."""
    with contextlib.suppress(Exception):  # a storage that is away for a moment; the grace is longer
        trial.set_user_attr("heard", time.time())
