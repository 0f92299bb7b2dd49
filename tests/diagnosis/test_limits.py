"""Limits: evidence and thresholds stand in the finding."""

from __future__ import annotations

import json

from fixtures.planted import (
    PLANTED,
    Run,
    make_run,
)
from ganscope.diagnosis.finding import Finding
from ganscope.diagnosis.limits import LIMITS
from ganscope.diagnosis.rules import diagnose


def found(run: Run) -> dict[str, Finding]:
    return {finding.id: finding for finding in diagnose(*run)}


def test_evidence_and_thresholds_are_in_the_finding_and_survive_json() -> None:
    for name, planted in PLANTED.items():
        finding = found(make_run(**planted))[name]
        line = json.loads(json.dumps(finding.to_dict(), allow_nan=False))
        assert set(line) == {"id", "severity", "first", "last", "evidence", "thresholds", "sentence", "advice"}
        assert line["id"] == name and line["evidence"]
        assert all(line["thresholds"][key] == getattr(LIMITS, key) for key in line["thresholds"])
