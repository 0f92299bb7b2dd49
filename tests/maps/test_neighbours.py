"""Neighbours: those found by hand, exact for few points and nearly so for many."""

from __future__ import annotations

import numpy as np
import pytest

from fixtures.clouds import by_hand, clouds
from ganscope.maps.neighbours import EXACT_BELOW, Index


def test_neighbours_are_those_found_by_hand() -> None:
    points, _ = clouds(400)
    queries, _ = clouds(50, seed=1)
    distances, found = Index(points).search(queries, 5)
    expected, order = by_hand(points, queries, 5)
    assert np.array_equal(found, order)
    assert np.allclose(distances, expected, rtol=1e-12)


@pytest.mark.parametrize("count", [300, EXACT_BELOW + 3000])
def test_neighbours_do_not_depend_on_the_batch_or_on_being_stored(count: int) -> None:
    points, _ = clouds(count)
    points[7] = points[3]  # a tie: the first point wins, however it is asked
    queries = np.concatenate([points[:20], clouds(200, seed=1)[0]])
    index = Index(points)
    distances, found = index.search(queries, 8)
    again = Index(points, index.centres, index.cells)
    for rows in (slice(0, 1), slice(1, 9), slice(9, 220)):
        for one in (index, again):
            part = one.search(queries[rows], 8)
            assert np.array_equal(part[0], distances[rows]) and np.array_equal(part[1], found[rows])
    assert found[3, 0] == found[7, 0] == 3
    assert np.array_equal(found[[0, 1, 2, 4, 5, 6], 0], [0, 1, 2, 4, 5, 6])


def test_the_inverted_file_finds_nearly_all() -> None:
    points, _ = clouds(EXACT_BELOW + 3000, kinds=40)
    queries, _ = clouds(100, kinds=40, seed=1)
    found, exact = Index(points).search(queries, 8)[1], by_hand(points, queries, 8)[1]
    assert np.mean([len(set(a) & set(b)) / 8 for a, b in zip(found, exact, strict=True)]) > 0.98


def test_others_leave_out_the_point_itself() -> None:
    points, _ = clouds(300)
    distances, found = Index(points).others(6)
    expected, order = by_hand(points, points, 7)
    assert not (found == np.arange(300)[:, None]).any()
    assert np.array_equal(found, order[:, 1:])
    assert np.allclose(distances, expected[:, 1:], atol=1e-4)
    assert Index(points[:1]).others(6)[0].shape == (1, 0)
