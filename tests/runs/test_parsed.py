"""Lines that are asked for again: each is parsed once, and what is given is always what the file holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ganscope.runs import parsed
from ganscope.runs.lines import TestLine as HeldOutLine
from ganscope.runs.parsed import ParsedLines


def line(seen: int, loss: float = 1.0) -> str:
    return json.dumps({"images_seen": seen, "d_loss": loss}) + "\n"


def seen(lines: ParsedLines) -> list[int]:
    return [one.images_seen for one in lines.lines()]


def test_a_growing_file_is_parsed_once_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, count, plain = tmp_path / "test.jsonl", [0], parsed.parsed_line
    lines = ParsedLines(path, HeldOutLine)

    def counted(text: str) -> Any:
        count[0] += bool(text)
        return plain(text)

    monkeypatch.setattr(parsed, "parsed_line", counted)
    assert seen(lines) == []
    for k in range(50):
        with path.open("a", encoding="utf-8") as file:
            file.write(line(k))
        assert seen(lines) == list(range(k + 1))
    assert seen(lines) == list(range(50)) and count[0] == 50


def test_an_unfinished_line_is_read_as_far_as_it_says_something_and_again_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    lines = ParsedLines(path, HeldOutLine)
    path.write_text(line(0) + line(640)[:-1])
    assert seen(lines) == [0, 640], "whole but for its end"
    path.write_text(line(0) + line(640)[:-4])
    assert seen(lines) == [0]
    path.write_text(line(0) + line(640) + "no line\n" + line(1280))
    assert seen(lines) == [0, 640, 1280]


def test_a_file_that_was_changed_at_any_place_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    lines = ParsedLines(path, HeldOutLine)
    path.write_text(line(0, 1.0) + line(640, 1.0))
    assert [one.d_loss for one in lines.lines()] == [1.0, 1.0]
    path.write_text(line(0, 2.0) + line(640, 1.0))  # as many bytes in the same file
    assert [one.d_loss for one in lines.lines()] == [2.0, 1.0]
    path.write_text(line(0, 3.0))
    assert [one.d_loss for one in lines.lines()] == [3.0]
    path.unlink()
    assert seen(lines) == []
