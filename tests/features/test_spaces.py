"""Feature spaces: shapes for every size, determinism, the cache, and what they can tell apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fixtures.parts import Part, digits, unlabelled
from ganscope.errors import ConfigError
from ganscope.features import spaces
from ganscope.features.classifier import planned_images
from ganscope.features.spaces import feature_space


def test_the_digits_classifier_is_accurate_and_leaves_the_global_state(tmp_path: Path) -> None:
    train, test = digits()
    torch.manual_seed(5)
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    space = feature_space(train, test, tmp_path)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    assert (space.name, space.num_classes) == ("classifier", 10)
    assert space.accuracy is not None
    assert space.accuracy > 0.95
    values = space(train.images[:300])
    assert values.dtype == np.float32
    assert values.shape == (300, space.dim)
    probabilities = space.classify(test.images)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert (probabilities.argmax(axis=1) == test.labels).mean() == pytest.approx(space.accuracy)


@pytest.mark.parametrize("name", ["random", "pca"])
def test_a_feature_depends_on_its_image_only(name: str, tmp_path: Path) -> None:
    part = unlabelled(size=28, channels=1, count=300)
    space = feature_space(part, part, tmp_path, name=name)
    whole = space(part.images)
    np.testing.assert_allclose(space(part.images[260:]), whole[260:], rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(space(part.images[:250]), whole[:250])


def test_few_or_no_labels_fall_back_to_the_unlabelled_space(tmp_path: Path) -> None:
    part = unlabelled(count=60)
    assert feature_space(part, part, tmp_path).name == spaces.UNLABELLED
    names = Part(part.images, np.arange(60) % 30, tuple(map(str, range(30))), "two images a class")
    assert not spaces.has_usable_labels(names)
    assert feature_space(names, names, tmp_path).accuracy is None
    with pytest.raises(ConfigError, match="needs labels"):
        feature_space(names, names, tmp_path, name="classifier")
    with pytest.raises(ConfigError, match="did you mean 'pca'"):
        feature_space(part, part, tmp_path, name="pcaa")
    with pytest.raises(ValueError, match="knows no classes"):
        feature_space(part, part, tmp_path).classify(part.images)


def test_a_classifier_that_guesses_is_no_feature_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spaces.classifier, "planned_images", lambda *_: 600)
    images = unlabelled(count=300).images
    names = ("00000", "00001", "00002")
    train = Part(images[:240], np.arange(240) % 3, names, "labels that say nothing")
    test = Part(images[240:], np.arange(60) % 3, names, "held out")
    said: list[str] = []
    assert feature_space(train, test, tmp_path, progress=said.append).name == spaces.UNLABELLED
    assert any("no better than a guess" in text for text in said)
    assert feature_space(train, test, tmp_path).name == spaces.UNLABELLED, "also from the cache"
    assert feature_space(train, test, tmp_path, name="classifier").num_classes == 3, "where it is asked for"


@pytest.mark.parametrize(
    ("right", "labels", "guesses"),
    [
        (np.r_[np.ones(38), np.zeros(62)], np.r_[np.zeros(43), np.ones(57)], True),  # 38 % of two classes
        (np.r_[np.ones(95), np.zeros(5)], np.r_[np.zeros(95), np.ones(5)], True),  # always the common class
        (np.ones(100), np.r_[np.zeros(95), np.ones(5)], False),
        (np.arange(1000) % 10 < 2, np.arange(1000) // 100, False),  # 20 % of ten classes
        (np.zeros(6), np.arange(6) % 2, False),  # too few to tell
        (np.ones(50), np.zeros(50), False),
    ],
)
def test_what_is_a_guess(right: np.ndarray, labels: np.ndarray, guesses: bool) -> None:
    assert spaces.no_better_than_a_guess(right.astype(bool), labels.astype(np.int64)) is guesses


REAL_BUDGET = planned_images


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(("data", "floor"), [("mnist", 0.992), ("fashion-mnist", 0.92)])
def test_the_published_sets_reach_their_accuracy(
    data: str, floor: float, data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ganscope.data.load import load_dataset

    monkeypatch.setattr(spaces.classifier, "planned_images", REAL_BUDGET)
    dataset = load_dataset(data, cache=tmp_path)
    space = feature_space(dataset.train, dataset.test, tmp_path)
    assert space.accuracy is not None
    assert space.accuracy >= floor
