"""One of several processes of a training: started by test_distributed.py with cases as JSON, a folder, a precision."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch

if sys.argv[3] == "float64":  # before ganscope is imported: what asks for float32 gets float64
    torch.float32 = torch.float64  # type: ignore[misc]
    torch.Tensor.float = torch.Tensor.double  # type: ignore[method-assign]
    torch.set_default_dtype(torch.float64)

import numpy as np

from ganscope.config import make_config, plan
from ganscope.device import choose_backend
from ganscope.training import Batches, Game, new_state, train_iteration
from ganscope.training.distributed import joined_world

ITERATIONS = 20
SMALL = dict(batch_size=12, g_width=4, d_width=4, latent_dim=5, threads=1)


def trained(case: dict[str, Any], world: Any) -> dict[str, Any]:
    """Weights and the sums of all scalars after ITERATIONS."""
    settings = dict(case)
    network, in_memory = settings["network"], settings.pop("in_memory", True)
    size, channels = (1, 2) if network == "toy" else (8, 1)
    shape = (50, channels) if network == "toy" else (50, channels, size, size)
    draw = np.random.default_rng(0)
    images = (
        draw.standard_normal(shape).astype(np.float64) if network == "toy" else draw.integers(0, 256, shape, np.uint8)
    )
    config = plan(
        make_config("x", "mlp", **{**SMALL, **settings}),
        num_images=50, size=size, channels=channels, class_counts=(20, 20, 10),
    )  # fmt: skip
    backend = choose_backend(device="cpu", precision="float32", threads=1, convolutional=network in ("dcgan", "resnet"))
    torch.manual_seed(world.rank)  # nothing may depend on it
    state = new_state(config, backend, world=world)
    state.spread(False, world)
    game = Game.of(config, backend, world)
    labels = np.repeat([0, 1, 2], [20, 20, 10])
    batches = Batches(images, config, backend, labels, in_memory=in_memory, world=world)
    rows = [train_iteration(game, state, batches) for _ in range(ITERATIONS)]
    total = torch.stack(rows)
    world.sum_(total)
    return {"tensors": state.tensors(), "rows": total, "images_seen": state.images_seen, "adam": state.g_optimizer.lr}


if __name__ == "__main__":
    cases = json.loads(sys.argv[1])
    with joined_world() as world:
        found = {name: trained(case, world) for name, case in cases.items()}
        torch.save(found, Path(sys.argv[2]) / f"{world.size}-{world.rank}.pt")
