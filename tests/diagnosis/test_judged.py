"""Runs that really went wrong, replayed from their recorded numbers: what is said of them, line by line.

Each file of `recorded/` is one training, a few kilobytes, made by `benchmarks/recorded.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ganscope.diagnosis.finding import Finding
from ganscope.diagnosis.rules import diagnose, verdict
from recorded import Lines, read

FOLDER = Path(__file__).parent / "recorded"
# name: the finding that must head it, and the least grade of the failure; what earlier versions said.
BAD = {
    "flags-collapsed": "mode_collapse",  # "balanced since 5,664 images"; 64 of 64 samples the same smear
    "emoji-collapsed": "mode_collapse",  # named only after half of the run
}


def replay(name: str, upto: float = 1.0) -> tuple[list[Finding], Lines, dict[str, object]]:
    """The findings at the last snapshot before `upto` of the run, judged live: each line with its own findings."""
    history, tests, evals, settings = read(FOLDER / f"{name}.json.gz")
    kept = [line for line in evals if line["images_seen"] <= upto * evals[-1]["images_seen"]]
    found: list[Finding] = []
    for i in range(len(kept)):
        found = diagnose(history, tests, kept[: i + 1], settings)
        kept[i]["findings"] = [finding.to_dict() for finding in found]
    return found, kept, settings


@pytest.mark.parametrize("name", list(BAD))
def test_a_bad_run_is_never_headed_by_good_news(name: str) -> None:
    _, evals, settings = replay(name)
    for i, line in enumerate(evals):
        heads = [finding["id"] for finding in line["findings"]]
        assert not heads or heads[0] not in ("balanced", "converged"), line["images_seen"]
        words = verdict([Finding(**finding | {"advice": ()}) for finding in line["findings"]], evals[: i + 1], settings)
        assert words.startswith(("Nothing like real", "Far from real"))


@pytest.mark.parametrize("name", list(BAD))
def test_what_is_wrong_heads_the_verdict(name: str) -> None:
    found, evals, settings = replay(name)
    assert found[0].id == BAD[name]
    assert found[0].severity == "failure"
    assert "times the floor" in verdict(found, evals, settings)


@pytest.mark.parametrize("name", ["flags-collapsed", "emoji-collapsed"])
def test_a_collapse_of_a_young_run_may_pass_and_says_so(name: str) -> None:
    found = replay(name, upto=0.9)[0]
    assert found[0].id == "mode_collapse"
    assert found[0].severity == "warning"
    assert "this may still pass" in found[0].sentence
    assert found[0].advice[0].startswith("--epochs ")
