"""Distances in pixels: closed forms, and a row does not depend on its batch."""

from __future__ import annotations

import tracemalloc

import numpy as np

from ganscope.maps.pixels import BLOCK, FAINT, Pixels, _flat, _mean, moments, tones

RNG = np.random.default_rng(0)


def test_moments_of_flat_images_and_of_a_checkerboard() -> None:
    flat = np.full((1, 1, 8, 8), 51, np.uint8)
    assert np.allclose(moments(flat), [[0.2, 0, 0, 0, 0, 0, 0, 0]], atol=1e-6)
    board = (np.indices((8, 8)).sum(axis=0) % 2 * 255).astype(np.uint8)[None, None]
    unrelated = np.sqrt(2.0) * 0.5 + FAINT
    assert np.allclose(moments(board), [[0.5, 0.5, 1, 1, 1, 1, 1 / unrelated, 1 / unrelated]], atol=1e-6)
    assert np.isfinite(moments(np.zeros((2, 1, 1, 1), np.uint8))).all()


def test_tones_are_a_hellinger_distance() -> None:
    images = RNG.integers(0, 256, (5, 3, 28, 28), dtype=np.uint8)
    assert np.allclose((tones(images) ** 2).sum(axis=1), 3.0, atol=1e-5), "three histograms"
    black, white = np.zeros((1, 1, 8, 8), np.uint8), np.full((1, 1, 8, 8), 255, np.uint8)
    assert np.isclose(np.linalg.norm(tones(black) - tones(white)), np.sqrt(2)), "no tone, but all steps in common"


def test_components_and_rest_make_up_the_image_and_a_row_is_its_own() -> None:
    reals = RNG.integers(0, 256, (300, 1, 8, 8), dtype=np.uint8)
    fitted = Pixels.fit(reals)
    fresh = RNG.integers(0, 256, (20, 1, 8, 8), dtype=np.uint8)
    (_, rest, oddity, _), _, components = fitted.distances(fresh)
    flat = fresh.reshape(20, -1) / 127.5 - 1 - fitted.mean
    assert np.allclose((components**2).sum(axis=1) + rest**2, (flat**2).sum(axis=1), rtol=1e-3)
    gaps = moments(fresh) - moments(reals).mean(axis=0)
    seen = moments(reals)
    spread = np.cov(seen.T) + 1e-9 * np.eye(8)
    spread += np.diag(1e-4 * np.maximum(np.sqrt(np.diag(spread)), 1e-6) ** 2)
    assert np.allclose(oddity**2, np.einsum("ni,ij,nj->n", gaps, np.linalg.inv(spread), gaps), rtol=1e-6)
    alone = [fitted.distances(fresh[i : i + 1]) for i in range(20)]
    assert np.array_equal(np.concatenate([one[2] for one in alone]), components)
    assert np.array_equal(np.concatenate([one[0][1] for one in alone]), rest)


def test_many_images_are_never_all_in_floating_point() -> None:
    """The mean is numpy's to the bit, rows are those of any batch, and the memory is that of a block."""
    images = RNG.integers(0, 256, (4 * BLOCK + 3, 3, 32, 32), dtype=np.uint8)
    whole = _flat(images)
    assert np.array_equal(_mean(images), whole.mean(axis=0))
    assert np.array_equal(moments(images)[-3:], moments(images[-3:]))
    tracemalloc.start()
    try:
        _mean(images), moments(images), tones(images)
        assert tracemalloc.get_traced_memory()[1] < 2 * whole.nbytes
    finally:
        tracemalloc.stop()
