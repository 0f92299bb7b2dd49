"""A run that grows is judged as it would be judged at once, and each of its lines is read a fixed number of times."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fixtures.planted import PLANTED, Counted, make_run, repeated
from ganscope.diagnosis import KnownLines, best_snapshot, diagnose, quality_now, stop_reason, verdict
from ganscope.diagnosis.known import each, read_off


def judged(history: Any, tests: Any, evals: Any, facts: Any) -> str:
    findings = diagnose(history, tests, evals, facts)
    told = [finding.to_dict() for finding in findings]
    best = [best_snapshot(evals, name) for name in ("frechet", "recall")]
    reason = stop_reason(history, tests, evals, facts)
    return json.dumps([told, quality_now(evals).to_dict(), verdict(findings, evals, facts), best, reason])


def grown(run: Any) -> list[str]:
    """The judgement at every snapshot, as a recorder asks for it: the newest line is not yet in the file."""
    history, tests, evals, facts = run
    before: list[KnownLines | None] = [None, None, None]
    found = []
    for n in range(1, len(evals) + 1):
        seen = evals[n - 1]["images_seen"]
        logged = [line for line in history if line["images_seen"] <= seen]
        tested = [line for line in tests if line["images_seen"] <= seen]
        parts: list[tuple[Any, Any]] = [(logged, []), (tested, []), (evals[: n - 1], [dict(evals[n - 1])])]
        known = [KnownLines(*part, before=last) for part, last in zip(parts, before, strict=True)]
        found.append(judged(known[0], known[1], known[2], facts))
        before = list(known)
    return found


@pytest.mark.parametrize("name", ["missing_modes", "divergence", "oscillation", "blurred"])
def test_judging_as_it_grows_is_judging_at_once(name: str) -> None:
    run = make_run(**PLANTED[name])
    history, tests, evals, facts = run
    live = grown(run)
    for n in range(1, len(evals) + 1, 3):
        assert live[n - 1] == judged(history, tests, evals[:n], facts)
    assert name in live[-1]


def test_one_more_snapshot_costs_a_fixed_number_of_looks_at_earlier_ones() -> None:
    history, tests, evals, facts = make_run()
    looks = []
    many = repeated(evals, 5)
    before: KnownLines | None = None
    for n in range(1, len(many) + 1):
        before = KnownLines(many[: n - 1], [many[n - 1]], before=before)
        Counted.looks = 0
        judged(history, tests, before, facts)
        looks.append(Counted.looks)
    early, late = looks[len(evals)], looks[-1]
    assert early > 20 and late < 1.5 * early


def test_only_settled_lines_are_remembered_and_other_lines_are_read_anew() -> None:
    old = [{"images_seen": k, "x": k} for k in range(4)]
    first = KnownLines(old[:3], [{"images_seen": 3, "x": -1}])
    assert read_off(first, "x", lambda line: line["x"]) == [0, 1, 2, -1]
    second = KnownLines(old, before=first)
    assert read_off(second, "x", lambda line: 10 * line["x"]) == [0, 1, 2, 30], "what was settled is not read again"
    assert read_off(KnownLines([dict(line) for line in old], before=second), "x", lambda line: -line["x"])[1] == -1
    assert read_off(KnownLines(old[:2], before=second), "x", lambda line: -line["x"]) == [0, -1], "a file cut short"
    assert read_off(old, "x", lambda line: line["x"]) == [0, 1, 2, 3]
    sums: list[int] = each(second, "sum", lambda i, earlier: (earlier[-1] if earlier else 0) + i)
    assert sums == [0, 1, 3, 6] == each(old, "sum", lambda i, earlier: (earlier[-1] if earlier else 0) + i)
