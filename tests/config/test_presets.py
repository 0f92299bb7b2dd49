"""Presets: the published settings, and the one that is chosen from the data."""

from __future__ import annotations

import pytest

from ganscope.config.presets import make_config
from ganscope.errors import ConfigError


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


def test_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'dcgan'"):
        make_config("digits", "dcgna")


def test_who_names_only_the_data_gets_a_preset_for_its_size() -> None:
    assert make_config("photos/", size=28).preset == make_config("photos/", size=32).preset == "r3dcgan"
    assert make_config("photos/", size=64).preset == make_config("photos/").preset == "r3dcgan-64"
    assert make_config("mnist").preset == make_config("fashion-mnist").preset == "r3dcgan"
    assert make_config("lfw", size=32).preset == "r3dcgan-64"
    assert make_config("photos/", "plain", size=28).preset == "plain"
