"""A sweep end to end with trainings of seconds; workers that are killed; a storage of PostgreSQL."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import ganscope
from ganscope.cli import build_parser, main
from ganscope.errors import ConfigError, RunError, TrainingError
from ganscope.runs import Run
from ganscope.sweeps import study as study_module
from ganscope.sweeps import sweep as sweep_module
from ganscope.sweeps import trial as trial_module
from ganscope.sweeps.result import SweepResult, result_of
from ganscope.sweeps.study import load_study, open_storage, opened_storage
from ganscope.sweeps.sweep import start_sweep
from ganscope.sweeps.trial import RunResult, Watch

pytestmark = [
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
]
BASE = ["--preset", "mlp", "--epochs", "2", "--num-fakes", "128", "--map", "none", "--snapshots", "2", "--threads", "1"]


def planted(value_of: Any, seen: list[dict[str, Any]]) -> Any:
    """A training whose Fréchet distance is known: it falls to `value_of(settings)` in ten equal stages.

    Of several metrics `value_of` gives a tuple, and nothing is compared on the way.
    """

    def run_one(data: str, settings: dict[str, Any], path: Path, watch: Watch, by: Sequence[str]) -> RunResult:
        end = value_of(settings)
        seen.append(settings)
        watch.alive()
        if end is None:
            return RunResult("failed", path, words="ganscope: the losses are not finite")
        if len(by) > 1:
            return RunResult("finished", path, end, 10)
        for stage in range(1, 11):
            if watch.compare(stage, end + 10 - stage) and stage < 10:
                return RunResult("pruned", path, (end + 10 - stage,), stage)
        return RunResult("finished", path, (end,), 10)

    return run_one


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Any:
    def plant(value_of: Any) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        monkeypatch.setattr(sweep_module, "run_one", planted(value_of, seen))
        monkeypatch.setattr(sweep_module, "_worker_number", lambda: 0)  # else every process draws other settings
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
    words = shlex.split(result.command)[1:]
    read = vars(build_parser(words).parse_args(words))
    assert read["data"] == "digits" and read["g_lr"] == best["settings"]["g_lr"] and read["d_steps"] == 1
    assert read["g_lr"] in {settings["g_lr"] for settings in seen}  # what was trained, to the last digit
    assert sum(result.importance.values()) == pytest.approx(1.0) and result.importance["g_lr"] > 0.5


@pytest.mark.parametrize("prune", ["median", "halving"])
def test_hopeless_trials_end_early_at_equal_images(tmp_path: Path, training: Any, prune: str) -> None:
    training(lambda settings: abs(settings["r1"] - 3.0) * 20)
    result = swept(tmp_path, ["r1=0.0:9.0"], trials=25, prune=prune)
    states = [trial["state"] for trial in result.trials]
    assert states.count("pruned") >= 5 and states.count("complete") >= 3, states
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


def test_a_trial_that_kills_every_worker_is_closed(tmp_path: Path, training: Any) -> None:
    """Of three workers each is lost with the same settings: there is no fourth attempt, and the sweep goes on."""
    training(lambda settings: settings["r1"])
    swept(tmp_path, ["r1=0.1:1.0"], trials=1)
    study = load_study(open_storage(str(tmp_path / "s")), None, 0)
    for attempt in range(1, 4):
        dead = study.ask()
        sweep_module.suggest(dead, [sweep_module.read_range("r1=0.1:1.0")])
        dead.set_user_attr("heard", 0.0)
        assert dead.user_attrs.get("attempt", 1) == attempt
        assert study_module.recover(study, 60) == (attempt < 3)
    result = swept(tmp_path, ["r1=0.1:1.0"], trials=3)
    assert sorted(trial["state"] for trial in result.trials) == ["complete", "complete", "fail"]
    assert "lost 3 times" in study.trials[3].user_attrs["reason"]


def test_several_metrics_rank_by_what_no_other_trial_beats(tmp_path: Path, training: Any) -> None:
    """Fréchet r1, recall r1 / 10: lower r1 is better in one and worse in the other; d_steps=2 is never better."""
    training(lambda settings: (settings["r1"] + 9.0 * (settings["d_steps"] == 2), settings["r1"] * 0.1))
    result = swept(tmp_path, ["r1=1.0,2.0,3.0", "d_steps=1,2"], trials=30, by="frechet,recall")
    front = {(trial["settings"]["r1"], trial["settings"]["d_steps"]) for trial in result.trials if trial["front"]}
    assert front == {(1.0, 1), (2.0, 1), (3.0, 1)}
    assert result.best is not None and result.best["means"] == {"frechet": 1.0, "recall": pytest.approx(0.1)}
    assert "no other trial is better in all" in result.table()
    with pytest.raises(ConfigError, match="cannot prune"):
        swept(tmp_path, ["r1=0.1:1.0"], by="frechet,recall", prune="median")
    for by in ("frechett", "frechet,frechet", ""):
        with pytest.raises(ConfigError):
            swept(tmp_path, ["r1=0.1:1.0"], by=by)


def test_a_metric_whose_more_is_better_is_maximised(tmp_path: Path, training: Any) -> None:
    training(lambda settings: settings["r1"])
    result = swept(tmp_path, ["r1=1.0,2.0,3.0"], trials=12, by="recall", prune="none")
    assert result.best is not None and result.best["settings"] == {"r1": 3.0}


def finished_run(path: Path, values: list[dict[str, float]]) -> Run:
    """A run directory with these measurements of its snapshots."""
    path.mkdir(parents=True)
    lines = [
        {"images_seen": 100 * k, "epoch": k, "metrics": {name: {"value": v} for name, v in found.items()}}
        for k, found in enumerate(values)
    ]
    (path / "evals.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (path / "finished.json").write_text("{}")
    return Run(path)


def test_a_runs_values_are_those_of_its_best_trained_snapshot(tmp_path: Path) -> None:
    watch = Watch(lambda: None, lambda stage, value: False, lambda: False)
    values = [{"frechet": 0.1, "recall": 0.9}, {"frechet": 3.0, "recall": 0.5}, {"frechet": 2.0, "recall": 0.4}, {}]
    finished_run(tmp_path / "run", values)
    for by, best, expected in (
        (("frechet",), 200, (2.0,)),
        (("recall",), 100, (0.5,)),
        (("frechet", "recall"), 200, (2.0, 0.4)),
    ):
        result = trial_module.run_one("digits", {}, tmp_path / "run", watch, by)
        assert (result.status, result.best, result.values) == ("finished", best, expected)
    nothing = trial_module.run_one("digits", {}, tmp_path / "run", watch, ("class_kl",))
    assert nothing.status == "failed" and "class_kl" in nothing.words


def test_a_run_that_is_still_saving_is_waited_for_with_signs_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a killed worker leaves behind holds the run for a while: that is no failure of the trial."""
    run, asked = finished_run(tmp_path / "run", [{}, {"frechet": 2.0}]), []
    monkeypatch.setattr(trial_module, "HEARTBEAT_SECONDS", 0.0)
    with contextlib.ExitStack() as saving:
        saving.enter_context(run.locked())
        watch = Watch(lambda: asked.append("alive"), lambda stage, value: False, lambda: len(asked) == 2)
        assert trial_module.run_one("digits", {}, run.path, watch).status == "stopped" and len(asked) == 2

        def alive() -> None:
            asked.append("alive")
            saving.close()

        result = trial_module.run_one("digits", {}, run.path, Watch(alive, lambda stage, value: False, lambda: False))
    assert result.status == "finished" and result.values == (2.0,) and len(asked) == 3


