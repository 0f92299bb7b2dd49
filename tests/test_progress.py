"""The live line: all figures on it, rewritten on a terminal, whole lines in a log file."""

from __future__ import annotations

import io

import pytest

from ganscope.progress import Progress, Status, duration, line_of

STATUS = Status(1.5, 40, 12_345.6, 187.0, 1.299, 0.849, 0.477, 0.41, 0.39)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_has_epoch_speed_time_left_losses_and_scores() -> None:
    line = line_of(STATUS)
    for part in ("epoch 1.50/40", "12,346 images/s", "3:07 left", "D 1.299", "G 0.849", "D(x) 0.48", "0.41 → 0.39"):
        assert part in line
    assert len(line) <= 120


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (42.4, "42 s"), (187, "3:07"), (3729, "1:02:09"), (float("inf"), "?")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_terminal_line_is_rewritten_and_a_log_file_gets_whole_lines() -> None:
    terminal, log = Terminal(), io.StringIO()
    for stream in (terminal, log):
        progress = Progress(stream)
        progress.update(STATUS, force=True)
        progress.update(STATUS)  # too soon
        progress.say("note")
        progress.update(STATUS, force=True)
        progress.close()
    assert terminal.getvalue().count("\r") >= 3 and terminal.getvalue().endswith("\n")
    assert log.getvalue().splitlines() == [line_of(STATUS), "note", line_of(STATUS)]


def test_quiet_writes_nothing() -> None:
    stream = io.StringIO()
    progress = Progress(stream, quiet=True)
    progress.update(STATUS, force=True)
    progress.say("note")
    assert stream.getvalue() == ""
