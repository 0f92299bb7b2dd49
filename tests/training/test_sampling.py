"""What a generator is asked for: classes as often as they should be, the same again for the same seed."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch

from ganscope.config import Plan, make_config, plan
from ganscope.config.plan import class_columns
from ganscope.training.sampling import asked, fixed_latents, latents


def config(**settings: Any) -> Plan:
    chosen = make_config("x", "mlp", **settings)
    return plan(chosen, num_images=100, size=8, channels=1, class_counts=(70, 0, 25, 5))


def test_classes_come_as_often_as_in_the_data_to_within_one() -> None:
    for count in (7, 100, 2001):
        found = asked(config(conditional=True), count, "fixed").labels
        assert found is not None
        counts = np.bincount(found.numpy(), minlength=4)
        assert counts[1] == 0 and np.abs(counts - count * np.array([0.7, 0, 0.25, 0.05])).max() < 1 + 1e-9
    assert len(set(asked(config(conditional=True), 100, "fixed").labels[:20].tolist())) > 1, "mixed, not in order"


def test_uniform_asks_for_every_class_that_has_images_as_often() -> None:
    even = config(conditional=True, class_balance="uniform")
    assert np.array_equal(np.bincount(asked(even, 300, "x").labels.numpy(), minlength=4), [100, 0, 100, 100])
    assert np.array_equal(
        np.bincount(asked(even, 300, "x", balance="data").labels.numpy(), minlength=4), [210, 0, 75, 15]
    )


def test_a_function_of_seed_purpose_and_position_that_leaves_the_latents_as_they_were() -> None:
    told, plain = config(conditional=True), config()
    first, again = asked(told, 50, "x", 3), asked(told, 50, "x", 3)
    assert torch.equal(first.labels, again.labels) and torch.equal(first.z, latents(plain, 50, "x", 3))
    assert not torch.equal(first.labels, asked(told, 50, "x", 4).labels)
    assert asked(plain, 50, "x").labels is None


def test_the_fixed_latents_begin_with_a_grid_by_class_and_keep_the_shares_of_the_data() -> None:
    told = config(conditional=True, num_fakes=2000)
    assert told.shown_classes == (0, 2, 3) and told.class_columns == 12
    found, plain = fixed_latents(told), asked(told, 2000, "fixed", balance="data")
    assert found.labels is not None and plain.labels is not None
    assert found.labels[:36].tolist() == [0] * 12 + [2] * 12 + [3] * 12
    assert torch.equal(found.z[:12], found.z[12:24]) and torch.equal(found.z[:12], found.z[24:36])
    assert torch.equal(found.z[36:], plain.z[36:]) and len(torch.unique(found.z, dim=0)) == 2000 - 24
    assert torch.equal(found.labels.bincount(), plain.labels.bincount())


def test_a_rare_class_makes_the_grid_narrow_and_one_without_a_second_image_takes_it_away() -> None:
    assert config(conditional=True, num_fakes=128).class_columns == 6  # 5 % of 128
    assert class_columns((1000, 999_000), 1500) == 0 and class_columns((), 2000) == 0
    assert class_columns([10] * 10, 2000) == 12 and class_columns([10] * 100, 2000) == 4
    old = dataclasses.replace(config(conditional=True, num_fakes=200), class_columns=0)  # from before there was a grid
    assert torch.equal(fixed_latents(old).z, latents(old, 200, "fixed"))
    plain = config(num_fakes=200)
    assert fixed_latents(plain).labels is None and torch.equal(fixed_latents(plain).z, latents(plain, 200, "fixed"))
