"""Lines: what is written is what is read; a wrong value costs itself, never the line or the reader."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganscope.runs.lines import LINES, EvalLine, HistoryLine, TimingLine
from ganscope.runs.run import Run

HISTORY = {
    "images_seen": 640, "iteration": 10, "epoch": 0.5, "d_loss": 1.3, "g_loss": 0.7, "d_real": 0.5,
    "d_fake_before": 0.4, "d_fake_after": 0.45, "value": -1.4, "jsd_bound": 0.0, "d_grad_norm": 1.0,
    "g_grad_norm": 2.0, "d_lr": 0.001, "g_lr": 0.0001, "augment_strength": 0.5, "r_v": 0.1,
}  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_a_line_is_written_in_the_order_in_which_it_always_was() -> None:
    line = HistoryLine.read(HISTORY)
    assert line is not None and line.d_lr == 0.001
    assert json.dumps(line.to_dict()) == json.dumps(HISTORY)


def test_what_is_not_known_is_kept_beside_it() -> None:
    line = HistoryLine.read(HISTORY | {"augment": 0.25})
    assert line is not None and line.others == {"augment": 0.25}
    assert line.to_dict() == HISTORY | {"augment": 0.25}


@pytest.mark.parametrize("wrong", ["x", None, [], {}, True, math.nan, math.inf, 10**400])
def test_a_wrong_value_costs_itself_only(wrong: object) -> None:
    line = HistoryLine.read(HISTORY | {"d_loss": wrong})
    assert line is not None and line.d_loss is None and line.g_loss == 0.7
    assert HistoryLine.read(HISTORY | {"images_seen": wrong}) is None


def test_an_evaluation_is_read_all_the_way_down() -> None:
    metric = {"value": 1.5, "stderr": None, "floor": 0.3, "num_real": 100, "num_fake": "many", "features": "pca"}
    finding = {"id": "balanced", "severity": "info", "evidence": {"a": 1.0, "b": "x"}, "advice": ["wait", 3]}
    stored = {
        "images_seen": 64, "metrics": {"frechet": metric, "broken": 3}, "findings": [finding, 7, {"severity": "info"}],
        "class_share": {"real": [0.5, "x"], "fake": [1.0, 0.0]}, "best": 1e300, "verdict": 5,
    }  # fmt: skip
    line = EvalLine.read(stored)
    assert line is not None
    assert line.metrics.keys() == {"frechet"} and line.metrics["frechet"].num_fake is None
    assert [one.id for one in line.findings] == ["balanced"]
    assert line.findings[0].evidence == {"a": 1.0} and line.findings[0].advice == ("wait",)
    assert line.class_share is None and line.best is None and line.verdict == ""


@given(stored=JSON, name=st.sampled_from(sorted(LINES)))
def test_no_json_breaks_a_reader(stored: object, name: str) -> None:
    for value in (stored, {"images_seen": 1, "metrics": stored, "findings": stored, "class_share": stored}):
        line = LINES[name].read(value)
        if line is not None:
            again = LINES[name].read(json.loads(json.dumps(line.to_dict())))
            assert again is not None and again.images_seen == line.images_seen


def test_rewinding_leaves_older_lines_to_the_byte(tmp_path: Path) -> None:
    run = Run(tmp_path)
    old = '{"images_seen": 64,  "d_loss": 1.0, "strange": [1]}\n'
    run.lines_path("history").write_text(old + json.dumps(HISTORY) + "\n")
    run.rewind(64)
    assert run.lines_path("history").read_text() == old


def test_writers_cannot_write_what_is_no_line(tmp_path: Path) -> None:
    run = Run(tmp_path)
    with pytest.raises(ValueError, match=r"not a line of history\.jsonl"):
        run.append("history", {"d_loss": 1.0})
    with pytest.raises(ValueError, match=r"not a line of history\.jsonl"):
        run.append("history", TimingLine(images_seen=3))
    run.append("history", HISTORY)
    assert run.read(HistoryLine)[0].epoch == 0.5


def test_what_was_measured_class_by_class_stays_in_its_place_or_goes_as_a_whole() -> None:
    """A list with a hole in it must never be read as a shorter one: its places are classes."""
    told = {"frechet": [1.0, None, 3.0], "confusion": [[1, 2], [3, 4]], "accuracy": 0.5, "new": 1}
    line = EvalLine.read({"images_seen": 1, "per_class": told})
    assert line is not None and line.per_class is not None
    assert line.per_class.frechet == (1.0, None, 3.0) and line.per_class.confusion == ((1, 2), (3, 4))
    assert line.to_dict()["per_class"] | told == line.to_dict()["per_class"]
    broken = EvalLine.read(
        {"images_seen": 1, "per_class": told | {"frechet": [1.0, "x", 3.0], "confusion": [[1, "y"]]}}
    )
    assert broken is not None and broken.per_class is not None
    assert broken.per_class.frechet == () and broken.per_class.confusion == ()
