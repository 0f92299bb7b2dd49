"""A copy that makes other images than the original is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ganscope.errors import RunError
from ganscope.export.taken import as_samples, require_same, take
from ganscope.runs import Run
from ganscope.training import generate


def test_rounding_is_that_of_the_run(run_path: Path) -> None:
    taken = take(Run.open(run_path))
    z = taken.original.latents(32)
    with torch.no_grad():
        assert np.array_equal(as_samples(taken.original.g(z)), generate(taken.original.g, z, taken.original._backend))


def test_one_step_in_a_few_pixels_passes_and_more_does_not() -> None:
    images = np.full((10, 1, 10, 10), 100, np.uint8)
    near, far, many = images.copy(), images.copy(), images.copy()
    near[0, 0, 0, :2] += 1
    far[0, 0, 0, 0] += 2
    many[0, 0, 0, :3] += 1
    assert "1 of 255 at most, in 2 of 1,000 values" in require_same(images, near, "a copy")
    for other in (far, many, images[:9], images.astype(np.float32)):
        with pytest.raises(RunError, match="a copy do not make the images"):
            require_same(images, other, "a copy")


def test_points_are_held_against_their_spread() -> None:
    points = np.random.default_rng(0).normal(size=(100, 2)).astype(np.float32)
    require_same(points, points + np.float32(1e-5), "a copy")
    with pytest.raises(RunError):
        require_same(points, points + np.float32(0.01), "a copy")
