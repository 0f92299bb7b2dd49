"""Each rule fires on the failure planted for it, names nothing else a failure, and is silent on healthy runs."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from fixtures.planted import (
    BATCH,
    HEALTHY,
    PLANTED,
    SEVERITY,
    SNAPSHOTS,
    UNLEARNED,
    Counted,
    Run,
    make_run,
    path,
    repeated,
    settings,
    skewed,
)
from ganscope.diagnosis.ending import stop_reason
from ganscope.diagnosis.finding import Finding
from ganscope.diagnosis.rules import RULES, diagnose, joined, verdict
from ganscope.diagnosis.stopping import best_snapshot


def found(run: Run) -> dict[str, Finding]:
    return {finding.id: finding for finding in diagnose(*run)}


def failures(run: Run) -> set[str]:
    """The failures by name; being far from real, which goes with most, is no cause."""
    return {finding.id for finding in diagnose(*run) if finding.severity == "failure"} - {"far_from_real"}


def test_every_rule_has_a_planted_case() -> None:
    assert set(PLANTED) == set(RULES)
    assert all(rule.__name__ == name for name, rule in RULES.items())


@pytest.mark.parametrize("name", list(PLANTED))
def test_the_planted_failure_is_named(name: str) -> None:
    finding = found(make_run(**PLANTED[name]))[name]
    assert finding.severity == SEVERITY[name]
    assert 0 <= finding.first < finding.last == (SNAPSHOTS - 1) * 150 * BATCH
    assert finding.sentence.endswith(".")
    assert finding.advice or name in ("balanced", "spaces_disagree")


@pytest.mark.parametrize("name", list(PLANTED))
def test_nothing_else_is_called_a_failure(name: str) -> None:
    beside = {"vanishing_gradient": {"discriminator_wins"}}.get(name, set())
    assert failures(make_run(**PLANTED[name])) - beside <= {name}


FROM_THE_START = ("discriminator_wins", "vanishing_gradient", "fooling_with_garbage", "mode_collapse", "memorisation")


@pytest.mark.parametrize("name", FROM_THE_START)
def test_a_failure_from_the_start_is_named_within_the_first_third(name: str) -> None:
    assert name in failures(make_run(upto=1 + SNAPSHOTS // 3, **PLANTED[name]))


def test_a_failure_in_the_middle_is_named_within_the_first_third_of_what_is_left() -> None:
    late = 12 + (SNAPSHOTS - 12) // 3
    assert "divergence" in failures(make_run(upto=late, **PLANTED["divergence"]))
    assert "past_its_best" in found(make_run(upto=late, **PLANTED["past_its_best"]))
    assert "divergence" not in failures(make_run(upto=12, **PLANTED["divergence"]))


HEALTHY_RUNS: dict[str, dict[str, Any]] = {
    "usual": {},
    "strong D that still teaches": {"d_real": 0.98, "d_fake": 0.02, "frechet": path(400, 5, half_life=5)},
    "strong D, converged at a good quality": {"d_real": 0.99, "d_fake": 0.01, "frechet": path(400, 5, half_life=1)},
    "D at chance because the fakes are good": {"d_real": 0.51, "d_fake": 0.49, "frechet": path(400, 5, half_life=1)},
    "slow start": {"frechet": path(400, 100, half_life=8), "diversity": path(0.12, 0.6, half_life=8),
                   "share": np.where(np.arange(SNAPSHOTS)[:, None] < 8, skewed(0.5), skewed(0.15)),
                   "coverage": path(0, 0.2), "duplicate_rate": path(0.9, 0.1)},
    "Fréchet stands while coverage grows": {
        "frechet": path(400, 225, half_life=1), "coverage": 0.012 * np.arange(SNAPSHOTS), "d_fake": 0.03,
        "diversity": path(0.12, 0.5, half_life=10), "duplicate_rate": 0.1,
    },
    "relativistic with penalties in D's loss": {
        "settings": settings(objective="relativistic", r1=1.0), "d_loss": path(3.0, 1.0), "d_loss_held_out": 0.6,
        "frechet": path(400, 20, half_life=6),
    },
    "least squares": {"settings": settings(objective="least-squares"), "d_loss": 0.2, "d_loss_held_out": 0.21},
    "hinge": {"settings": settings(objective="hinge"), "d_loss": 1.9, "d_real": 0.6, "d_fake": 0.55},
    "Wasserstein": {"settings": settings(objective="wasserstein"), "d_loss": -40.0, "d_real": 0.999, "d_fake": 0.001},
    "minimax": {"settings": settings(objective="minimax"), "g_loss": -0.5},
}  # fmt: skip


@pytest.mark.parametrize("name", list(HEALTHY_RUNS))
def test_no_false_alarm_at_any_snapshot(name: str) -> None:
    history, tests, evals, values = make_run(**HEALTHY_RUNS[name])
    for i in range(len(evals)):
        assert not [f.id for f in diagnose(history, tests, evals[: i + 1], values) if f.severity != "info"]


def test_neither_classes_nor_floors_nor_errors_are_needed() -> None:
    def bare(run: Run) -> Run:
        lines = [
            line | {"class_share": None, "metrics": {key: {"value": m["value"]} for key, m in line["metrics"].items()}}
            for line in run[2]
        ]
        return run[0], run[1], lines, run[3]

    assert set(found(bare(make_run()))) == set(found(make_run()))
    for name in FROM_THE_START:
        assert name in failures(bare(make_run(**PLANTED[name])))


def test_objectives_without_probabilities_are_judged_by_the_loss_of_d() -> None:
    for objective, chance in (("least-squares", 0.25), ("hinge", 2.0), ("relativistic", math.log(2.0))):
        planted = UNLEARNED | {"settings": settings(objective=objective)}
        assert "discriminator_wins" in failures(make_run(**planted | {"d_loss": 0.01 * chance}))
        assert "fooling_with_garbage" in failures(make_run(**planted | {"d_loss": chance}))
        assert not failures(make_run(**planted | {"d_loss": 0.5 * chance}))


def test_noise_of_the_metric_alone_raises_nothing() -> None:
    for seed in range(20):
        wobble = np.exp(0.08 * np.random.default_rng(seed).normal(size=SNAPSHOTS))
        assert not failures(make_run(frechet=HEALTHY["frechet"] * wobble, stderr=0.08))
        assert "oscillation" not in found(make_run(frechet=HEALTHY["frechet"] * wobble, stderr=0.08))


def test_the_future_is_not_looked_at() -> None:
    history, tests, evals, values = make_run(**PLANTED["divergence"])
    early = make_run(upto=10, **PLANTED["divergence"])
    assert diagnose(history, tests, evals[:10], values) == diagnose(*early)


def test_thresholds_do_not_depend_on_the_scale_of_the_features() -> None:
    for name, planted in PLANTED.items():
        scaled = planted | {"frechet": 1000.0 * np.asarray(planted.get("frechet", HEALTHY["frechet"]))}
        assert set(found(make_run(**scaled))) == set(found(make_run(**planted))), name


def test_a_failure_that_has_passed_goes_away() -> None:
    recovered = np.where(np.arange(SNAPSHOTS) < 8, 400.0, HEALTHY["frechet"])
    late = np.arange(SNAPSHOTS) < 8
    run = {"frechet": recovered, "coverage": np.where(late, 0, 0.5), "d_fake": np.where(late, 0.001, 0.3)}
    assert "discriminator_wins" in failures(make_run(upto=8, **run))
    assert not failures(make_run(**run))


def test_missing_classes_are_named_with_their_shares() -> None:
    run = make_run(**PLANTED["missing_modes"], settings=settings(class_names=list("abcdefghij")))
    finding = found(run)["missing_modes"]
    assert "2 of 10" in finding.sentence and "a, b" in finding.sentence
    assert finding.evidence["missing"] == 2
    assert finding.evidence["share of b"] == 0.002
    assert finding.evidence["share of b in the data"] == 0.1


def test_clusters_are_not_given_the_names_of_classes() -> None:
    run = make_run(**PLANTED["missing_modes"], settings=settings(class_names=["Ann", "Bo"]))
    assert "kind 0, kind 1" in found(run)["missing_modes"].sentence


def test_a_class_too_rare_for_the_number_of_fakes_is_not_called_missing() -> None:
    history, tests, evals, values = make_run(**PLANTED["missing_modes"])
    for line in evals:
        line["metrics"]["class_kl"]["num_fake"] = 90
    assert "missing_modes" not in found((history, tests, evals, values))


def test_few_copies_warn_and_many_fail() -> None:
    assert found(make_run(memorisation=0.12))["memorisation"].severity == "warning"
    assert found(make_run(memorisation=0.4))["memorisation"].severity == "failure"
    assert "memorisation" not in found(make_run(memorisation=0.03))


def test_advice_names_real_settings_with_changed_rates() -> None:
    from ganscope.config.fields import field_types

    flags = {"--" + name.replace("_", "-") for name in field_types()}
    for name, planted in PLANTED.items():
        words = " ".join(found(make_run(**planted))[name].advice).replace(",", " ").split()
        words = [word.replace("--no-", "--") for word in words]
        assert {word for word in words if word.startswith("--")} <= flags
    assert "--d-lr 5e-05" in found(make_run(**PLANTED["discriminator_wins"]))["discriminator_wins"].advice


def test_verdict_is_one_line_and_names_the_gravest_finding_first() -> None:
    run = make_run(**(PLANTED["discriminator_wins"] | {"memorisation": 0.1}))
    line = verdict(diagnose(*run), run[2])
    assert line.startswith("Nothing like real: Fréchet 400 ± 8, 200 times the floor; ") and "\n" not in line
    assert "failing: discriminator_wins since " in line
    assert "Also: memorisation, far_from_real." in line and line.endswith("Try: --d-lr 5e-05.")
    assert verdict([], []) == "too early to say"
    line = verdict(diagnose(*make_run()), make_run()[2])
    assert line.startswith("Fair: ") and "balanced since " in line


def test_a_run_that_gets_worse_is_not_said_to_get_better() -> None:
    """Digits without penalties for 1,500 epochs: Fréchet 2.0 at an eighth of the plan, 15.7 at its end, ever wider."""
    worse = np.r_[path(400.0, 9.0)[:8], np.linspace(20, 120, SNAPSHOTS - 8)]
    plan = settings(epochs=6.0)  # of which two thirds are done
    run = found(make_run(frechet=worse, coverage=np.linspace(0, 0.6, SNAPSHOTS), settings=plan))
    assert "past_its_best" in run and "too_slow" not in run
    assert "still getting better" not in run["far_from_real"].sentence


def test_what_was_seen_once_is_not_known_by_heart() -> None:
    """A DCGAN with batch norm, 0.7 passes over MNIST: held-out images are judged with other statistics."""
    history, tests, evals, values = make_run(**PLANTED["learned_by_heart"])
    assert "learned_by_heart" in found((history, tests, evals, values))
    once = [line | {"epoch": line["epoch"] / 5} for line in evals]
    assert "learned_by_heart" not in found((history, tests, once, values))


def test_a_discriminator_that_is_worse_than_a_coin_on_unseen_reals_is_told_of() -> None:
    """Guessing costs 2 log 2 = 1.386; a gap alone, with D still better than a coin on both, is no finding."""

    def said(train: float, held_out: float) -> bool:
        run = make_run(d_loss=np.full(SNAPSHOTS, train), d_loss_held_out=np.full(SNAPSHOTS, held_out))
        return "learned_by_heart" in found(run)

    assert said(1.0, 1.5) and not said(0.9, 1.35) and not said(1.2, 1.5)
    assert said(0.4, 1.0), "sure of what it has seen: the gap is enough"


@pytest.mark.parametrize(("relative", "planned", "named"), [
    (0.8, 30, True),  # like nothing real after nine of thirty snapshots of the plan
    (0.4, 30, False),  # on its way, whatever the grade
    (0.8, 100, False),  # too early in the plan
    (0.8, 0, False),  # no plan to hold it against
])  # fmt: skip
def test_nothing_yet_after_a_quarter_of_the_plan_is_a_warning(relative: float, planned: int, named: bool) -> None:
    """Distances that fall steadily and slowly, so that nothing stands still."""
    frechet = 400.0 * (1.0 + (relative - 1.0) * np.minimum(np.arange(SNAPSHOTS) / 9, 1.0))
    bad = {"precision": np.zeros(SNAPSHOTS), "coverage": path(0.01, 0.04), "recall": path(0.0, 0.04)}
    run = make_run(10, frechet=frechet, settings=settings(epochs=planned * 150 * BATCH / 60000), **bad)
    told = [finding for finding in diagnose(*run) if "came to something" in finding.sentence]
    assert [(finding.id, finding.severity) for finding in told] == [("far_from_real", "warning")] * named


def test_what_another_source_says_keeps_the_order_of_the_rules() -> None:
    def said(name: str, severity: str) -> Finding:
        return Finding(name, severity, 0, 1, {}, {}, "")

    # The cause comes before the graver effect that it explains, whatever is added.
    rules = [said("mode_collapse", "warning"), said("far_from_real", "failure"), said("passed", "info")]
    assert joined(rules, []) == rules
    more = joined(rules, [said("impossible_metric", "warning"), said("strong_augmentation", "info")])
    names = ["mode_collapse", "far_from_real", "impossible_metric", "passed", "strong_augmentation"]
    assert [finding.id for finding in more] == names
    assert joined(rules, [said("losses_not_finite", "failure")])[0].id == "losses_not_finite"


def test_a_watched_training_without_scores_is_not_told_for_ever_that_it_is_early() -> None:
    _, _, evals, _ = make_run()
    assert not diagnose([], [], evals, {"trainer": "watched"})
    for inside, words in ((0.85, "No fault shows in the pictures."), (0.35, "No rule names what keeps it there.")):
        precision = {"value": inside, "stderr": 0.06, "floor": 0.89, "num_real": 2000, "num_fake": 64}
        few = [line | {"metrics": {"precision": precision}} for line in evals]
        assert verdict([], few, {"trainer": "watched"}).endswith(words)


@pytest.mark.parametrize("plan", [{"trainer": "watched"}, settings(), settings(epochs=100.0)])
@pytest.mark.parametrize(("count", "late"), [(1, 0), (1, 1), (2, 1), (3, 2), (5, 2), (3, 3), (5, 5)])
def test_what_few_snapshots_leave_open_is_said(plan: dict[str, Any], count: int, late: int) -> None:
    """Of a run that is over, "too early" is never right; that one goes on is known of our own alone."""
    first, *others = make_run()[2]
    evals = [dict(line) for line in (others[-1:] if count == 1 else [first, *others[1 - count :]])]
    for index, measured in enumerate(evals):
        measured["iteration"] = 100 if index < count - late else 500 + index
    line = verdict([], evals, plan)
    assert "oo early" not in line
    going_on = plan.get("epochs") == 100.0
    if late >= 3:
        assert "Judged from" not in line and "not judged" not in line
        return
    said = {
        (1, 0): "Judged from 1 snapshot, taken in the first 120 steps of G. Collapse",
        (1, 1): "Judged from 1 snapshot, taken after the first 120 steps of G. Collapse",
        (
            2,
            1,
        ): "Judged from 2 snapshots, 1 of them after the first 120 steps of G. Over these, Fréchet went",
        (
            3,
            2,
        ): "Judged from 3 snapshots, 2 of them after the first 120 steps of G. Over these, Fréchet went",
        (
            5,
            2,
        ): "Judged from 5 snapshots, 2 of them after the first 120 steps of G. Over these, Fréchet went",
    }
    assert said[count, late] in line
    assert "over 3 snapshots after these steps: not judged" + (" yet." if going_on else ".") in line
    assert ("Fréchet went from 400 to 9.5." in line) == (count > 1)
    nothing = [item | {"metrics": {}} for item in evals]
    assert verdict([], nothing, plan).startswith("Nothing could be measured. Judged from")


def test_classes_are_counted_where_pictures_look_like_something() -> None:
    """8 was half of the output of `digits --preset mlp` at a Fréchet distance still half of the untrained one's."""
    run = {"frechet": np.r_[400.0, np.full(SNAPSHOTS - 1, 230.0)], "share": skewed(0.5)}
    assert "uneven_classes" in found(make_run(**run, precision=0.5))
    assert "uneven_classes" not in found(make_run(**run, precision=0.05))