def test_without_optuna_a_sweep_says_in_one_message_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert main(["sweep", "digits", "--over", "g_lr=1e-4:1e-3"]) == 2
    assert 'pip install "ganscope[sweep]"' in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_python_sweeps_as_the_command_line_does(tmp_path: Path, training: Any) -> None:
    seen = training(lambda settings: (settings["r1"], 0.5))
    result = ganscope.sweep(
        "digits", ["r1=0.1:1.0"], trials=2, seeds=2, by=["frechet", "recall"], runs=tmp_path, quiet=True, epochs=3.0
    )
    assert len(seen) == 4 and all(settings["epochs"] == 3.0 for settings in seen) and result.by == ("frechet", "recall")
    assert (tmp_path / result.name / "sweep.journal").is_file()


# ---- real workers ----------------------------------------------------------------------------------------------------
# The command itself, with clocks that do not make the test wait for a minute.
WORKER = """
import sys
from ganscope.cli import main
from ganscope.sweeps import sweep, trial
trial.HEARTBEAT_SECONDS = 0.5
for call in (sweep.start_sweep, sweep.join_sweep):
    call.__kwdefaults__["grace"] = 8.0
sys.exit(main(sys.argv[1:]))
"""


def worker(tmp_path: Path, words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, "sweep", *words], cwd=tmp_path, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env={**os.environ, "PYTHONWARNINGS": ""},
    )  # fmt: skip


