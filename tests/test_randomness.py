"""Random numbers are a function of seed, purpose and position alone."""

from __future__ import annotations

import hashlib
import itertools

import torch

from ganscope.randomness import rng


def test_a_function_of_its_arguments_that_leaves_the_global_generator_alone() -> None:
    state = torch.random.get_rng_state()
    drawn = {}
    for seed, purpose, position in itertools.product((0, 1), ("latents", "order"), (0, 64)):
        drawn[seed, purpose, position] = torch.rand(4, generator=rng(seed, purpose, position))
        assert torch.equal(drawn[seed, purpose, position], torch.rand(4, generator=rng(seed, purpose, position)))
    for one, other in itertools.combinations(drawn.values(), 2):
        assert not torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_seed_is_what_every_run_so_far_was_made_with() -> None:
    """BLAKE2b of the three, 63 bits of it: another would break every exact resume."""
    digest = hashlib.blake2b(b"7/order/3", digest_size=8).digest()
    assert rng(7, "order", 3).initial_seed() == int.from_bytes(digest, "little") // 2
