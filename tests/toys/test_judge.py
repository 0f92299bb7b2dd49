"""The judge of a toy: its points are drawn once, and what is for images is refused."""

from __future__ import annotations

import numpy as np
import pytest

from ganscope.config import make_config, plan
from ganscope.errors import ConfigError
from ganscope.toys.distributions import TOYS
from ganscope.toys.judge import NUM_TEST, NUM_TRAIN, require_points, scaled, toy_dataset


def test_the_points_are_the_toys_and_those_held_out_are_others() -> None:
    toy = TOYS["mixture-1d"]
    data = toy_dataset(toy)
    assert data.train.images.shape == (NUM_TRAIN, 1) and data.test.images.shape == (NUM_TEST, 1)
    assert np.array_equal(data.train.images, toy.sample(NUM_TRAIN, 0))
    assert not np.array_equal(data.train.images[:NUM_TEST], data.test.images)


@pytest.mark.parametrize(
    ("settings", "says"),
    [({"flip": True}, "--flip"), ({"network": "mlp"}, "--network mlp"), ({"network": "dcgan", "flip": True}, "--flip")],
)
def test_settings_of_images_are_refused(settings: dict[str, object], says: str) -> None:
    require_points(make_config("ring"), TOYS["ring"])
    with pytest.raises(ConfigError, match="has points, not images") as caught:
        require_points(make_config("ring", **settings), TOYS["ring"])
    assert caught.value.found == says


def test_penalties_are_in_the_scale_of_the_toy() -> None:
    toy = TOYS["grid"]
    asked = plan(make_config("grid", r1=0.5, r2=0.25), num_images=100, size=1, channels=2)
    found = scaled(asked, toy)
    assert (found.r1, found.r2) == (0.5 * toy.mean_square, 0.25 * toy.mean_square) and toy.mean_square != 1
