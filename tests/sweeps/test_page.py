"""The page of a sweep: every trial, axes for settings and metrics, and no name that becomes markup."""

from __future__ import annotations

import dataclasses
import html
import itertools
from pathlib import Path

from ganscope.sweeps.page import page, write_page
from ganscope.sweeps.result import SweepResult


def trial(number: int, g_lr: float, objective: str, value: float) -> dict[str, object]:
    return {
        "number": number, "state": "complete", "value": value, "means": {"frechet": value}, "spread": None,
        "values": [value], "front": False, "settings": {"g_lr": g_lr, "objective": objective}, "runs": ["seed-0"],
    }  # fmt: skip


TRIALS = [trial(k, 10.0 ** (k - 5), ("hinge", "relativistic")[k % 2], k + 1.0) for k in range(4)]
RUDE = SweepResult("<b>&", "x", ("frechet",), TRIALS, {"<i>": 1.0}, "ganscope train '<u>'")


def test_the_page_shows_every_trial_and_takes_names_for_text(tmp_path: Path) -> None:
    text = write_page(RUDE, tmp_path).read_text()
    assert text.count("<path ") == 4 and text.count("<tr>") == 5 and text.count('class="axis"') == 3
    assert html.escape(RUDE.command) in text and "<script" not in text
    assert "<b>" not in text and "<i>" not in text and "<u>" not in text


def test_settings_over_decades_lie_at_equal_steps(tmp_path: Path) -> None:
    lines = [line.split('"')[1].split(" L ")[0] for line in page(RUDE, tmp_path).split("<path ")[1:]]
    heights = sorted(float(line.split()[-1]) for line in lines)
    steps = [b - a for a, b in itertools.pairwise(heights)]
    assert len(steps) == 3 and max(steps) - min(steps) < 0.2 < min(steps)


def test_trials_all_alike_and_one_alone_are_drawn(tmp_path: Path) -> None:
    for trials in (TRIALS[:1] * 2, TRIALS[:1], []):
        text = page(dataclasses.replace(RUDE, trials=trials), tmp_path)
        assert "nan" not in text and text.count("<path ") == (len(trials) if len(trials) > 1 else 0)


def test_a_run_is_linked_where_it_has_a_page(tmp_path: Path) -> None:
    report = tmp_path / "trial-0000" / "seed-0" / "report.html"
    report.parent.mkdir(parents=True)
    report.write_text("x")
    one = {**TRIALS[0], "runs": [str(report.parent)]}
    text = page(dataclasses.replace(RUDE, trials=[one, TRIALS[1]]), tmp_path)
    assert 'href="trial-0000/seed-0/report.html"' in text and text.count("href") == 1
