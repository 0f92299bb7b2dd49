"""What a sweep found: the table and the winner."""

from __future__ import annotations

from ganscope.sweeps.result import SweepResult


def trial(number: int, state: str, means: dict[str, float], front: bool) -> dict[str, object]:
    return {
        "number": number, "state": state, "value": means.get("frechet"), "means": means, "spread": None, "values": [],
        "front": front, "settings": {"g_lr": 0.001 * (number + 1)}, "runs": [],
    }  # fmt: skip


def test_the_table_shows_all_that_no_other_beats_however_many_are_better_in_the_first_metric() -> None:
    trials = [trial(k, "complete", {"frechet": k + 1.0, "recall": 0.1}, k == 0) for k in range(20)]
    trials.append(trial(20, "complete", {"frechet": 30.0, "recall": 0.9}, True))
    trials += [trial(21, "pruned", {}, False), trial(22, "fail", {}, False)]
    result = SweepResult("s", "x", ("frechet", "recall"), trials, {"g_lr": 1.0}, "ganscope train digits --g-lr 0.001")
    lines = result.table(most=5).splitlines()
    starred = [line.split()[0] for line in lines if line.endswith(" *")]
    assert starred == ["0", "20"] and len([line for line in lines if "g_lr=" in line]) == 5
    assert "21 finished, 1 pruned, 1 fail" in lines and "what mattered: g_lr 100%" in lines
    assert lines[-1] == "the best again: ganscope train digits --g-lr 0.001"
    assert result.best is not None and result.best["number"] == 0


def test_nothing_finished_has_no_winner() -> None:
    result = SweepResult("s", "x", ("frechet",), [trial(0, "fail", {}, False)], {}, "")
    assert result.best is None and "the best again" not in result.table()
