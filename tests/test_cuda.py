"""A CUDA device trains what a processor trains. Left out by default: run with `pytest -m gpu` where there is one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ganscope.config.plan import plan
from ganscope.config.presets import make_config
from ganscope.training.batches import Batches
from ganscope.training.captured import Captured, iteration_of
from ganscope.training.state import backend_of, new_state
from ganscope.training.step import Game, train_iteration

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine"),
]


@pytest.mark.parametrize("preset", ["mlp", "plain", "dcgan", "hinge", "r3gan"])
def test_first_iteration_equals_the_processors_in_float32(preset: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (64, 1, 28, 28), dtype=np.uint8)
    found = []
    for device in ("cpu", "cuda"):
        config = make_config("x", preset, device=device, precision="float32", batch_size=32, g_width=16, d_width=16)
        config = plan(config, num_images=64, size=28, channels=1)
        backend = backend_of(config)
        state = new_state(config, backend)
        found.append(train_iteration(Game.of(config, backend), state, Batches(images, config, backend)).cpu())
    torch.testing.assert_close(found[0], found[1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("preset", ["mlp", "plain"])
def test_same_seed_same_bits(preset: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (64, 1, 28, 28), dtype=np.uint8)
    config = plan(make_config("x", preset, device="cuda", batch_size=32), num_images=64, size=28, channels=1)
    backend = backend_of(config)
    weights = []
    for _ in range(2):
        state = new_state(config, backend)
        for _ in range(5):
            train_iteration(Game.of(config, backend), state, Batches(images, config, backend))
        weights.append([parameter.detach().cpu() for parameter in state.g_parameters + state.d_parameters])
    assert all(torch.equal(a, b) for a, b in zip(*weights, strict=True))


@pytest.mark.parametrize(
    ("preset", "more"),
    [("mlp", {}), ("plain", {}), ("hinge", {}), ("wgan", {}), ("pacgan", {}), ("r3dcgan", {"burn_in": 600}),
     ("r3dcgan", {"burn_in": 600, "conditional": True, "precision": "float32"})],
)  # fmt: skip
def test_a_graph_trains_what_single_operations_train(preset: str, more: dict[str, Any]) -> None:
    """Twelve iterations, nine of them replays. The same kernels on the same numbers; what may differ is the rounding of
    the rate to float32 before Adam's kernel multiplies with it: 1e-4 of the weights' own size after so few steps.
    """
    images = np.random.default_rng(0).integers(0, 256, (64, 1, 28, 28), dtype=np.uint8)
    labels = np.arange(64) % 4
    classes = {"class_counts": (16,) * 4} if more.get("conditional") else {}
    found = []
    for graph in (False, True):
        config = make_config("x", preset, device="cuda", batch_size=32, cuda_graph=graph, **more)
        config = plan(config, num_images=64, size=28, channels=1, **classes)
        backend = backend_of(config)
        said: list[str] = []
        state = new_state(config, backend)
        batches = Batches(images, config, backend, labels if classes else None)
        advance = iteration_of(Game.of(config, backend), state, batches, said.append)
        assert isinstance(advance, Captured) == graph and not said
        rows = torch.stack([advance().clone() for _ in range(12)])
        found.append((rows.cpu(), [tensor.detach().float().cpu() for tensor in state.tensors()]))
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-3, atol=1e-4)
    for single, captured in zip(found[0][1], found[1][1], strict=True):
        assert float((single - captured).norm()) <= 1e-4 * float(single.norm()) + 1e-6
