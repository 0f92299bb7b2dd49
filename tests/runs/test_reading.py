"""Files of a run that anything may have happened to."""

from __future__ import annotations

import json
from pathlib import Path

from ganscope.runs.reading import parsed_line
from ganscope.runs.run import Run

HISTORY = {
    "images_seen": 640, "iteration": 10, "epoch": 0.5, "d_loss": 1.3, "g_loss": 0.7, "d_real": 0.5,
    "d_fake_before": 0.4, "d_fake_after": 0.45, "value": -1.4, "jsd_bound": 0.0, "d_grad_norm": 1.0,
    "g_grad_norm": 2.0, "d_lr": 0.001, "g_lr": 0.0001, "augment_strength": 0.5, "r_v": 0.1,
}  # fmt: skip


def test_brackets_by_the_thousand_are_no_line(tmp_path: Path) -> None:
    run = Run(tmp_path)
    deep = "[" * 100_000
    run.lines_path("history").write_text(json.dumps(HISTORY) + "\n" + deep + "\n" + json.dumps(HISTORY)[:30])
    assert parsed_line(deep) is None
    assert run.history() == [HISTORY]
