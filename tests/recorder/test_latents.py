"""A generator is used and not changed; the same latents give the same images, also after a restart."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from ganscope.recorder.latents import fixed_latents, images_of, takes_labels


def generator() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(), nn.Linear(6, 9), nn.Unflatten(1, (1, 3, 3)))


def test_more_latents_begin_with_the_same_ones() -> None:
    assert np.array_equal(fixed_latents(50, (4, 1), 0)[:20], fixed_latents(20, (4, 1), 0))
    assert not np.array_equal(fixed_latents(20, (4,), 0), fixed_latents(20, (4,), 1))


def test_the_generator_and_the_random_numbers_stay_as_they_are() -> None:
    g, z = generator(), fixed_latents(30, (4,), 0)
    before = {name: value.clone() for name, value in g.state_dict().items()}
    state = torch.get_rng_state()
    first = images_of(lambda latents: g(latents), z, batch=7)
    again = images_of(g, z, batch=7)
    assert np.array_equal(first, again) and first.shape == (30, 1, 3, 3)
    assert all(torch.equal(before[name], value) for name, value in g.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())
    assert all(part.training for part in g.modules())


def test_a_trainer_whose_networks_are_attributes() -> None:
    class Trainer:
        def __init__(self) -> None:
            self.netG = generator()

        def make(self, z: torch.Tensor) -> torch.Tensor:
            assert not self.netG.training and not torch.is_grad_enabled()
            return self.netG(z)

    trainer = Trainer()
    assert images_of(trainer.make, fixed_latents(3, (4,), 0)).shape == (3, 1, 3, 3)
    assert trainer.netG.training


def test_labels_where_they_are_asked_for() -> None:
    def conditional(z: np.ndarray, y: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(y)[:, None, None, None].expand(-1, 1, 2, 2)

    assert takes_labels(conditional) and not takes_labels(lambda z, y=None: z)
    made = images_of(conditional, fixed_latents(6, (2,), 0), np.arange(6) % 3)
    assert made[:, 0, 0, 0].tolist() == [0, 1, 2, 0, 1, 2]


def test_what_compiled_modules_say_of_hooks_is_no_warning_of_the_program() -> None:
    g = generator()

    def compiled(z: torch.Tensor) -> torch.Tensor:
        warnings.warn("Using `torch.compile(module)` when there are global hooks on modules", UserWarning, stacklevel=1)
        return g(z)

    assert images_of(compiled, fixed_latents(3, (4,), 0)).shape == (3, 1, 3, 3)
    with pytest.warns(UserWarning, match="global hooks"):  # the program's own filters are as they were
        compiled(torch.zeros(2, 4))
