"""The key moments of records whose story is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from fixtures.planted import BATCH, CLASSES, SNAPSHOTS, make_run, path, skewed
from ganscope.diagnosis.moments import Moment, key_moments, still_better
from ganscope.diagnosis.rules import diagnose, verdict
from ganscope.diagnosis.stopping import best_snapshot

NAMES = [f"kind {k}" for k in range(CLASSES)]


def told(**changes: Any) -> dict[str, Moment]:
    """The moments of a planted run as its recorder would have written it: title → moment."""
    history, tests, evals, settings = make_run(**changes)
    for i, line in enumerate(evals):
        upto = evals[: i + 1]
        found = diagnose(history, tests, upto, settings)
        line |= {"findings": [one.to_dict() for one in found], "best": best_snapshot(upto, "frechet")}
        line["verdict"] = verdict(found, upto, settings)
    return {title: moment for moment in key_moments(evals, NAMES) for title in moment.title.split(" · ")}


def at(i: int) -> int:
    """Images seen at snapshot `i` of a planted run."""
    return i * 150 * BATCH


def test_a_healthy_run_goes_from_noise_by_shapes_and_the_least_variety_to_its_end() -> None:
    moments = told()
    assert [moments[name].images_seen for name in ("noise", "end")] == [0, at(SNAPSHOTS - 1)]
    precision, frechet = path(0.0, 0.6), path(400.0, 9.0)
    shapes = next(i for i in range(SNAPSHOTS) if precision[i] / 0.9 >= 0.15 and frechet[i] <= 300)
    assert moments["first shapes"].images_seen == at(shapes)
    assert (
        f"{100 * precision[shapes]:.0f} % of the pictures lie among the real ones" in moments["first shapes"].sentence
    )
    variety = path(0.12, 0.95)[shapes]
    assert moments["least variety"].images_seen == at(shapes)
    assert moments["least variety"].sentence.count(f"{100 * variety:.0f} % as much as real ones do") == 1
    assert not any("begin" in title for title in moments)


def test_every_class_is_told_where_the_last_one_first_comes_out() -> None:
    share = skewed(0.0)
    share[9:] = 1 / CLASSES
    moment = told(share=share)["every class"]
    assert moment.images_seen == at(9) and f"All {CLASSES} classes come out" in moment.sentence
    assert "every class" not in told(share=skewed(0.0))
    few = skewed(0.004)  # too rare, and there; the name is the data's
    assert "the rarest, kind 0, has 1.1 %" in told(share=np.maximum(few, 0.011))["every class"].sentence


def test_the_least_variety_is_found_where_it_was_planted_and_not_in_the_noise() -> None:
    diversity = np.full(SNAPSHOTS, 0.9)
    diversity[0], diversity[12] = 0.05, 0.4
    moment = told(diversity=diversity)["least variety"]
    assert moment.images_seen == at(12)
    assert moment.sentence == "The pictures differ from one another 40 % as much as real ones do; at the end 90 %."
    assert "least variety" not in told(diversity=0.95)


def test_a_finding_has_its_beginning_and_its_end() -> None:
    frechet = path(400.0, 9.0)
    collapsed = slice(8, 16)
    changes = {name: path(start, end) for name, (start, end) in {"coverage": (0, 0.5), "recall": (0, 0.8)}.items()}
    for values in changes.values():
        values[collapsed] = 0.01
    diversity, twins = path(0.12, 0.95), np.zeros(SNAPSHOTS)
    diversity[collapsed], twins[collapsed], frechet[collapsed] = 0.1, 0.8, 200
    moments = told(frechet=frechet, diversity=diversity, duplicate_rate=twins, **changes)
    begins = next(one for title, one in moments.items() if title.startswith("mode collapse") and "begin" in title)
    ends = next(one for title, one in moments.items() if "mode collapse" in title and "end" in title)
    assert begins.images_seen == at(8) and "draws nearly the same picture again and again" in begins.sentence
    assert at(16) <= ends.images_seen <= at(19) and "No longer found: mode collapse" in ends.sentence


def test_what_was_never_better_than_untrained_is_not_called_best() -> None:
    assert "best" not in told(frechet=path(40.0, 90.0), precision=0.0, recall=0.0, coverage=0.0)
    dip = path(400.0, 40.0)
    dip[10] = 12.0
    assert told(frechet=dip)["best"].images_seen == at(10)


def test_noise_to_the_end_has_no_shapes() -> None:
    moments = told(frechet=400.0, precision=0.0, recall=0.0, coverage=0.0, diversity=0.1)
    assert "first shapes" not in moments and "least variety" not in moments and "every class" not in moments
    assert moments["noise"].images_seen == 0


def test_each_moment_stands_beside_the_one_before_it() -> None:
    moments = list({one.images_seen: one for one in told().values()}.values())
    assert [one.before for one in moments] == [None, *(one.images_seen for one in moments[:-1])]


def test_a_record_of_one_snapshot_or_of_none_has_no_story() -> None:
    assert key_moments([]) == [] and key_moments(make_run(upto=1)[2]) == []
    assert key_moments([{"images_seen": 0, "metrics": {}}, {"images_seen": 9, "metrics": {}}]) == []
    bare = [{"images_seen": k, "metrics": {"frechet": {"value": None}}} for k in (0, 64)]
    assert [one.title for one in key_moments(bare)] == ["noise", "end"]


def test_a_training_that_was_stopped_too_early_says_that_it_was_still_getting_better() -> None:
    early = make_run(frechet=path(400.0, 9.0, half_life=6.0), upto=13)[2]
    two_thirds, end = (path(400.0, 9.0, half_life=6.0)[k] for k in (8, 12))
    fell = f"Fréchet {two_thirds:.3g} at {at(8):,} images, {end:.3g} at the end"
    assert still_better(early) == f"It was still getting better when it ended: {fell}."
    assert still_better(make_run(frechet=path(400.0, 9.0, half_life=1.0))[2]) == "", (
        "one that has levelled off does not"
    )
    assert still_better(make_run(upto=3)[2]) == still_better([]) == ""
    at_floor = make_run(frechet=path(6.0, 2.1, half_life=8.0), upto=SNAPSHOTS)[2]
    assert still_better(at_floor) == "", "nor one that has little left to get better"
    noisy = make_run(frechet=path(400.0, 9.0, half_life=6.0), stderr=0.5, upto=13)[2]
    assert still_better(noisy) == "", "nor one whose fall may be noise"
    worse = make_run(frechet=np.linspace(100, 120, SNAPSHOTS))[2]
    assert still_better(worse) == ""


def test_of_findings_that_begin_together_the_verdicts_first_gives_the_name() -> None:
    found = [
        {"id": name, "severity": "failure", "first": at(5), "last": at(9), "sentence": f"{name} it is."}
        for name in ("mode_collapse", "divergence", "discriminator_wins")
    ]
    evals = make_run(upto=10)[2]
    for line in evals[5:]:
        line["findings"] = found
    moment = next(one for one in key_moments(evals) if one.images_seen == at(5))
    assert "mode collapse and 2 more begin" in moment.title
    assert "mode_collapse it is. Also: divergence, discriminator wins." in moment.sentence
