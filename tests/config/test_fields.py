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


def test_published_settings_are_the_published_ones() -> None:
    mlp, dcgan, plain = (make_config("x", name) for name in ("mlp", "dcgan", "plain"))
    assert (mlp.g_lr, mlp.d_lr, mlp.batch_size, mlp.label_real, mlp.epochs, mlp.latent_dim) == (
        1e-4,
        1e-3,
        64,
        0.9,
        100,
        100,
    )
    assert (dcgan.g_lr, dcgan.d_lr, dcgan.g_beta1, dcgan.batch_size) == (2e-4, 2e-4, 0.5, 128)
    assert (dcgan.label_real, dcgan.label_generator, dcgan.init_std) == (0.9, 0.9, 0.02)
    assert (plain.label_real, plain.label_fake, plain.epochs) == (1.0, 0.0, 40)


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


def test_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'dcgan'"):
        make_config("digits", "dcgna")


def test_changes_name_old_and_new_and_leave_out_what_may_change() -> None:
    old = make_config("digits", "mlp")
    new = dataclasses.replace(old, g_lr=3e-4, epochs=200.0, stop="auto")
    assert config_changes(old, new) == ["g_lr: 0.0001 → 0.0003"]


def test_total_iterations_cover_the_epochs() -> None:
    def iterations(**settings: float) -> int:
        return plan(make_config("x", "mlp", **settings), num_images=60_000, size=28, channels=1).total_iterations(
            60_000
        )

    assert iterations() == 93_750
    assert iterations(epochs=0.0) == 0
    assert iterations(d_steps=5) == 18_750


def test_a_length_left_open_depends_on_the_data_and_is_resolved() -> None:
    """20 epochs, and at least 600,000 images."""
    for num_images, epochs in ((60_000, 20.0), (11_910, 51.0), (1438, 418.0)):
        found = plan(make_config("x", "r3dcgan"), num_images=num_images, size=28, channels=1)
        assert found.epochs == epochs
        assert found.burn_in == epochs * num_images
        assert found.total_iterations(num_images) * found.batch_size >= 600_000
    assert plan(make_config("x", "r3dcgan", epochs=3.0), num_images=60_000, size=28, channels=1).epochs == 3.0


def test_who_names_only_the_data_gets_a_preset_for_its_size() -> None:
    assert make_config("photos/", size=28).preset == make_config("photos/", size=32).preset == "r3dcgan"
    assert make_config("photos/", size=64).preset == make_config("photos/").preset == "r3dcgan-64"
    assert make_config("mnist").preset == make_config("fashion-mnist").preset == "r3dcgan"
    assert make_config("lfw", size=32).preset == "r3dcgan-64"
    assert make_config("photos/", "plain", size=28).preset == "plain"


def test_a_condition_cannot_be_packed_nor_balanced_without_being_one() -> None:
    with pytest.raises(ConfigError, match="cannot go together"):
        make_config("mnist", "pacgan", conditional=True)
    with pytest.raises(ConfigError, match="of a conditional training"):
        make_config("mnist", "mlp", class_balance="uniform")
    told = plan(make_config("x", "mlp", conditional=True), num_images=5, size=8, channels=1, class_counts=(2, 3))
    assert told.num_classes == 2 and plan_from_dict(json.loads(json.dumps(told.to_dict()))) == told
    assert plan(make_config("x", "mlp"), num_images=5, size=8, channels=1, class_counts=(2, 3)).num_classes == 0
