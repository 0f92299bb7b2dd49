"""A discriminator that names classes: what it adds to both steps' gradients, and to nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ganscope.config import make_config, plan
from ganscope.errors import ConfigError
from ganscope.launch.launch import with_classes_decided
from ganscope.networks import naming, told
from ganscope.training.batches import Batches
from ganscope.training.naming import misnamed
from ganscope.training.sampling import latents
from ganscope.training.state import SCALARS, TrainState, backend_of, new_state
from ganscope.training.step import Game, train_iteration

CASES: dict[str, dict[str, Any]] = {
    "one pass, differences": dict(preset="r3dcgan"),
    "one pass, exact penalties": dict(preset="r3mlp", penalty_noise=0.0),
    "two passes, batch norm": dict(preset="plain"),
    "two passes, exact R1": dict(preset="dcgan", r1=0.2),
    "behind a gradient penalty": dict(preset="wgan-gp", d_steps=1),
}


def played(preset: str, **settings: Any) -> tuple[TrainState, TrainState, Batches, Tensor]:
    """A state before an iteration and the same after it, and what the iteration measured."""
    config = plan(
        make_config("x", preset, g_width=4, d_width=4, batch_size=8, conditional=True, device="cpu", threads=1,
                    precision="float32", ema_half_life=0.0, **settings),
        num_images=48, size=16, channels=1, class_counts=(12,) * 4,
    )  # fmt: skip
    backend = backend_of(config)
    images = np.random.default_rng(0).integers(0, 256, (48, 1, 16, 16), dtype=np.uint8)
    batches = Batches(images, config, backend, np.arange(48) % 4)
    before, after = new_state(config, backend), new_state(config, backend)
    return before, after, batches, train_iteration(Game.of(config, backend), after, batches)


def gradients(parameters: list[torch.nn.Parameter]) -> Tensor:
    return torch.cat([parameter.grad.flatten() for parameter in parameters if parameter.grad is not None])


@pytest.mark.parametrize("case", CASES)
def test_ds_gradient_gains_that_of_the_cross_entropy_on_reals(case: str) -> None:
    before, little, batches, measured = played(d_classify=0.3, **CASES[case])
    _, much, _, measured_too = played(d_classify=0.9, **CASES[case])
    real = batches.at(0, 8)
    assert real.labels is not None
    with naming(before.d) as passes:
        told(before.d, real.labels)(real.images)
    expected = torch.autograd.grad(F.cross_entropy(passes[0], real.labels), before.d_parameters, allow_unused=True)
    flat = torch.cat([
        (torch.zeros_like(parameter) if gradient is None else gradient).flatten()
        for gradient, parameter in zip(expected, before.d_parameters, strict=True)
    ])  # fmt: skip
    assert flat.abs().max() > 1e-3
    difference = gradients(much.d_parameters) - gradients(little.d_parameters)
    torch.testing.assert_close(difference, 0.6 * flat, rtol=1e-3, atol=1e-5)
    for name in ("d_loss", "d_real", "d_fake_before", "value"):  # what is told of D does not contain it
        assert measured[SCALARS.index(name)] == measured_too[SCALARS.index(name)]


def test_gs_gradient_gains_that_of_the_cross_entropy_of_its_fakes() -> None:
    case = dict(preset="r3dcgan", d_classify=0.3)
    before, little, batches, measured = played(g_classify=0.1, **case)
    _, much, _, measured_too = played(g_classify=0.5, **case)
    real = batches.at(0, 8)
    assert real.labels is not None
    config = plan(make_config("x", "r3dcgan"), num_images=48, size=16, channels=1)
    fake = told(before.g, real.labels)(latents(config, 8, "z", 0))
    with naming(little.d) as passes:  # D after its step, as G meets it
        told(little.d, real.labels)(fake)
    loss = F.cross_entropy(passes[0], real.labels)
    flat = torch.cat([gradient.flatten() for gradient in torch.autograd.grad(loss, before.g_parameters)])
    difference = gradients(much.g_parameters) - gradients(little.g_parameters)
    assert flat.abs().max() > 1e-4
    torch.testing.assert_close(difference, 0.4 * flat, rtol=1e-2, atol=1e-6)
    assert measured[SCALARS.index("g_loss")] == measured_too[SCALARS.index("g_loss")]
    _, off, _, _ = played(**case)
    quarter = gradients(little.g_parameters) - 0.25 * difference
    torch.testing.assert_close(gradients(off.g_parameters), quarter, rtol=1e-2, atol=1e-6)


def test_names_of_the_first_rows_alone_count() -> None:
    names = torch.tensor([[2.0, 0.0], [0.0, 0.0], [-50.0, 50.0]])
    found = misnamed(names, torch.tensor([0, 1]), 0.5)
    expected = 0.5 * 0.5 * (np.log(1 + np.exp(-2)) + np.log(2))  # the third row belongs to no label
    assert found.item() == pytest.approx(expected)


def test_it_is_asked_for_with_classes_only() -> None:
    with pytest.raises(ConfigError, match="--d-classify is of a conditional training"):
        make_config("digits", "mlp", d_classify=0.3)
    with pytest.raises(ConfigError, match="--g-classify needs a discriminator that names classes"):
        make_config("digits", "r3mlp", g_classify=0.1)
    assert with_classes_decided(make_config("digits", "r3mlp", d_classify=0.3)).conditional is True
    assert with_classes_decided(make_config("digits", "r3mlp")).conditional is None
