"""How pilots choose γ: the one that comes nearest wins; the choice is stored and resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ganscope import pilots
from ganscope.config.plan import Plan, plan
from ganscope.config.presets import make_config
from ganscope.data.load import load_dataset
from ganscope.device import choose_backend
from ganscope.errors import ConfigError, TrainingError
from ganscope.launch.launch import launch
from ganscope.progress import Progress

FAST: dict[str, Any] = dict(
    preset="r3mlp", r1=0.01, r2=0.01, choose_penalty="pilot", burn_in=None, epochs=1.0, snapshots=1, num_fakes=128,
    threads=1, metrics=False, map="none",
)  # fmt: skip
BACKEND = choose_backend(device="cpu", threads=1, convolutional=False)


def digits(**settings: Any) -> Plan:
    return plan(make_config("digits", **{**FAST, **settings}), num_images=1438, size=8, channels=1)


def test_the_lowest_distance_wins_and_a_diverged_pilot_never_does(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, float, int]] = []

    def reached(config: Plan, *given: Any) -> float:
        seen.append((config.r1, config.r2, given[-1]))
        return [float("inf"), 7.0, 5.0, 6.0][len(seen) - 1]

    monkeypatch.setattr(pilots, "pilot", reached)
    chosen = pilots.choose_penalty(digits(r1=1.0, r2=1.0, epochs=1000.0), load_dataset("digits"), BACKEND, print)
    assert (chosen.r1, chosen.r2) == (pytest.approx(10.0), pytest.approx(10.0))
    expected = [(pytest.approx(g), pytest.approx(g), 450) for g in (0.1, 1.0, 10.0, 100.0)]
    assert seen == expected  # 450: a fiftieth of 22,469, rounded up


def test_a_longer_training_comes_nearer(tmp_path: Path) -> None:
    """The measure that decides: 300 iterations beat none."""
    config, dataset = digits(r1=0.1, r2=0.1), load_dataset("digits")
    space = pilots.feature_space(dataset.train, dataset.test, tmp_path, name="random")
    reals = pilots.Gaussian.fit(space(dataset.train.images))
    short, long = (pilots.pilot(config, dataset, BACKEND, space, reals, count) for count in (0, 300))
    assert long < 0.5 * short


def test_a_diverged_pilot_is_infinitely_far(tmp_path: Path) -> None:
    """Its black images are nearer to dark data than noise is."""
    config, dataset = digits(g_lr=1e30), load_dataset("digits")
    space = pilots.feature_space(dataset.train, dataset.test, tmp_path, name="random")
    reals = pilots.Gaussian.fit(space(dataset.train.images))
    assert pilots.pilot(config, dataset, BACKEND, space, reals, 20) == float("inf")


def test_when_every_pilot_diverged_nothing_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pilots, "pilot", lambda *_: float("inf"))
    with pytest.raises(TrainingError, match="every pilot"):
        pilots.choose_penalty(digits(), load_dataset("digits"), BACKEND, print)


def test_given_weights_are_left_alone() -> None:
    given = digits(choose_penalty="given")
    assert pilots.choose_penalty(given, load_dataset("digits"), BACKEND, print) is given


def test_what_cannot_be_chosen_is_said(tmp_path: Path) -> None:
    plain = digits(preset="mlp", r1=0.0, r2=0.0)
    with pytest.raises(ConfigError, match="R1 and R2"):
        pilots.choose_penalty(plain, load_dataset("digits"), BACKEND, print)
    with pytest.raises(ConfigError, match="for images"):
        launch(make_config("ring", choose_penalty="pilot"), run_path=tmp_path / "run", progress=Progress(quiet=True))


@pytest.mark.slow
def test_the_choice_is_stored_and_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pilots, "pilot", lambda config, *_: abs(config.r1 - 0.1))
    first = launch(make_config("digits", **FAST), run_path=tmp_path / "run", progress=Progress(quiet=True))
    assert (first.run.config().r1, first.run.config().r2) == (pytest.approx(0.1), pytest.approx(0.1))
    monkeypatch.setattr(pilots, "pilot", lambda *_: pytest.fail("a resumed run pilots nothing"))
    again = launch(
        make_config("digits", **{**FAST, "epochs": 2.0}), run_path=tmp_path / "run", progress=Progress(quiet=True)
    )
    assert again.run.config().r1 == first.run.config().r1
    # The stored config is the same training again: with the weights chosen, and no pilots.
    repeated = launch(first.run.config(), run_path=tmp_path / "repeated", progress=Progress(quiet=True))
    assert repeated.run.config().r1 == first.run.config().r1
    assert again.run.config().burn_in == first.run.config().burn_in
    assert again.outcome.images_seen > first.outcome.images_seen
