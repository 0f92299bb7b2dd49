"""Directories of runs: counted up, one for each of two that start at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganscope.config.plan import plan
from ganscope.config.presets import make_config
from ganscope.errors import RunError
from ganscope.runs import claim
from ganscope.runs.claim import claim_run_path, next_run_path
from ganscope.runs.run import Run, list_runs


def make(path: Path) -> Run:
    return Run.create(path, plan(make_config("digits", "mlp"), num_images=100, size=8, channels=1), {"a": 1}, "text")


def test_two_that_start_at_once_get_a_directory_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = claim_run_path(tmp_path, "digits", "mlp")
    # The second looked before the first had made its own.
    looked = [first, first, tmp_path / "00001-digits-mlp"]
    monkeypatch.setattr(claim, "next_run_path", lambda *_: looked.pop(0))
    assert claim_run_path(tmp_path, "digits", "mlp").name == "00001-digits-mlp"
    assert not looked


def test_a_run_that_another_process_made_is_not_written_over(tmp_path: Path) -> None:
    stored = make(tmp_path / "r").config_path.read_bytes()
    with pytest.raises(RunError, match="another process"):
        make(tmp_path / "r")
    assert (tmp_path / "r" / "config.json").read_bytes() == stored


def test_unwritable_folder_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match=r"(?s)cannot (create|write).*--run"):
        make(tmp_path / "file" / "run")


def test_names_count_up(tmp_path: Path) -> None:
    assert next_run_path(tmp_path, "digits", "mlp").name == "00000-digits-mlp"
    make(tmp_path / "00007-digits-mlp")
    assert next_run_path(tmp_path, "/photos/My Cats.zip", "dcgan").name == "00008-my-cats-dcgan"
    assert [run.path.name for run in list_runs(tmp_path)] == ["00007-digits-mlp"]
