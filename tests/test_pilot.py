"""Pilot trainings choose γ: the choice is the candidate that reaches the lowest distance, is stored, and is resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ganscope import pilot
from ganscope.config import Config, make_config
from ganscope.datasets import load_dataset
from ganscope.device import choose_backend
from ganscope.errors import ConfigError
from ganscope.launch import launch
from ganscope.progress import Progress

FAST: dict[str, Any] = dict(
    preset="r3mlp", choose_penalty=True, burn_in=None, epochs=1.0, snapshots=1, num_fakes=128, threads=1, metrics=False, map="none"
)


def digits(**settings: Any) -> Config:
    return make_config("digits", **{**FAST, **settings}).resolve(num_images=1438, size=8, channels=1)


def test_the_lowest_distance_wins_and_a_diverged_pilot_never_does(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, float, int]] = []

    def reached(config: Config, *given: Any) -> float:
        seen.append((config.r1, config.r2, given[-1]))
        return {0.01: float("inf"), 0.1: 7.0, 1.0: 5.0, 10.0: 6.0}[config.r1]

    monkeypatch.setattr(pilot, "pilot", reached)
    said: list[str] = []
    backend = choose_backend(device="cpu", threads=1, convolutional=False)
    chosen = pilot.choose_penalty(digits(epochs=1000.0), load_dataset("digits"), backend, said.append)
    assert (chosen.r1, chosen.r2) == (1.0, 1.0)
    assert seen == [(gamma, gamma, 450) for gamma in (0.01, 0.1, 1.0, 10.0)]  # a fiftieth of 22,469, rounded up
    assert any("γ 1" in line for line in said)


def test_a_longer_training_comes_nearer(tmp_path: Path) -> None:
    """The measure that decides: 300 iterations beat none."""
    config, dataset = digits(), load_dataset("digits")
    backend = choose_backend(device="cpu", threads=1, convolutional=False)
    space = pilot.feature_space(dataset.train, dataset.test, tmp_path, name="random")
    reals = pilot.Gaussian.fit(space(dataset.train.images))
    short, long = (pilot.pilot(config, dataset, backend, space, reals, count) for count in (0, 300))
    assert long < 0.5 * short


def test_without_penalties_there_is_nothing_to_choose() -> None:
    backend = choose_backend(device="cpu", threads=1, convolutional=False)
    with pytest.raises(ConfigError, match="R1 and R2"):
        pilot.choose_penalty(digits(preset="mlp"), load_dataset("digits"), backend, print)


def test_points_have_no_features_to_compare(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="compares images"):
        launch(make_config("ring", choose_penalty=True), run_path=tmp_path / "run", progress=Progress(quiet=True))


def test_the_choice_is_stored_and_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pilot, "pilot", lambda config, *_: abs(config.r1 - 10.0))
    first = launch(make_config("digits", **FAST), run_path=tmp_path / "run", progress=Progress(quiet=True))
    assert (first.run.config().r1, first.run.config().r2) == (10.0, 10.0)
    monkeypatch.setattr(pilot, "pilot", lambda *_: pytest.fail("a resumed run pilots nothing"))
    again = launch(
        make_config("digits", **{**FAST, "epochs": 2.0}), run_path=tmp_path / "run", progress=Progress(quiet=True)
    )
    assert again.run.config().r1 == 10.0
    assert again.run.config().burn_in == first.run.config().burn_in
    assert again.outcome.images_seen > first.outcome.images_seen