def test_best_is_the_lowest_beyond_noise_and_the_earliest_among_equals() -> None:
    values = [400.0, 50.0, 20.0, 10.0, 9.5, 30.0, *[40.0] * (SNAPSHOTS - 6)]
    run = make_run(frechet=np.array(values), stderr=0.05)
    assert best_snapshot(run[2]) == 3 * 150 * BATCH
    exact = make_run(frechet=np.array(values), stderr=0.0)
    assert best_snapshot(exact[2]) == 4 * 150 * BATCH
    assert best_snapshot([]) is None
    assert best_snapshot(run[2], "kernel") is None


def test_best_goes_up_where_higher_is_better() -> None:
    evals = make_run(coverage=np.r_[np.linspace(0.1, 0.9, SNAPSHOTS - 1), 0.2])[2]
    for line in evals:
        line["metrics"]["coverage"]["better"] = "higher"
    assert best_snapshot(evals, "coverage") == evals[-2]["images_seen"]


def test_best_never_changes_without_cause() -> None:
    wobble = np.exp(0.05 * np.random.default_rng(0).normal(size=SNAPSHOTS))
    evals = make_run(frechet=20.0 * wobble, stderr=0.2)[2]
    assert best_snapshot(evals[:1]) is None  # the untrained generator is never the best
    assert {best_snapshot(evals[: i + 1]) for i in range(1, SNAPSHOTS)} == {150 * BATCH}


