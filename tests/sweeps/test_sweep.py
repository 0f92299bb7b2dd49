"""A sweep end to end with trainings of seconds; workers that are killed; a storage of PostgreSQL."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ganscope.errors import ConfigError, RunError, TrainingError
from ganscope.runs import Run
from ganscope.sweeps import study as study_module
from ganscope.sweeps import sweep as sweep_module
from ganscope.sweeps.study import load_study, open_storage, opened_storage
from ganscope.sweeps.sweep import SweepResult, start_sweep
from ganscope.sweeps.trial import RunResult, Watch

pytestmark = [
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
]
BASE = ["--preset", "mlp", "--epochs", "2", "--num-fakes", "128", "--map", "none", "--snapshots", "2", "--threads", "1"]


def planted(value_of: Any, seen: list[dict[str, Any]]) -> Any:
    """A training whose Fréchet distance is known: it falls to `value_of(settings)` in ten equal stages."""

    def run_one(data: str, settings: dict[str, Any], path: Path, watch: Watch) -> RunResult:
        end = value_of(settings)
        seen.append(settings)
        watch.alive()
        if end is None:
            return RunResult("failed", path, words="ganscope: the losses are not finite")
        for stage in range(1, 11):
            if watch.compare(stage, end + 10 - stage) and stage < 10:
                return RunResult("pruned", path, end + 10 - stage, stage)
        return RunResult("finished", path, end, 10)

    return run_one


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Any:
    def plant(value_of: Any) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        monkeypatch.setattr(sweep_module, "run_one", planted(value_of, seen))
        return seen

    return plant


def swept(tmp_path: Path, over: list[str], **given: Any) -> SweepResult:
    return start_sweep("digits", over, runs=tmp_path, name="s", say=lambda text: None, **given)


def test_the_best_is_found_ranked_by_means_and_written_as_a_command(tmp_path: Path, training: Any) -> None:
    """(log10 g_lr + 3)² has its minimum at 1e-3; seed 0 alone would be led astray by luck elsewhere."""
    import math

    def value(settings: dict[str, Any]) -> float:
        lucky = settings["seed"] == 0 and settings["d_steps"] == 3
        return (math.log10(settings["g_lr"]) + 3) ** 2 + (0.0 if not lucky else -0.5) + 0.4 * (settings["d_steps"] == 3)

    seen = training(value)
    result = swept(tmp_path, ["g_lr=1e-5:1e-1:log", "d_steps=1,3"], trials=25, seeds=3, prune="none")
    best = result.best
    assert best is not None and len(result.trials) == 25 and len(seen) == 75
    assert best["settings"]["d_steps"] == 1 and 4e-4 < best["settings"]["g_lr"] < 2.5e-3
    assert best["value"] == pytest.approx(sum(best["values"]) / 3) and best["spread"] == pytest.approx(0.0)
    assert result.trials[0]["value"] <= result.trials[1]["value"]
    assert f"--g-lr {best['settings']['g_lr']:.6g}" in result.command and "--seed" not in result.command
    assert result.command.startswith("ganscope train digits ") and result.command in result.table()
    assert sum(result.importance.values()) == pytest.approx(1.0) and result.importance["g_lr"] > 0.5


@pytest.mark.parametrize("prune", ["median", "halving"])
def test_hopeless_trials_end_early_at_equal_images(tmp_path: Path, training: Any, prune: str) -> None:
    training(lambda settings: abs(settings["r1"] - 3.0) * 20)
    result = swept(tmp_path, ["r1=0.0:9.0"], trials=25, prune=prune)
    states = [trial["state"] for trial in result.trials]
    assert states.count("pruned") >= 5 and states.count("complete") >= 3
    assert result.best is not None and result.best["value"] < 20


def test_the_same_command_goes_on_and_another_sweep_of_that_name_is_refused(tmp_path: Path, training: Any) -> None:
    seen = training(lambda settings: settings["r1"])
    swept(tmp_path, ["r1=0.1:1.0"], trials=2)
    assert len(swept(tmp_path, ["r1=0.1:1.0"], trials=5).trials) == 5 and len(seen) == 5
    with pytest.raises(ConfigError, match="another sweep"):
        swept(tmp_path, ["r1=0.1:2.0"], trials=5)
    with pytest.raises(ConfigError, match="--name"):
        load_study(open_storage(str(tmp_path / "s")), "t", 0)


def test_settings_that_never_train_end_the_sweep_with_their_reason(tmp_path: Path, training: Any) -> None:
    seen = training(lambda settings: None)
    with pytest.raises(TrainingError, match="the losses are not finite"):
        swept(tmp_path, ["r1=0.1:1.0"], trials=9)
    assert len(seen) == 3


def test_a_trial_that_nobody_works_on_is_tried_again_once(tmp_path: Path, training: Any) -> None:
    training(lambda settings: settings["r1"])
    swept(tmp_path, ["r1=0.1:1.0"], trials=1)
    storage = open_storage(str(tmp_path / "s"))
    study = load_study(storage, None, 0)
    dead = study.ask()
    params = sweep_module.suggest(dead, [sweep_module.read_range("r1=0.1:1.0")])
    dead.set_user_attr("folder", str(tmp_path / "s" / "trial-0001"))
    dead.set_user_attr("heard", time.time() - 100)
    other = load_study(open_storage(str(tmp_path / "s")), None, 1)
    assert study_module.recover(study, 200) == 0
    assert study_module.recover(study, 60) == 1 and study_module.recover(other, 60) == 0
    result = swept(tmp_path, ["r1=0.1:1.0"], trials=2)
    assert [trial["settings"]["r1"] for trial in result.trials if trial["number"] == 2] == [pytest.approx(params["r1"])]
    assert len(result.trials) == 2 and all(trial["state"] == "complete" for trial in result.trials)


def worker(tmp_path: Path, words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ganscope", "sweep", *words], cwd=tmp_path, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env={**os.environ, "PYTHONWARNINGS": ""},
    )  # fmt: skip


def survives_a_kill(tmp_path: Path, storage: list[str], url: str, trials: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first worker is killed while it trains; the second one, joined, finishes everything."""
    over = ["digits", "--over", "g_lr=1e-4:1e-3:log", "--trials", str(trials), "--name", "s", *storage, *BASE]
    first = worker(tmp_path, over)
    deadline = time.monotonic() + 200
    while not list(tmp_path.glob("sweeps/s/trial-*/seed-0/history.jsonl")) and time.monotonic() < deadline:
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    monkeypatch.chdir(tmp_path)
    result = sweep_module.join_sweep(url, say=lambda text: None, grace=3.0)
    assert [trial["state"] for trial in result.trials] == ["complete"] * trials
    with opened_storage(url) as storage:
        trials_kept = load_study(storage, None, 0).get_trials()
    lost = [trial for trial in trials_kept if trial.user_attrs.get("reason") == study_module.LOST]
    assert len(lost) == 1
    again = [trial for trial in trials_kept if trial.user_attrs.get("again") == lost[0].number]
    assert len(again) == 1 and again[0].params == lost[0].params
    assert again[0].user_attrs["folder"] == lost[0].user_attrs["folder"]
    for trial in result.trials:
        (path,) = trial["runs"]
        values = [line["metrics"]["frechet"]["value"] for line in Run(Path(path)).evals() if line["images_seen"]]
        assert Run(Path(path)).finished() and trial["value"] == pytest.approx(min(values))
    assert json.loads((Path(path).parent / "trial.json").read_text())["data"] == "digits"


