"""The passes written out against autograd, and Adam against torch.optim's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganscope.config.plan import plan
from ganscope.config.presets import make_config
from ganscope.device import choose_backend
from ganscope.training import objectives
from ganscope.training.batches import Batches
from ganscope.training.state import new_state
from ganscope.training.step import Game, train_iteration

BACKEND = choose_backend(device="cpu", threads=1, convolutional=False)


@pytest.mark.parametrize("objective", ["minimax", "non-saturating", "least-squares", "hinge", "wasserstein"])
@pytest.mark.parametrize("more", [{}, {"d_steps": 2, "g_steps": 2, "ema_half_life": 500.0, "weight_clip": 0.05}])
def test_iterations_equal_autograds(objective: str, more: dict[str, float]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (300, 1, 12, 12), dtype=np.uint8)
    config = make_config("digits", "mlp", objective=objective, batch_size=20, **more)
    config = plan(config, num_images=300, size=12, channels=1)
    states = [new_state(config, BACKEND) for _ in range(2)]
    assert states[0].perceptrons is not None
    states[1].perceptrons = None
    # The Wasserstein loss does not depend on D's output bias: its gradient is rounding, which Adam makes a whole step.
    for _ in range(1 if objective == "wasserstein" else 12):
        scalars = [
            train_iteration(Game.of(config, BACKEND), state, Batches(images, config, BACKEND)) for state in states
        ]
        tolerance = 2e-2 if objective == "wasserstein" else 2e-5
        torch.testing.assert_close(scalars[0], scalars[1], rtol=tolerance, atol=2e-6)
        if objective == "wasserstein":
            return
    for ours, theirs in zip(*(state.g_parameters + state.d_parameters for state in states), strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        assert float((ours.grad - theirs.grad).norm()) <= 1e-4 * float(theirs.grad.norm())
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize(
    "more",
    [{"r1": 0.1}, {"gradient_penalty": 1.0}, {"instance_noise": 0.1}, {"pack": 2}, {"spectral_norm": True},
     {"objective": "relativistic"}, {"augment": "cutout"}],
)  # fmt: skip
def test_whatever_they_cannot_do_goes_to_autograd(more: dict[str, object]) -> None:
    config = plan(make_config("digits", "mlp", **more), num_images=300, size=8, channels=1)
    assert new_state(config, BACKEND).perceptrons is None


@pytest.mark.parametrize("name", [name for name, o in objectives.OBJECTIVES.items() if o.d_slopes])
def test_slopes_are_the_gradients_of_the_losses(name: str) -> None:
    objective, targets = objectives.OBJECTIVES[name], objectives.Targets(0.9, 0.1, 0.8)
    assert objective.d_slopes is not None
    assert objective.g_slopes is not None
    real, fake = (3.0 * torch.randn(2, 40, dtype=torch.float64)).requires_grad_(True).unbind()
    expected = torch.autograd.grad(objective.d_loss(real, fake, targets), (real, fake))
    for slope, gradient in zip(objective.d_slopes(real, fake, targets), expected, strict=True):
        torch.testing.assert_close(slope.detach(), gradient)
    (expected_g,) = torch.autograd.grad(objective.g_loss(fake, None, targets), fake)
    torch.testing.assert_close(objective.g_slopes(fake, targets).detach(), expected_g)


def test_bf16_products_change_gradients_by_their_rounding_alone() -> None:
    images = np.random.default_rng(0).integers(0, 256, (300, 1, 28, 28), dtype=np.uint8)
    config = plan(make_config("digits", "mlp"), num_images=300, size=28, channels=1)
    found = []
    for precision in ("float32", "bf16"):
        backend = choose_backend(device="cpu", precision=precision, threads=1, convolutional=False, written_out=True)
        state = new_state(config, backend)
        assert state.perceptrons is not None
        assert state.perceptrons.images.dtype == (torch.bfloat16 if precision == "bf16" else torch.float32)
        scalars = train_iteration(Game.of(config, backend), state, Batches(images, config, backend))
        found.append((scalars, [parameter.grad for parameter in state.d_parameters + state.g_parameters]))
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-2, atol=1e-2)
    for exact, rounded in zip(found[0][1], found[1][1], strict=True):
        assert rounded.dtype == torch.float32
        assert not torch.equal(exact, rounded)
        assert float((exact - rounded).norm()) <= 0.03 * float(exact.norm())
