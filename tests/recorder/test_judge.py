"""The judge of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganscope.data.load import load_dataset
from ganscope.features.cache import recalled
from ganscope.features.spaces import feature_space
from ganscope.recorder.judge import ImageJudge


def test_reals_are_described_once(tmp_path: Path) -> None:
    digits = load_dataset("digits")
    space = feature_space(digits.train, digits.test, tmp_path, name="random")
    expected = space.describe(digits.test.images)
    first = recalled(space, digits.test.images, cache=tmp_path)

    class Silent:
        name, version = space.name, space.version

        def describe(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
            raise AssertionError("described again")

    second = recalled(Silent(), digits.test.images, cache=tmp_path)
    for found in (first, second):
        assert np.array_equal(found[0], expected[0])
        assert found[1] is None
    with pytest.raises(AssertionError, match="again"):
        recalled(Silent(), digits.test.images[::-1], cache=tmp_path)


def test_waiting_for_a_core_costs_a_training_nothing() -> None:
    judge = ImageJudge.__new__(ImageJudge)
    judge._yields = True
    assert judge._between((10.0, 1.0), (230.0, 4.0)) == 3.0  # 220 seconds, of which it had a core for three
    assert judge._between((10.0, 1.0), (11.0, 9.0)) == 1.0  # on eight cores at once
    judge._yields = False
    assert judge._between((10.0, 1.0), (230.0, 4.0)) == 220.0