def test_kill_9_of_a_worker_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    survives_a_kill(tmp_path, [], "sweeps/s", 2, monkeypatch)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL of our own, reached by a socket; its URL. Not under pytest's folder, which is closed to others."""
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []  # it refuses to be root
    folder = Path(tempfile.mkdtemp(prefix="ganscope-pg-"))
    if as_user:
        shutil.chown(folder, "postgres", "postgres")
    data, port = folder / "data", "54329"
    told: dict[str, Any] = dict(check=True, cwd=folder, stdout=subprocess.DEVNULL)
    subprocess.run([*as_user, "initdb", "-A", "trust", "-U", "postgres", "-D", str(data)], **told)
    options = f"-k {folder} -c listen_addresses='' -p {port}"
    command = [*as_user, "pg_ctl", "-w", "-D", str(data)]
    subprocess.run([*command, "-l", str(folder / "log"), "-o", options, "start"], **told)
    try:
        yield f"postgresql+psycopg://postgres@/postgres?host={folder}&port={port}"
    finally:
        subprocess.run([*command, "-m", "immediate", "stop"], **told)
        shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("initdb") is None, reason="needs PostgreSQL: apt-get install postgresql")
def test_two_workers_over_postgresql_survive_kill_9(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg", reason="the driver: pip install psycopg[binary]")
    with postgres() as url:
        survives_a_kill(tmp_path, ["--storage", url], url, 3, monkeypatch)


def test_a_sweep_that_is_not_there_cannot_be_joined_and_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no sweep"):
        sweep_module.join_sweep(str(tmp_path), say=lambda text: None)
    assert not list(tmp_path.iterdir())
