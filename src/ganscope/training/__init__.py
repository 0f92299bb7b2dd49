"""The training: the loop, one iteration, the objectives, and the state that a checkpoint holds."""

from __future__ import annotations

from ganscope.training.batches import Batch, Batches
from ganscope.training.checkpoint import read_generator, require_finite
from ganscope.training.distributed import ALONE, World, joined_world
from ganscope.training.loop import Outcome, train
from ganscope.training.objectives import OBJECTIVES, Targets, value
from ganscope.training.sampling import (
    STANDING_LATENTS,
    Latents,
    asked,
    fixed_latents,
    generate,
    images_at_once,
    latents,
    sampler,
)
from ganscope.training.start import START_FILE, read_start
from ganscope.training.state import backend_of, build_networks, new_state
from ganscope.training.step import Game, train_iteration

__all__ = [
    "ALONE",
    "OBJECTIVES",
    "STANDING_LATENTS",
    "START_FILE",
    "Batch",
    "Batches",
    "Game",
    "Latents",
    "Outcome",
    "Targets",
    "World",
    "asked",
    "backend_of",
    "build_networks",
    "fixed_latents",
    "generate",
    "images_at_once",
    "joined_world",
    "latents",
    "new_state",
    "read_generator",
    "read_start",
    "require_finite",
    "sampler",
    "train",
    "train_iteration",
    "value",
]
