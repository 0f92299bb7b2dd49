"""Sizes: a square is one number wherever it comes from, anything else height and width."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ganscope.config.fields import Config, config_from_dict
from ganscope.config.plan import plan, plan_from_dict
from ganscope.config.presets import auto_preset, make_config
from ganscope.config.sizes import sides_of, size_named, size_of, size_text
from ganscope.errors import ConfigError


def test_sizes_and_their_words() -> None:
    assert (sides_of(64), sides_of((32, 64))) == ((64, 64), (32, 64))
    assert (size_of((32, 64)), size_of([8, 8])) == ((32, 64), 8)
    assert (size_named("64"), size_named("64X128"), size_named("16×16")) == (64, (64, 128), 16)
    assert (size_text((64, 128)), size_text(64, "x")) == ("64×128", "64x64")


def test_a_stored_size_is_the_size_that_was_given() -> None:
    """JSON knows no tuples; a square is the same number as ever."""
    decided = plan(make_config("data", size=(16, 32)), num_images=100, size=(16, 32), channels=3)
    again = plan_from_dict(json.loads(json.dumps(decided.to_dict())))
    assert again == decided and again.size == (16, 32) and again.sides == (16, 32)
    assert Config(size=(64, 64)) == Config(size=64)
    assert config_from_dict({"size": [16, 16]}).size == 16


@pytest.mark.parametrize("size", [(0, 16), (16, -1), (16, 16.5), (16, 32, 3), (True, 16), "64", 6.5])
def test_what_is_no_size(size: Any) -> None:
    with pytest.raises(ConfigError, match="--size"):
        Config(size=size)


def test_the_longer_side_chooses_the_preset() -> None:
    assert auto_preset("data", (16, 32)) == "r3dcgan"
    assert auto_preset("data", (16, 64)) == auto_preset("data", (64, 16)) == "r3dcgan-64"
