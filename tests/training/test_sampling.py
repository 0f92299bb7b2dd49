"""What a generator is asked for: classes as often as they should be, the same again for the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ganscope.config import Plan, make_config, plan
from ganscope.training.sampling import asked, latents


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
