"""Every advice is taken by the real command line, changes something, and agrees with the others."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from fixtures.planted import BATCH, PLANTED, SNAPSHOTS, make_run
from ganscope.cli import build_parser
from ganscope.config import PRESETS, make_config, plan
from ganscope.diagnosis.advice import Advice, consistent, flags_of
from ganscope.diagnosis.finding import Finding
from ganscope.diagnosis.rules import RULES, diagnose

PICTURES = ("mlp", "dcgan", "lsgan", "hinge", "wgan", "wgan-gp", "minimax", "pacgan", "r3dcgan-64", "r3mlp")


def planted(preset: str) -> Iterator[tuple[str, list[Finding], dict[str, Any]]]:
    """Every planted failure under the settings of a preset, several at a time too."""
    resolved = plan(make_config("mnist", preset), num_images=60_000, size=28, channels=1)
    values = resolved.to_dict() | {"epochs": SNAPSHOTS * 150 * BATCH / 60_000 * 1.2, "num_images": 60_000}
    for name, changes in PLANTED.items():
        for other in ({}, PLANTED["memorisation"] | PLANTED["grainy"]):
            run = make_run(**changes | other | {"settings": values})
            yield name, diagnose(*run), values


@pytest.mark.parametrize("preset", PICTURES)
def test_the_command_line_takes_every_advice_of_every_rule(preset: str) -> None:
    named, parser, tried = set(), build_parser(), set()
    for _, findings, values in planted(preset):
        for finding in findings:
            named.add(finding.id)
            for advice in finding.advice:
                if not advice.startswith("--"):
                    assert "--" not in advice, "words and flags are not mixed"
                    continue
                if advice in tried:
                    continue
                tried.add(advice)
                given = vars(parser.parse_args(["train", "mnist", *shlex.split(advice)]))
                changed = {name: value for name, value in given.items() if name in values}
                assert changed, advice
                assert any(values[name] != value for name, value in changed.items()), f"{advice} changes nothing"
                fields = {name: value for name, value in changed.items() if name not in ("data", "preset")}
                make_config("mnist", preset, **fields)  # and the settings go together
    assert len(named) >= 12


@pytest.mark.parametrize("preset", PICTURES)
def test_no_two_advices_gainsay_each_other(preset: str) -> None:
    for _, findings, _ in planted(preset):
        said: dict[str, str] = {}
        for finding in findings:
            for advice in finding.advice:
                for name, value in flags_of(advice).items():
                    assert said.setdefault(name, value) == value, f"{finding.id}: {advice}"
        assert not {"--stop", "--epochs"} <= said.keys()


def test_the_graver_finding_speaks_first() -> None:
    def finding(name: str, *advice: str) -> Finding:
        return Finding(name, "failure", 0, 1, {}, {}, "", advice)

    found = consistent(
        [finding("a", "--g-lr 0.2", "--stop auto"), finding("b", "--g-lr 0.025", "train longer", "--flip")]
    )
    assert [f.advice for f in found] == [("--g-lr 0.2", "--stop auto"), ("--flip",)]


def test_every_rule_can_speak() -> None:
    assert all(callable(rule) for rule in RULES.values())
    assert Advice({}).longer(2) == "train longer"
    assert Advice({"epochs": 10}).longer(2) == "--epochs 20"
    assert Advice({"epochs": 15}).longer(60_000 / 16_125) == "--epochs 56", "whole, and not fewer"
    assert np.isfinite(Advice({}).value("g_lr"))


def test_what_is_far_outside_its_preset_is_undone_in_one_advice() -> None:
    tiny = {"data": "digits", "preset": "r3mlp", "g_width": 2, "latent_dim": 2, "g_lr": 1e-3, "r1": 0.1}
    assert Advice(tiny).extremes() == ("--latent-dim 100 --g-width 256",)
    forever = {"data": "mnist", "preset": "r3dcgan", "ema_half_life": 1e9, "instance_noise": 3.0, "d_lr": 1e-7}
    assert Advice(forever).extremes() == ("--instance-noise 0 --d-lr 0.002 --ema-half-life 100000",)
    assert Advice(forever | {"trainer": "watched"}).extremes() == ()
    labels = {"data": "digits", "preset": "r3mlp", "label_real": 0.5, "label_fake": 0.5, "g_steps": 15}
    assert Advice(labels).extremes() == ("--g-steps 1 --label-real 0.9 --label-fake 0",)
    # Where the data would have got another preset, that too; what belongs to the old one goes with it.
    clipped = {"data": "digits", "preset": "wgan", "weight_clip": 1e-5, "d_steps": 5}
    assert Advice(clipped).extremes() == ("--preset auto --weight-clip 0", "--weight-clip 0.01")
    # A search's values, more of what does no harm, and what is switched off on purpose are nobody's fault.
    usual = {"preset": "r3mlp", "g_lr": 1e-4, "d_lr": 5e-3, "r1": 0.0, "r2": 1.0, "g_width": 1024, "latent_dim": 512}
    assert Advice(usual).extremes() == ()
    for name, preset in PRESETS.items():
        assert Advice({"preset": name} | preset).extremes() == (), name


def test_digits_are_not_to_be_mirrored() -> None:
    assert Advice({"data": "mnist"}).set(flip=True) == ()
    assert Advice({"data": "photos/"}).set(flip=True) == ("--flip",)


def test_to_a_training_of_somebody_else_advice_is_in_words() -> None:
    watched = {"trainer": "watched", "objective": "non-saturating", "num_images": 60_000}
    for changes in PLANTED.values():
        for finding in diagnose(*make_run(**changes | {"settings": watched})):
            assert not [advice for advice in finding.advice if "--" in advice], finding.id
