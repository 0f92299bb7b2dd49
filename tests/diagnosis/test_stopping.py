"""The stop: one place whatever the number of snapshots, none while there is something to gain, the error stated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganscope.diagnosis.ending import stop_reason
from ganscope.diagnosis.rules import diagnose, verdict
from ganscope.diagnosis.series import Record
from ganscope.diagnosis.stopping import best_snapshot, levels_off, line, outlook
from recorded import read

PLANNED = 600_000
Run = tuple[list[dict[str, Any]], dict[str, Any]]


def curve(count: int, *, flat_from: float = 0.0, power: float = 0.0, noise: float = 0.01, seed: int = 0) -> Run:
    """A run with `count` snapshots: Fréchet falls by a power of the images until `flat_from` of the plan; settings."""
    early = [PLANNED / count / k for k in (128, 32, 8, 4, 2)]
    images = np.array([*early, *(np.arange(1, count + 1) * PLANNED / count)])
    falling = np.minimum(images, flat_from * PLANNED) if flat_from else images
    wobble = np.exp(noise * np.random.default_rng(seed).normal(size=len(images)))
    values = 400 * (falling / 1000) ** -(power or 1.0) * wobble
    lines = []
    for x, v in zip([0, *images], [400.0, *values], strict=True):
        frechet = {"value": float(v), "stderr": noise * float(v), "floor": 0.1}
        lines.append({"images_seen": int(x), "iteration": int(x / 64), "metrics": {"frechet": frechet}})
    return lines, {"epochs": 10.0, "num_images": PLANNED / 10}


def stops_at(run: Run) -> float:
    """The share of the plan at which the run has levelled off; 1 for never before its end."""
    evals, settings = run
    for i in range(2, len(evals)):
        if levels_off(Record((), (), evals[:i], settings)) is not None:
            return float(evals[i - 1]["images_seen"]) / PLANNED
    return 1.0


@pytest.mark.parametrize("seed", range(3))
def test_the_stop_does_not_move_with_the_number_of_snapshots(seed: int) -> None:
    ends = [stops_at(curve(count, flat_from=0.15, noise=0.004, seed=seed)) for count in (12, 24, 50, 200)]
    assert max(ends) - min(ends) <= 0.1 * max(ends)
    assert 0.5 < max(ends) < 0.75  # it has levelled off, and a third of the plan is saved


def ends_at(run: Run, history: list[dict[str, Any]]) -> float:
    """The share of the plan at which `--stop auto` ends the run; 1 for never before its end."""
    evals, settings = run
    for i in range(2, len(evals)):
        if stop_reason(history, [], evals[:i], settings) is not None:
            return float(evals[i - 1]["images_seen"]) / PLANNED
    return 1.0


@pytest.mark.parametrize("seed", range(2))
def test_a_run_past_its_best_ends_at_the_same_place_however_often_it_is_looked_at(seed: int) -> None:
    ends = []
    for count in (12, 24, 50, 200):
        evals, settings = curve(count, power=1.0, noise=0.01, seed=seed)
        for entry in evals:  # the distance grows again from a fifth of the plan on
            over = max(0.0, entry["images_seen"] / PLANNED - 0.2)
            entry["metrics"]["frechet"]["value"] *= 1 + 40 * over
        ends.append(ends_at((evals, settings), []))
    assert max(ends) - min(ends) <= 0.1 * max(ends)
    assert max(ends) < 0.6


@pytest.mark.parametrize("seed", range(2))
def test_a_failing_run_ends_within_a_third_of_its_plan_however_often_it_is_looked_at(seed: int) -> None:
    ends = []
    for count in (12, 24, 50, 200):
        evals, settings = curve(count, power=0.001, noise=0.002, seed=seed)
        for entry in evals:
            entry["metrics"] |= {
                name: {"value": 0.0, "floor": 0.9, "stderr": 0.0} for name in ("precision", "coverage")
            }
        history = [{"images_seen": entry["images_seen"], "d_real": 0.999, "d_fake_before": 0.001} for entry in evals]
        ends.append(ends_at((evals, settings), history))
    assert max(ends) - min(ends) <= 0.1 * max(ends)
    assert max(ends) <= 0.34


@pytest.mark.parametrize("count", [12, 50, 200])
@pytest.mark.parametrize("power", [0.4, 1.0])
def test_a_slowly_and_steadily_improving_run_is_never_stopped(count: int, power: float) -> None:
    evals, settings = curve(count, power=power, noise=0.02)
    for i in range(2, len(evals) + 1):
        part = evals[:i]
        assert stop_reason([], [], part, settings) is None


def test_while_the_rates_still_fall_by_plan_nothing_stops_for_want_of_gain() -> None:
    evals, settings = curve(50, flat_from=0.15, noise=0.004)
    fading = settings | {"burn_in": PLANNED, "burn_in_lr": 0.2}
    assert stops_at((evals, fading)) == 1.0
    done = settings | {"burn_in": PLANNED // 3, "burn_in_lr": 0.2}
    assert stops_at((evals, done)) == stops_at((evals, settings)) < 1.0
    ahead = outlook(Record((), (), evals[:-5], fading))
    assert ahead is not None and "as the rates still fall" in str(ahead)


def test_the_gain_to_expect_is_that_of_the_curve_and_its_range_holds_it() -> None:
    held = 0
    for seed in range(40):
        evals, settings = curve(24, power=0.5, noise=0.03, seed=seed)
        part = [entry for entry in evals if entry["images_seen"] <= PLANNED / 2]
        ahead = outlook(Record((), (), part, settings))
        assert ahead is not None
        assert (ahead.images, ahead.until) == (PLANNED // 2, PLANNED)
        held += ahead.low <= 1 - 0.5**0.5 <= ahead.high
    assert held >= 33  # stated as 90 %


def test_of_recorded_runs_nine_of_ten_gains_come_true() -> None:
    """A range from the scatter about a straight line held the truth of a third: no run follows a power law."""
    held = []
    for path in sorted((Path(__file__).parent / "recorded").glob("digits-*.gz")):
        if any(bad in path.name for bad in ("mlp", "plain", "init5", "clip", "r1-", "latent2")):
            continue
        _, _, evals, settings = read(path)
        values = {entry["images_seen"]: entry["metrics"]["frechet"]["value"] for entry in evals[1:]}
        for i in range(2, len(evals)):
            ahead = outlook(Record((), (), evals[:i], settings))
            if ahead is None or ahead.images > 0.9 * evals[-1]["images_seen"]:
                continue
            then = np.exp(np.interp(np.log(ahead.until), np.log(list(values)), np.log(list(values.values()))))
            held.append(ahead.low <= 1 - then / values[ahead.images] <= ahead.high)
    assert len(held) > 300
    assert 0.85 < np.mean(held) < 1.0


def test_without_a_plan_the_next_doubling_counts() -> None:
    evals, _ = curve(50, power=1.0, noise=0.001)
    ahead = outlook(Record((), (), evals, {}))
    assert ahead is not None
    assert ahead.until == 2 * ahead.images
    assert ahead.gain == pytest.approx(0.5, abs=0.02)


def test_the_user_says_what_is_worth_it() -> None:
    evals, settings = curve(50, flat_from=0.15, noise=0.004)
    assert stops_at((evals, settings | {"stop_gain": 0.2})) <= stops_at((evals, settings)) < 1.0
    assert stops_at((curve(50, power=0.3)[0], settings | {"stop_gain": 0.5})) < 1.0


def test_what_is_left_to_gain_is_said_live() -> None:
    evals, settings = curve(24, power=0.5, noise=0.01)
    part = evals[:-8]
    words = verdict(diagnose([], [], part, settings), part, settings)
    assert "% better by 600,000 images" in words
    assert "Expected" not in verdict(diagnose([], [], evals, settings), evals, settings)  # the plan is done


def test_a_line_and_its_error_are_those_of_least_squares() -> None:
    source = np.random.default_rng(0)
    x = np.linspace(0, 1, 8)
    found = [line(x, 2 * x + 0.1 * source.normal(size=8)) for _ in range(300)]
    assert np.mean([slope for slope, _ in found]) == pytest.approx(2.0, abs=0.03)
    inside = np.mean([slope - error < 2.0 for slope, error in found])
    assert inside == pytest.approx(0.95, abs=0.03)


def test_noise_that_two_snapshots_share_does_not_keep_the_better_one_from_being_best() -> None:
    groups = np.random.default_rng(0).normal(size=16)
    evals = [{"images_seen": 0, "iteration": 0, "metrics": {"frechet": {"value": 1.0, "stderr": 0.5}}}]
    for i, value in enumerate((5.0, 4.9)):
        own = 0.01 * np.random.default_rng(i + 1).normal(size=16)
        shared = {"value": value, "stderr": 0.25, "groups": list(groups + own)}
        evals.append({"images_seen": 640 * (i + 1), "iteration": 10 * (i + 1), "metrics": {"frechet": shared}})
    assert best_snapshot(evals) == 1280
    for entry in evals:
        entry["metrics"]["frechet"].pop("groups", None)
    assert best_snapshot(evals) == 640  # as if independent: 0.1 is within the noise


def test_the_best_is_good_in_every_space() -> None:
    def lines(*pairs: tuple[float, float]) -> list[dict[str, Any]]:
        return [
            {
                "images_seen": 640 * i,
                "iteration": 10 * i,
                "metrics": {
                    "frechet": {"value": texture, "stderr": 0.001},
                    "structure": {"value": structure, "stderr": 0.001},
                },
            }
            for i, (texture, structure) in enumerate(pairs)
        ]

    # Texture ever better, structure best in the middle: the last is 1.8 times the best by structure.
    assert best_snapshot(lines((100, 9), (12, 2.0), (8, 1.0), (6, 1.8))) == 2 * 640
    assert best_snapshot(lines((100, 9), (12, 2.0), (8, 1.0), (6, 1.1))) == 3 * 640


def test_the_best_of_a_run_in_which_one_space_was_never_measured() -> None:
    evals = [
        {"images_seen": 640 * i, "iteration": 10 * i, "metrics": {"structure": {"value": value, "stderr": 0.001}}}
        for i, value in enumerate((9.0, 3.0, 1.0, 2.0))
    ]
    evals[0]["metrics"]["frechet"] = {"value": 100.0}  # the untrained one alone, which never counts
    assert best_snapshot(evals) == 2 * 640
