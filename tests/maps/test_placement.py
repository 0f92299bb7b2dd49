"""The map: reals stay where they are, places depend on the image alone, garbage is called unlike and drawn outside."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from ganscope.data.load import load_dataset
from ganscope.errors import ConfigError
from ganscope.maps.pixels import tones
from ganscope.maps.placement import FittedMap, lay_out

FLAT = 8 * 8


def features_of(images: np.ndarray) -> np.ndarray:
    """Pixels as features: enough for digits."""
    return images.reshape(len(images), int(np.prod(images.shape[1:]))).astype(np.float32) / 255


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    dataset = load_dataset("digits")
    assert dataset.train.labels is not None and dataset.test.labels is not None
    return np.array(dataset.train.images), dataset.train.labels, np.array(dataset.test.images), dataset.test.labels


@pytest.fixture(scope="module")
def fitted(digits: tuple[np.ndarray, ...]) -> FittedMap:
    train, _, test, _ = digits
    return FittedMap.fit(
        features_of(train), train, held_out_features=features_of(test[:180]), held_out_images=test[:180], seed=0
    )


def test_places_depend_on_the_image_alone_and_nothing_moves(fitted: FittedMap, digits: tuple[np.ndarray, ...]) -> None:
    test = digits[2]
    before = fitted.xy.tobytes()
    whole = fitted.place(features_of(test), test)
    order = np.random.default_rng(0).permutation(len(test))
    for batch in (order[:1], order[1:8], order[8:300]):
        part = fitted.place(features_of(test[batch]), test[batch])
        for name in ("xy", "distance", "unlike", "nearest"):
            assert np.array_equal(getattr(part, name), getattr(whole, name)[batch]), name
    assert fitted.xy.tobytes() == before
    assert fitted.place(features_of(test[:0]), test[:0]).xy.shape == (0, 2)


def test_held_out_reals_fall_among_their_class_and_are_not_called_unlike(
    fitted: FittedMap, digits: tuple[np.ndarray, ...]
) -> None:
    from sklearn.neighbors import KNeighborsClassifier

    _, labels, test, test_labels = digits
    placed = fitted.place(features_of(test[180:]), test[180:])
    assert placed.unlike.mean() <= 0.05  # 179 images: three standard errors above the 2 % that is meant
    judge = KNeighborsClassifier(15).fit(fitted.xy, labels)
    assert judge.score(placed.xy, test_labels[180:]) >= 0.95


@pytest.mark.parametrize("kind", ["noise", "shuffled", "grey", "black"])
def test_garbage_is_unlike_and_drawn_outside_all_reals(
    fitted: FittedMap, digits: tuple[np.ndarray, ...], kind: str
) -> None:
    source, test = np.random.default_rng(0), digits[2]
    images = {
        "noise": source.integers(0, 256, (300, 1, 8, 8), dtype=np.uint8),
        "shuffled": source.permuted(test[:300].reshape(-1, FLAT), axis=1).reshape(-1, 1, 8, 8),
        "grey": source.integers(120, 136, (300, 1, 8, 8), dtype=np.uint8),  # what an untrained generator makes
        "black": np.zeros((2, 1, 8, 8), np.uint8),
    }[kind]
    placed = fitted.place(features_of(images), images)
    assert placed.unlike.mean() >= 0.98
    radius = np.sqrt(((placed.xy - fitted.centre) ** 2).sum(axis=1))
    farthest = np.sqrt(((fitted.xy - fitted.centre) ** 2).sum(axis=1)).max()
    assert (radius[placed.unlike] > farthest).all()


def test_the_less_alike_the_farther_out(fitted: FittedMap, digits: tuple[np.ndarray, ...]) -> None:
    test, noise = digits[2][:1].astype(float), np.random.default_rng(0).integers(0, 256, (1, 1, 8, 8))
    mixed = np.concatenate([(1 - t) * test + t * noise for t in np.linspace(0, 1, 6)]).astype(np.uint8)
    placed = fitted.place(features_of(mixed), mixed)
    assert not placed.unlike[0] and placed.unlike[-1]
    assert (np.diff(placed.distance[2:]) > 0).all()


def test_a_fake_on_the_rim_keeps_its_place_while_its_image_does(
    fitted: FittedMap, digits: tuple[np.ndarray, ...]
) -> None:
    noise = np.random.default_rng(0).integers(0, 250, (100, 1, 8, 8), dtype=np.uint8)
    near = noise + np.random.default_rng(1).integers(0, 4, noise.shape, dtype=np.uint8)
    here, there = (fitted.place(features_of(images), images) for images in (noise, near))
    same = here.nearest == there.nearest
    assert np.median(np.hypot(*(here.xy - there.xy)[same].T)) < 0.02 * fitted.radius
    assert len(np.unique(here.xy.round(3), axis=0)) == 100  # and yet no two lie on one spot


def test_a_generator_that_has_diverged_is_as_unlike_as_can_be(
    fitted: FittedMap, digits: tuple[np.ndarray, ...]
) -> None:
    images = digits[2][:3]
    features = features_of(images)
    features[1] = np.nan
    placed = fitted.place(features, images)
    whole = fitted.place(features_of(images), images)
    assert placed.unlike[1] and placed.distance[1] == 1000
    assert np.isfinite(placed.xy).all() and np.isfinite(placed.distance).all()
    assert np.array_equal(placed.xy[[0, 2]], whole.xy[[0, 2]])


def test_tones_are_histograms_whose_distance_is_hellingers() -> None:
    black, white = np.zeros((1, 1, 28, 28), np.uint8), np.full((1, 1, 28, 28), 255, np.uint8)
    half = black.copy()
    half[:, :, :14] = 255
    found = tones(np.concatenate([black, white, half]))
    assert found.shape == (3, 13)
    assert np.isclose(((found[0] - found[1]) ** 2).sum(), 2.0)  # no tone in common, and no steps in either
    assert np.allclose(found[2, [0, 4]] ** 2, 0.5)
    assert np.isclose(found[2, 8] ** 2, 1 / 13)  # of 13 rows of steps downwards, at 14 pixels, one is steep
    assert tones(np.zeros((2, 3, 1, 1), np.uint8)).shape == (2, 13)


def test_training_images_find_themselves(fitted: FittedMap, digits: tuple[np.ndarray, ...]) -> None:
    train = digits[0]
    placed = fitted.place(features_of(train[:50]), train[:50])
    assert np.array_equal(train[placed.nearest], train[:50])
    assert np.abs(placed.xy - fitted.xy[:50]).max() < 0.02 * fitted.radius


def test_a_generator_that_drops_three_classes_leaves_their_clusters_empty(
    fitted: FittedMap, digits: tuple[np.ndarray, ...]
) -> None:
    from sklearn.neighbors import KNeighborsClassifier

    _, labels, test, test_labels = digits
    kept = test[~np.isin(test_labels, (0, 3, 8))]
    placed = fitted.place(features_of(kept), kept)
    found = KNeighborsClassifier(15).fit(fitted.xy, labels).predict(placed.xy)
    assert np.isin(found, (0, 3, 8)).mean() < 0.03


def test_saved_and_loaded_places_the_same(fitted: FittedMap, digits: tuple[np.ndarray, ...]) -> None:
    test, file = digits[2][:40], io.BytesIO()
    fitted.save(file)
    file.seek(0)
    again = FittedMap.load(file).place(features_of(test), test)
    assert np.array_equal(again.xy, fitted.place(features_of(test), test).xy)
    assert np.array_equal(again.distance, fitted.place(features_of(test), test).distance)


def test_same_seed_same_layout(fitted: FittedMap, digits: tuple[np.ndarray, ...]) -> None:
    assert np.array_equal(lay_out(features_of(digits[0]), "pacmap", 0), fitted.xy)


@pytest.mark.parametrize(
    "method", ["pca", "pacmap", *(pytest.param(name, marks=pytest.mark.slow) for name in ("umap", "tsne"))]
)
@pytest.mark.parametrize("count", [1, 2, 45])
def test_every_method_takes_few_points(method: str, count: int) -> None:
    points = np.random.default_rng(0).normal(size=(count, 5)).astype(np.float32)
    if count == 45 and method == "umap":
        pytest.importorskip("umap", reason="umap-learn is an extra: pip install ganscope[maps]")
    fitted = FittedMap.fit(points, method=method, held_out_features=points)
    assert np.isfinite(fitted.xy).all() and fitted.xy.shape == (count, 2)
    assert np.isfinite(fitted.place(points + 10).xy).all()


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ConfigError, match="did you mean 'pacmap'"):
        lay_out(np.zeros((5, 2), np.float32), "pacmpa", 0)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("data", ["mnist", "fashion-mnist"])
def test_known_answers_on_real_data(data: str, data_root: Path) -> None:
    dataset = load_dataset(data)
    train, test = np.array(dataset.train.images[:20_000]), np.array(dataset.test.images[:3000])
    fitted = FittedMap.fit(
        features_of(train), train, method="pca", held_out_features=features_of(test[:2000]), held_out_images=test[:2000]
    )
    source = np.random.default_rng(0)
    noise = source.integers(0, 256, (500, 1, 28, 28), dtype=np.uint8)
    shuffled = source.permuted(test[:500].reshape(500, -1), axis=1).reshape(-1, 1, 28, 28)
    assert fitted.place(features_of(test[2000:]), test[2000:]).unlike.mean() <= 0.03
    for garbage in (noise, shuffled):
        assert fitted.place(features_of(garbage), garbage).unlike.mean() >= 0.98
