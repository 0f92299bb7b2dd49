"""Lines of a run that grows: the run's own, each parsed once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganscope.config.plan import plan
from ganscope.config.presets import make_config
from ganscope.runs import growing
from ganscope.runs.run import Run


def make(path: Path) -> Run:
    return Run.create(path, plan(make_config("digits", "mlp"), num_images=100, size=8, channels=1), {"a": 1}, "text")


def test_growing_lines_are_the_runs_and_each_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, parsed, parse = make(tmp_path / "r"), [], growing.parsed_line

    def counted(text: str) -> object:
        parsed.append(text)
        return parse(text)

    monkeypatch.setattr(growing, "parsed_line", counted)
    lines = growing.GrowingLines(run, "history")
    assert lines.lines() == []
    for k in range(50):
        run.append("history", {"images_seen": k, "iteration": k, "epoch": 0.1, "d_loss": 1.0})
        assert lines.lines() == run.history()
    assert sum(map(bool, parsed)) == 50
    with run.lines_path("history").open("a") as file:  # a writer was killed within a line; then another goes on
        file.write('{"images_seen": 99')
    assert len(lines.lines()) == 50
    run.rewind(20)  # as a resumed training does: the file is replaced
    assert lines.lines() == run.history() and len(run.history()) == 21
    run.lines_path("history").unlink()
    assert lines.lines() == []
