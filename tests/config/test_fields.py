"""Settings: wrong ones are refused with a hint, the stored form gives the same settings back."""

from __future__ import annotations

import dataclasses
import json

import pytest

from ganscope.config.fields import Config, config_changes, config_from_dict
from ganscope.config.plan import plan, plan_from_dict
from ganscope.config.presets import PRESET_DOCS, PRESETS, make_config
from ganscope.errors import ConfigError


def test_every_field_is_documented() -> None:
    assert all(field.metadata["doc"] for field in dataclasses.fields(Config))
    assert PRESETS.keys() == PRESET_DOCS.keys()


@pytest.mark.parametrize("preset", PRESETS)
def test_the_stored_form_gives_the_same_settings_back(preset: str) -> None:
    config = plan(make_config("mnist", preset), num_images=60_000, size=28, channels=1)
    assert plan_from_dict(json.loads(json.dumps(config.to_dict()))) == config
    assert None not in config.to_dict().values()
    asked = make_config("mnist", preset)
    assert config_from_dict(json.loads(json.dumps(asked.to_dict()))) == asked


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"epoch": 3.0}, "epochs"),
        ({"objective": "hing"}, "hinge"),
        ({"batch_size": 0}, "at least 1"),
        ({"batch_size": 2.5}, "wrong type"),
        ({"g_lr": float("nan")}, "finite"),
        ({"batch_size": 10, "pack": 3}, "divide"),
        ({"holdout": 1.0}, "share below 1"),
        ({"flip": 1}, "wrong type"),
        ({"preset": "dcgan", "penalty_noise": 0.1}, "scores images independently"),
        ({"penalty_share": 1.5}, "at most 1"),
        ({"augment": "translation,cutuot"}, "cutout"),
        ({"augment": "cutout,noise"}, "of cutout and noise one"),
        ({"augment": "flip,flip"}, "each change once"),
        ({"augment": ""}, "cannot be"),
        ({"augment": "auto,flip"}, "cannot be"),
        ({"augment_strength": 1.5}, "at most 1"),
        ({"data": "ring", "augment": "flip"}, "of images"),
        ({"augment": "flip", "augment_target": 0.0}, "never change an image"),
    ],
)
def test_wrong_settings_are_refused_with_a_hint(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        make_config(**{"data": "digits", **settings})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("num_images", "size", "channels", "changes"),
    [
        (500, 28, 1, "translation,cutout"),
        (500, 64, 3, "translation,cutout,colour"),
        (10_000, 64, 4, "translation,cutout,colour"),
        (11_910, 64, 3, "none"),
        (500, 8, 1, "none"),
    ],
)
def test_few_images_are_changed_before_d_sees_them(num_images: int, size: int, channels: int, changes: str) -> None:
    config = make_config("x", "r3dcgan", augment="auto")
    assert plan(config, num_images=num_images, size=size, channels=channels).augment == changes
    given = make_config("x", "r3dcgan", augment="flip")
    assert plan(given, num_images=num_images, size=size, channels=channels).augment == "flip"


def test_a_run_from_before_there_were_changes_has_none() -> None:
    stored = plan(make_config("x", "r3dcgan", augment="auto"), num_images=500, size=28, channels=1).to_dict()
    for name in ("augment", "augment_strength", "augment_target"):
        del stored[name]
    assert plan_from_dict(stored).augment == "none"


def test_changes_name_old_and_new_and_leave_out_what_may_change() -> None:
    old = make_config("digits", "mlp")
    new = dataclasses.replace(old, g_lr=3e-4, epochs=200.0, stop="auto")
    assert config_changes(old, new) == ["g_lr: 0.0001 → 0.0003"]


def test_a_condition_cannot_be_packed_nor_balanced_without_being_one() -> None:
    with pytest.raises(ConfigError, match="cannot go together"):
        make_config("mnist", "pacgan", conditional=True)
    with pytest.raises(ConfigError, match="of a conditional training"):
        make_config("mnist", "mlp", class_balance="uniform")
    told = plan(make_config("x", "mlp", conditional=True), num_images=5, size=8, channels=1, class_counts=(2, 3))
    assert told.num_classes == 2 and plan_from_dict(json.loads(json.dumps(told.to_dict()))) == told
    assert plan(make_config("x", "mlp"), num_images=5, size=8, channels=1, class_counts=(2, 3)).num_classes == 0
