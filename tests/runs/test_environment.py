"""What a run was made with: versions as they are installed, and a commit where there is one."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest

from ganscope.runs import environment


def test_versions_are_those_that_are_installed() -> None:
    told = environment.describe(command=["train", "x"], backend_reason="cpu", threads=1, dataset={"num_train": 5})
    assert told["packages"]["numpy"] == np.__version__ and told["packages"].keys() == set(environment.PACKAGES)
    assert json.loads(json.dumps(told)) == told and told["dataset"] == {"num_train": 5}


def test_what_is_not_installed_and_a_folder_without_history_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment._version("no-package-of-this-name") is None

    def missing(*words: object, **options: object) -> None:
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", missing)
    assert environment._git_commit() is None


@pytest.mark.parametrize(("changed", "said"), [("", "abc"), (" M a.py", "abc+changes")])
def test_a_tree_with_changes_says_so(changed: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(words: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(words, 0, stdout="abc\n" if "rev-parse" in words else changed)

    monkeypatch.setattr(subprocess, "run", answer)
    assert environment._git_commit() == said
