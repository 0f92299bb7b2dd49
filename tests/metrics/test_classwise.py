"""Fakes class by class: equal sets score as fresh reals do, and counts are what they say."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ganscope.metrics.classwise import FEWEST, NUMBERS, Classwise, obedience
from ganscope.metrics.distance import frechet_distance

K, D = 3, 6


def points(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    source = np.random.default_rng(seed)
    labels = np.arange(count) % K
    return source.normal(size=(count, D)) + 8.0 * np.eye(K, D)[labels], labels


@pytest.fixture(scope="module")
def judge() -> Classwise:
    (train, labels), (test, test_labels) = points(1200, 0), points(300, 1)
    return Classwise(train, labels, test, test_labels, test_labels, K)


def test_fresh_images_of_every_class_score_as_the_floor_does(judge: Classwise) -> None:
    fake, asked = points(600, 2)
    line = judge.measure(fake, asked, asked)
    assert line["num_fake"] == [200] * K and line["num_compared"] == [200] * K
    for number in NUMBERS:
        assert line[number] == pytest.approx(line[f"{number}_floor"], rel=0.3, abs=0.2), number
    assert line["accuracy"] == line["floor"] == 1.0 and line["chance"] == pytest.approx(1 / K)
    json.dumps(line, allow_nan=False)


def test_the_distance_of_a_class_is_that_of_its_own_images(judge: Classwise) -> None:
    fake, asked = points(600, 3)
    line = judge.measure(fake, asked, None)
    reference = judge.references[1]
    assert reference is not None and "confusion" not in line
    assert line["frechet"][1] == pytest.approx(frechet_distance(reference.gaussian, fake[asked == 1]), abs=1e-5)


def test_a_class_of_few_images_has_no_numbers(judge: Classwise) -> None:
    fake, _ = points(600, 4)
    asked = np.where(np.arange(600) < FEWEST - 1, 0, 1 + np.arange(600) % 2)
    line = judge.measure(fake, asked, None)
    assert line["num_compared"][0] == 0 and line["frechet"][0] is None and line["diversity"][1] is not None
    labels = points(1200, 0)[1]
    few = Classwise(points(1200, 0)[0], np.where(labels == 2, 1, labels), *points(300, 1), None, K + 1)
    assert few.references[2] is None and few.references[3] is None


def test_obedience_counts_the_diagonal_and_weighs_the_floor_by_what_was_asked() -> None:
    fake, real = np.array([[8.0, 2.0], [10.0, 20.0]]), np.array([[9.0, 1.0], [5.0, 5.0]])
    found = obedience(fake, real)
    assert found["accuracy"] == pytest.approx(28 / 40) and found["confusion"] == [[8, 2], [10, 20]]
    assert found["floor"] == pytest.approx((10 * 0.9 + 30 * 0.5) / 40)
    assert found["chance"] == pytest.approx((10 * 18 + 30 * 22) / 40**2)
