"""Runs as text: columns that line up, numbers as people read them, and a damaged run in its own line."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ganscope.config import make_config, plan
from ganscope.runs import Run
from ganscope.runs.listing import compare_text, list_text, number, table


def made(path: Path, **settings: object) -> Run:
    config = plan(make_config("digits", "mlp", **settings), num_images=100, size=8, channels=1)
    return Run.create(path, dataclasses.replace(config), {}, "")


def test_columns_line_up() -> None:
    assert table([("a", "bb"), ("ccc", "d")]) == "a    bb\n───────\nccc  d"


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0.123456, "0.1235"), (999.5, "999.5"), (1000.4, "1,000"), (-12345.0, "-12,345")]
)
def test_numbers(value: float | None, text: str) -> None:
    assert number(value) == text


def test_a_damaged_run_has_a_line_of_its_own_and_hides_no_other(tmp_path: Path) -> None:
    made(tmp_path / "00000-good")
    made(tmp_path / "00001-bad").config_path.write_text("{")
    good, bad = (next(line for line in list_text(tmp_path).split("\n") if name in line) for name in ("good", "bad"))
    assert "unfinished" in good and "unreadable" in bad and "is damaged" in bad
    assert list_text(tmp_path / "nowhere").startswith("no runs in")


def test_only_settings_that_differ_are_compared(tmp_path: Path) -> None:
    a, b = made(tmp_path / "a"), made(tmp_path / "b", g_lr=0.5)
    settings = compare_text(a, b).split("\n\n")[0].split("\n")
    assert [line.split() for line in settings[3:]] == [["g_lr", "0.0001", "0.5"]]
    assert "the settings are the same" in compare_text(a, a)
