"""A decision as it is printed."""

from __future__ import annotations

from ganscope.data.decision import Decision


def test_a_decision_says_what_why_and_how_to_decide_otherwise() -> None:
    assert str(Decision("2 classes", "folders", "--labels none")) == "2 classes (folders; --labels none)"