@pytest.mark.parametrize("name", ["discriminator_wins", "past_its_best", "converged"])
def test_stop_auto_stops_with_the_figures(name: str) -> None:
    run = make_run(**PLANTED[name])
    reason = stop_reason(*run)
    assert reason is not None and name in reason and "(" in reason


def test_stop_auto_lets_a_healthy_run_and_a_young_failure_go_on() -> None:
    for run in (make_run(frechet=path(400, 5, half_life=6)), make_run(upto=15, **PLANTED["divergence"])):
        assert diagnose(*run)
        assert stop_reason(*run) is None


def test_stop_auto_waits_for_a_tenth_of_the_plan() -> None:
    run = make_run(**PLANTED["discriminator_wins"])
    images = run[2][-1]["images_seen"]
    for share, stops in ((0.05, False), (0.5, True)):
        plan = settings(num_images=1000, epochs=images / 1000 / share)
        assert (stop_reason(*run[:3], plan) is not None) == stops


def test_nothing_is_said_of_nothing() -> None:
    assert diagnose([], [], [], {}) == []
    first = make_run(upto=1)
    assert diagnose(*first) == []


def test_holes_in_the_record_raise_nothing_and_invent_no_failure() -> None:
    for seed in range(60):
        random = np.random.default_rng(seed)
        history, tests, evals, _ = make_run(upto=int(random.integers(1, SNAPSHOTS + 1)))
        for line in evals:
            for name in list(line["metrics"]):
                if random.random() < 0.1:
                    line["metrics"][name] = random.choice(np.array([None, {}, {"value": None}], dtype=object))
                elif random.random() < 0.1:
                    del line["metrics"][name]
            if random.random() < 0.05:
                line["class_share"] = None
        kept = [line for line in history if random.random() < 0.5]
        findings = diagnose(kept, tests[:1], evals, {})
        json.dumps([finding.to_dict() for finding in findings], allow_nan=False)
        assert not [finding.id for finding in findings if finding.severity == "failure"]
        assert verdict(findings, evals)


def test_judging_costs_a_number_of_looks_at_each_snapshot_that_does_not_grow_with_them() -> None:
    """A thousand snapshots are judged a thousand times: what grew with their square here would grow with their cube."""
    history, tests, evals, facts = make_run()
    per_snapshot = []
    for times in (1, 8):
        many = repeated(evals, times)
        Counted.looks = 0
        diagnose(history, tests, many, facts)
        per_snapshot.append(Counted.looks / len(many))
    assert per_snapshot[1] < 1.5 * per_snapshot[0]
