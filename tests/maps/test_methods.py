"""Layouts in the plane and neighbours: exact where it can be told, deterministic, as good as the package."""

from __future__ import annotations

import numpy as np
import pytest

from fixtures.clouds import by_hand, clouds
from ganscope.maps.methods import LOOKED_AT, METHODS, _weights, amid, lay_out, pacmap
from ganscope.maps.neighbours import Index


def test_places_amid_neighbours_lie_where_most_of_them_are() -> None:
    xy = np.array([[0, 0], [0, 1], [1, 0], [100, 100], [50, -100]], np.float32)
    place = amid(xy, np.ones((1, 4)), np.array([[3, 0, 1, 2]]))
    assert np.allclose(place, [[1 / 3, 1 / 3]])  # and not a quarter of the way to the far one
    copy = amid(xy, np.array([[0.0, 1.0, 1.0]]), np.array([[1, 0, 2]]))
    assert np.abs(copy - xy[1]).max() < 1e-2


def test_pacmap_keeps_clouds_together_and_apart() -> None:
    points, kind = clouds(600)
    xy = lay_out(points, "pacmap", 0)
    nearest = by_hand(xy, xy, 6)[1][:, 1:]
    assert (kind[nearest] == kind[:, None]).mean() > 0.99
    assert np.array_equal(xy, lay_out(points, "pacmap", 0))
    assert not np.array_equal(xy, lay_out(points, "pacmap", 1))


def test_one_step_of_pacmap_is_adam_on_the_papers_loss() -> None:
    """The compiled gradient against differences of the loss as the paper writes it (equation 1)."""
    from ganscope.maps.methods import _pacmap_step

    source = np.random.default_rng(0)
    y = source.standard_normal((12, 2)).astype(np.float32) * 3
    pairs = source.integers(0, 12, (12, 6)).astype(np.int32)
    w_near, w_mid, w_far = 2.0, 500.0, 1.0

    def loss(at: np.ndarray) -> float:
        d = ((at[:, None] - at[pairs]) ** 2).sum(axis=2) + 1
        near, mid, far = d[:, :3], d[:, 3:4], d[:, 4:]
        return float(
            w_near * (near / (10 + near)).sum() + w_mid * (mid / (10_000 + mid)).sum() + w_far * (1 / (1 + far)).sum()
        )

    slope = np.zeros((12, 2))
    for i, c in np.ndindex(12, 2):
        step = np.zeros((12, 2))
        step[i, c] = 1e-5
        slope[i, c] = (loss(y.astype(np.float64) + step) - loss(y.astype(np.float64) - step)) / 2e-5
    gradient, first, second, moved = np.zeros_like(y), np.zeros_like(y), np.zeros_like(y), y.copy()
    _pacmap_step()(moved, pairs, 3, 4, 20 * w_near, 20_000 * w_mid, 2 * w_far, gradient, first, second, 1.0)
    assert np.allclose(gradient, slope, atol=2e-3 * np.abs(slope).max())
    assert np.allclose(moved, y - 0.1 * gradient / (np.sqrt(0.001) * np.abs(gradient) + 1e-7), atol=1e-4)


def test_the_phases_of_pacmap_are_the_papers() -> None:
    assert _weights(0) == (2.0, 1000.0, 1.0)
    assert _weights(50) == pytest.approx((2.0, 501.5, 1.0))
    assert _weights(100) == (3.0, 3.0, 1.0)
    assert _weights(200) == _weights(449) == (1.0, 0.0, 1.0)


@pytest.mark.slow
def test_pacmap_is_as_good_as_its_package() -> None:
    """On digits: the share of the ten neighbours in the plane that have the point's class."""
    import pacmap as package
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    points = pixels.astype(np.float32)
    ours = lay_out(points, "pacmap", 0)
    theirs = package.PaCMAP(random_state=0, apply_pca=False).fit_transform(points)
    agreement = [(labels[by_hand(xy, xy, 11)[1][:, 1:]] == labels[:, None]).mean() for xy in (ours, theirs)]
    assert agreement[0] > agreement[1] - 0.01


@pytest.mark.parametrize(
    "method", [pytest.param(name, marks=pytest.mark.slow if name in ("umap", "tsne") else ()) for name in METHODS]
)
def test_neighbours_given_or_found_lead_to_one_layout(method: str) -> None:
    points, kind = clouds(200)
    xy = lay_out(points, method, 0)
    assert np.array_equal(xy, lay_out(points, method, 0, Index(points).others(LOOKED_AT)))
    if method != "pca":
        assert (kind[by_hand(xy, xy, 4)[1][:, 1:]] == kind[:, None]).mean() > 0.95


def test_beyond_a_number_the_rest_lies_amid_its_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    points, kind = clouds(1000)
    monkeypatch.setattr("ganscope.maps.methods.MOST_LAID_OUT", 400)
    xy = lay_out(points, "pacmap", 0)
    assert xy.shape == (1000, 2) and np.isfinite(xy).all()
    assert (kind[by_hand(xy, xy, 4)[1][:, 1:]] == kind[:, None]).mean() > 0.99


def test_copies_and_constants_are_laid_out() -> None:
    same = np.ones((60, 4), np.float32)
    assert np.isfinite(lay_out(same, "pacmap", 0)).all()
    few = np.repeat(np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32), 20, axis=0)
    assert np.isfinite(pacmap(few, Index(few).others(LOOKED_AT), 0)).all()
