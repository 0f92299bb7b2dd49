"""Distances in pairs: equal to loops, a full sort and the theory of half-samples."""

from __future__ import annotations

import numpy as np
import pytest

from ganscope.metrics.pairs import half_sample_stderr, half_samples, nearest, pairwise_distances, radii


def test_half_samples_are_complementary_and_give_the_error_of_a_mean() -> None:
    halves = half_samples(10, 4, seed=0)
    assert sorted([*halves[0], *halves[1]]) == list(range(10))
    x = np.random.default_rng(0).normal(size=1000)
    found = half_sample_stderr([float(x[half].mean()) for half in half_samples(1000, 200, seed=1)])
    assert found == pytest.approx(1 / np.sqrt(1000), rel=0.15)


def test_pairwise_distances_and_radii_equal_loops_and_count_duplicates() -> None:
    source = np.random.default_rng(5)
    x, y = source.normal(size=(7, 3)) + 1e4, source.normal(size=(9, 3)) + 1e4  # far from the origin: no cancellation
    expected = np.array([[np.linalg.norm(a - b) for b in y] for a in x])
    np.testing.assert_allclose(pairwise_distances(x, y), expected, rtol=1e-9)
    y[1] = y[0]
    own = np.array([sorted(np.linalg.norm(a - b) for j, b in enumerate(y) if j != i) for i, a in enumerate(y)])
    np.testing.assert_allclose(radii(y, (1, 3)), own[:, [0, 2]].T, atol=1e-9)
    with pytest.raises(ValueError, match="at least 10 points"):
        radii(y, (9,))


def test_nearest_equals_a_full_sort_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganscope.metrics.pairs.BLOCK_ENTRIES", 300)
    source = np.random.default_rng(6)
    queries, points = source.normal(size=(20, 5)).astype(np.float32), source.normal(size=(100, 5)).astype(np.float32)
    points[7] = queries[3]
    distances, indices = nearest(queries, points, 4)
    full = np.array([[np.linalg.norm(q.astype(float) - p.astype(float)) for p in points] for q in queries])
    np.testing.assert_array_equal(indices, np.argsort(full, axis=1)[:, :4])
    np.testing.assert_allclose(distances, np.sort(full, axis=1)[:, :4], rtol=1e-12)
    assert distances[3, 0] == 0.0


def test_nearest_among_many_points_equals_a_full_sort() -> None:
    source = np.random.default_rng(7)
    queries, points = source.normal(size=(10, 6)).astype(np.float32), source.normal(size=(9001, 6)).astype(np.float32)
    points[-1] = queries[0]
    distances, indices = nearest(queries, points, 3)
    full = pairwise_distances(queries, points)
    np.testing.assert_array_equal(indices, np.argsort(full, axis=1)[:, :3])
    assert indices[0, 0] == 9000
    assert distances[0, 0] == 0.0
