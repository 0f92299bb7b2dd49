"""Copies of training images are found; generators that copy nothing are not accused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from ganscope.metrics.memorisation import (
    QUANTILE,
    Levelled,
    Nearness,
    distinct,
    levelled,
    memorisation,
    nearest_variant,
    nearness,
    rank_sum_z,
    variants,
)
from ganscope.metrics.pairs import radii


def world(count: int, seed: int) -> np.ndarray:
    """Points of a curved, unevenly dense distribution in 12 dimensions with a 4-dimensional core, as images have."""
    source = np.random.default_rng(seed)
    core = source.normal(size=(count, 4)) * source.choice([0.3, 1.0, 3.0], size=(count, 1))
    lift = np.random.default_rng(0).normal(size=(4, 12))
    return np.asarray(np.tanh(core @ lift) * 3 + 0.1 * source.normal(size=(count, 12)))


TRAIN, HELD_OUT = world(3000, 1), world(1000, 2)
NORMAL = nearness(TRAIN, HELD_OUT)


def test_rank_sum_z_is_scipys_mann_whitney() -> None:
    source = np.random.default_rng(0)
    x, y = source.normal(size=80).round(1), source.normal(size=50).round(1) - 0.3  # with ties
    theirs = stats.mannwhitneyu(y, x, use_continuity=False, method="asymptotic")
    assert 2 * stats.norm.sf(abs(rank_sum_z(x, y))) == pytest.approx(theirs.pvalue, rel=1e-9)
    assert rank_sum_z(x, y) < 0 < rank_sum_z(y, x)
    assert rank_sum_z(np.zeros(5), np.zeros(5)) == 0.0


def test_a_perfect_sampler_is_not_accused() -> None:
    scores = [memorisation(NORMAL, nearness(TRAIN, world(500, seed))) for seed in range(3, 23)]
    assert np.std([found.z for found in scores]) == pytest.approx(1.0, abs=0.45)
    assert min(found.z for found in scores) > -3.5
    assert np.mean([found.copied[0] for found in scores]) == pytest.approx(QUANTILE, abs=0.006)
    assert all(found.copied[0] < QUANTILE + 4 * found.copied[1] for found in scores)


def test_a_sampler_of_typical_images_only_is_not_accused() -> None:
    """Fakes from the densest part lie nearer to training images than held-out ones; that alone is no copying."""
    fakes = world(2500, 30)
    dense = fakes[np.argsort(radii(fakes, (50,))[0])][:800]
    found = memorisation(NORMAL, nearness(TRAIN, dense))
    plain = rank_sum_z(NORMAL.distance, nearness(TRAIN, dense).distance)
    assert plain < -10  # what a test on distances alone would say
    assert found.z > plain / 2.5
    averages = (fakes[:500] + fakes[500:1000]) / 2
    assert memorisation(NORMAL, nearness(TRAIN, averages)).z > -3


@pytest.mark.parametrize("share", [0.05, 0.25, 1.0])
def test_planted_copies_are_found_with_their_originals(share: float) -> None:
    source = np.random.default_rng(4)
    fakes, copies = world(400, 5), round(400 * share)
    originals = source.choice(len(TRAIN), copies, replace=False)
    fakes[:copies] = TRAIN[originals] + 0.01 * source.normal(size=(copies, 12))
    found = memorisation(NORMAL, nearness(TRAIN, fakes), pairs=min(16, copies))
    assert found.copied[0] == pytest.approx(share, abs=0.02)
    assert found.copied[0] > QUANTILE + 3 * found.copied[1]
    assert all(originals[fake] == train for fake, train in found.pairs)
    if share > 0.2:
        assert found.z < -3


def test_noise_is_not_copying() -> None:
    noise = 10 * np.random.default_rng(6).normal(size=(300, 12))
    found = memorisation(NORMAL, nearness(TRAIN, noise))
    assert found.z > -3
    assert found.copied[0] <= QUANTILE + 3 * found.copied[1]


def test_exact_duplicates_in_the_training_set_do_no_harm() -> None:
    train = np.repeat(world(200, 7), 10, axis=0)
    found = nearness(train, world(50, 8))
    assert np.isfinite(found.ratio).all()
    assert (nearness(train, train[:20]).ratio == 0).all()


def test_images_that_occur_often_do_not_make_everything_a_copy() -> None:
    """Five copies of each: d₁ = d₅ for whatever is looked for, unless a repeated image is one image."""
    train = np.repeat(world(600, 7), 5, axis=0)
    train = train[distinct(train)]
    assert len(train) == 600
    found = memorisation(nearness(train, world(400, 8)), nearness(train, world(400, 9)))
    assert abs(found.copied[0] - found.floor) < 3 * found.copied[1]
    copied = memorisation(nearness(train, world(400, 8)), nearness(train, train[:300]))
    assert copied.copied[0] > 0.95


def test_a_tie_with_the_threshold_is_no_accusation() -> None:
    same = Nearness(np.zeros(50, np.int64), np.zeros(50), np.ones(50))
    found = memorisation(same, same)
    assert found.copied[0] == 1.0
    assert found.floor == pytest.approx(50 / 51)


@pytest.mark.parametrize("held_out", [5, 10, 40, 300])
def test_few_held_out_images_accuse_a_perfect_sampler_no_oftener_than_many(held_out: int) -> None:
    """The rule of `diagnosis`: more than the floor by 5 %, by three errors and by what chance can do."""
    source = np.random.default_rng(0)
    accused = 0
    for _ in range(400):
        ratios = [source.beta(20, 2, count) for count in (held_out, 500)]
        normal, fake = (Nearness(np.zeros(len(r), np.int64), r, r) for r in ratios)
        found = memorisation(normal, fake)
        chance = 1.0 - 1e-3 ** (1.0 / held_out) if held_out < 199 else 0.0
        accused += found.copied[0] - found.floor > max(0.05, 3 * found.copied[1], chance)
    assert accused <= 4


@pytest.mark.parametrize("move", [
    lambda x: x,
    lambda x: x[..., ::-1].copy(),
    lambda x: np.roll(x, 1, 3),
    lambda x: np.roll(x, -1, 2),
    lambda x: (0.7 * x + 30).astype(np.uint8),
])  # fmt: skip
def test_copies_that_were_moved_are_found(move: Callable[[np.ndarray], np.ndarray]) -> None:
    source = np.random.default_rng(0)

    def pictures(count: int) -> np.ndarray:
        coarse = source.uniform(30, 220, (count, 1, 6, 6))
        return np.kron(coarse, np.ones((1, 1, 2, 2))).astype(np.uint8)

    train, held_out, fresh = pictures(1500), pictures(200), pictures(150)
    flat = [levelled(train).reshape(len(train), -1)]
    near = [
        nearest_variant(flat[0], [x.reshape(len(x), -1) for x in variants(levelled(images))])
        for images in (held_out, move(train[:150]), fresh)
    ]
    assert memorisation(near[0], near[1]).copied[0] > 0.95
    found = memorisation(near[0], near[2])
    assert found.copied[0] < found.floor + 3 * found.copied[1]


def test_images_are_levelled_where_they_are_asked_for_and_never_all_at_once() -> None:
    images = np.random.default_rng(0).integers(0, 256, (37, 3, 8, 8), dtype=np.uint8)
    lazy = Levelled(images)
    assert len(lazy) == 37 and lazy.shape == images.shape
    parts = [lazy[start : start + 10] for start in range(0, 37, 10)]
    assert max(map(len, parts)) == 10
    np.testing.assert_array_equal(np.concatenate(parts), levelled(images))
