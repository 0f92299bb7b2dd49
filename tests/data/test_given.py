"""Real images handed over as arrays: kept once, found again by another process, split without duplicates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganscope.config.watched import Watched
from ganscope.data.given import dataset_of, keep_arrays
from ganscope.errors import DataError


def images(count: int = 60, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 1, 8, 8), np.uint8)


def test_arrays_come_back_and_are_kept_once() -> None:
    stored, dataset = keep_arrays(images(), np.arange(60) % 3, class_names=("cat", "dog", "owl"))
    again, _ = keep_arrays(images(), np.arange(60) % 3, class_names=("cat", "dog", "owl"))
    assert stored == again and stored != keep_arrays(images())[0]
    found = dataset_of(Watched(size=8, channels=1, data="reals", stored=stored))
    assert np.array_equal(found.train.images, dataset.train.images)
    whole = np.concatenate([found.train.images, found.test.images])
    assert {image.tobytes() for image in whole} == {image.tobytes() for image in images()}
    assert found.train.class_names == ("cat", "dog", "owl")
    assert len(found.test.images) == 6 and set(np.bincount(found.test.labels)) == {2}


def test_held_out_images_stay_held_out() -> None:
    _, dataset = keep_arrays(images(), None, images(20, 1))
    assert np.array_equal(dataset.train.images, images()) and np.array_equal(dataset.test.images, images(20, 1))


def test_labels_that_do_not_belong(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="do not belong"):
        keep_arrays(images(), np.arange(59))


def test_reals_that_are_gone_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no longer in the cache"):
        dataset_of(Watched(size=8, channels=1, data="reals", stored="given-0"))