def wait_for_training(tmp_path: Path, process: subprocess.Popen[str]) -> None:
    """Returns once the only worker trains its first trial."""
    deadline = time.monotonic() + 400
    while not list(tmp_path.glob("sweeps/s/trial-*/seed-0/history.jsonl")):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "no training began"
        time.sleep(0.05)


def survives_a_kill(tmp_path: Path, storage: list[str], url: str, trials: int) -> None:
    """Two workers; the first is killed while it trains, the second one finishes everything."""
    over = ["digits", "--over", "g_lr=1e-4:1e-3:log", "--trials", str(trials), "--name", "s", *storage, *BASE]
    first = worker(tmp_path, over)
    wait_for_training(tmp_path, first)
    second = worker(tmp_path, ["--join", url])
    first.send_signal(signal.SIGKILL)
    first.communicate()
    said, _ = second.communicate(timeout=400)
    assert second.returncode == 0, said
    with opened_storage(url if "://" in url else str(tmp_path / url), begun=True) as kept:
        study = load_study(kept, None, 0)
        trials_kept, result = study.get_trials(), result_of(study, url)
    assert [trial["state"] for trial in result.trials] == ["complete"] * trials, said
    lost = [trial for trial in trials_kept if trial.user_attrs.get("reason") == study_module.LOST]
    assert len(lost) == 1 and lost[0].number == 0
    again = [trial for trial in trials_kept if trial.user_attrs.get("again") == lost[0].number]
    assert len(again) == 1 and again[0].params == lost[0].params
    assert again[0].user_attrs["folder"] == lost[0].user_attrs["folder"]
    for trial in result.trials:
        (path,) = trial["runs"]
        values = [line["metrics"]["frechet"]["value"] for line in Run(tmp_path / path).evals() if line["images_seen"]]
        assert Run(tmp_path / path).finished() and trial["value"] == pytest.approx(min(values))
    assert json.loads((tmp_path / path).with_name("trial.json").read_text())["data"] == "digits"
    assert result.command in said


@pytest.mark.slow
def test_kill_9_of_a_worker_loses_nothing(tmp_path: Path) -> None:
    survives_a_kill(tmp_path, [], "sweeps/s", 2)


def postgres_programs() -> Path | None:
    """Where initdb is: Debian keeps it off the PATH."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


@pytest.fixture
def postgres() -> Iterator[str]:
    """A PostgreSQL of our own, run by a user without privileges and reached by a socket; its URL."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    pytest.importorskip("psycopg", reason='needs the driver: pip install "psycopg[binary]"')
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []  # it refuses to be root
    folder = Path(tempfile.mkdtemp(prefix="ganscope-pg-"))  # not pytest's folder, which is closed to other users
    if as_user:
        shutil.chown(folder, "postgres", "postgres")
    data, port = folder / "data", "54329"
    told: dict[str, Any] = dict(check=True, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        initdb = [str(programs / "initdb"), "-A", "trust", "-U", "postgres", "--no-sync", "-D", str(data)]
        subprocess.run([*as_user, *initdb], **told)
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -p {port}"
        command = [*as_user, str(programs / "pg_ctl"), "-w", "-D", str(data)]
        subprocess.run([*command, "-l", str(folder / "log"), "-o", options, "start"], **told)
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}&port={port}"
        finally:
            subprocess.run([*command, "-m", "immediate", "stop"], **told)
    finally:
        shutil.rmtree(folder)


@pytest.mark.slow
def test_two_workers_over_postgresql_survive_kill_9(tmp_path: Path, postgres: str) -> None:
    survives_a_kill(tmp_path, ["--storage", postgres], postgres, 3)


def test_a_sweep_that_is_not_there_cannot_be_joined_and_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no sweep"):
        sweep_module.join_sweep(str(tmp_path), say=lambda text: None)
    assert not list(tmp_path.iterdir())
