"""What a folder holds: its own runs, those of its sweeps two folders deeper, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from ganscope.runs import Run, folders_with_runs, list_sweeps, list_text, named_runs


def make_run(path: Path) -> None:
    path.mkdir(parents=True)
    (path / "config.json").write_text("{}")


def make_sweep(path: Path, rates: list[object]) -> None:
    for k, rate in enumerate(rates):
        make_run(path / f"trial-{k:04d}" / "seed-0")
        told = {"number": k, "settings": {"g_lr": rate, "epochs": 2}}
        (path / f"trial-{k:04d}" / "trial.json").write_text(json.dumps(told))


def test_runs_are_named_by_their_path_in_the_folder(tmp_path: Path) -> None:
    make_sweep(tmp_path / "s", [1e-4, 1e-3])
    make_run(tmp_path / "00000-a")
    make_run(tmp_path / "no sweep" / "trial-0000" / "seed-0")  # nothing says that a trial is one
    make_sweep(tmp_path / "00000-a" / "samples", [1.0])  # within a run nothing is looked for
    expected = {name: tmp_path / name for name in ("00000-a", "s/trial-0000/seed-0", "s/trial-0001/seed-0")}
    assert {name: run.path for name, run in named_runs(tmp_path).items()} == expected
    assert list(named_runs(tmp_path / "s")) == ["trial-0000/seed-0", "trial-0001/seed-0"]
    assert "s/trial-0001/seed-0" in list_text(tmp_path)
    assert named_runs(tmp_path / "nowhere") == {} and list_sweeps(tmp_path / "nowhere") == []


def test_a_sweep_says_what_its_trials_differ_in(tmp_path: Path) -> None:
    make_sweep(tmp_path / "s", [1e-4, 1e-3])
    (found,) = list_sweeps(tmp_path)
    assert (found.name, found.prefix, len(found.trials)) == ("s", "s/", 2)
    assert found.varied() == {"trial-0000": {"g_lr": 1e-4}, "trial-0001": {"g_lr": 1e-3}}
    for damaged in ("{", "[]", '{"settings": 3}'):
        (tmp_path / "s" / "trial-0001" / "trial.json").write_text(damaged)
        assert found.varied()["trial-0001"] == {}
    (inside,) = list_sweeps(tmp_path / "s")
    assert (inside.name, inside.prefix) == ("s", "")


def test_what_lies_beside_is_what_was_meant(tmp_path: Path) -> None:
    for k in range(7):
        make_run(tmp_path / f"runs{k}" / "00000-a")
    make_sweep(tmp_path / "more" / "s", [1.0])
    (tmp_path / "empty").mkdir()
    assert [path.name for path in folders_with_runs(tmp_path)] == ["more", "runs0", "runs1", "runs2", "runs3"]
    assert isinstance(named_runs(tmp_path / "more")["s/trial-0000/seed-0"], Run)
