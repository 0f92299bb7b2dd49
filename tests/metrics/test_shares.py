"""Class shares freed from a classifier's confusions; which classes are missing: one definition."""

from __future__ import annotations

import numpy as np
import pytest

from ganscope.metrics.shares import confusion, due, missing, shares, true_share

K = 10
RATES = 0.9 * np.eye(K) + 0.1 / K  # the classifier is right 91 times of a hundred


def seen_by(true: np.ndarray, count: int, seed: int) -> np.ndarray:
    """What the classifier says of `count` fakes of these class shares."""
    source = np.random.default_rng(seed)
    classes = source.choice(K, count, p=true)
    return np.array([source.choice(K, p=RATES[k]) for k in classes])


def held_out_counts(per_class: int, seed: int = 5) -> np.ndarray:
    source = np.random.default_rng(seed)
    true = np.repeat(np.arange(K), per_class)
    return confusion(true, np.array([source.choice(K, p=RATES[k]) for k in true]), K)


def test_confusion_counts_rows_of_true_classes() -> None:
    found = confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    np.testing.assert_array_equal(found, [[1, 1], [0, 1]])


def test_exact_rates_give_the_exact_shares() -> None:
    true = np.random.default_rng(0).dirichlet(np.ones(K))
    np.testing.assert_allclose(true_share(true @ RATES, RATES, rounds=20_000), true, atol=1e-4)


@pytest.mark.parametrize("dropped", range(0, K, 3))
def test_a_dropped_class_is_named_and_no_other_though_the_classifier_sees_some(dropped: int) -> None:
    true = np.full(K, 1.0)
    true[dropped] = 0.0
    labels = seen_by(true / true.sum(), 2000, dropped)
    found = shares(labels, K, held_out_counts(36))
    real = np.full(K, 0.1)
    assert found.seen[dropped] > 0.003  # seen all the same, in the confusions
    assert np.flatnonzero(missing(real, found.share, 2000, found.stderr)).tolist() == [dropped]


def test_errors_are_the_spread_over_draws_of_fakes_and_held_out_images() -> None:
    true = np.random.default_rng(1).dirichlet(np.full(K, 3.0))
    found = [shares(seen_by(true, 1000, 10 + k), K, held_out_counts(40, k)) for k in range(30)]
    spread = np.std([f.share for f in found], axis=0)
    assert np.mean([f.stderr for f in found]) == pytest.approx(spread.mean(), rel=0.3)


def test_nothing_is_missing_where_few_held_out_images_cannot_tell() -> None:
    real = np.full(K, 0.1)
    for seed in range(10):
        labels = seen_by(real, 2000, seed)
        found = shares(labels, K, held_out_counts(2, seed))
        assert not missing(real, found.share, 2000, found.stderr).any()


def test_a_rare_class_must_be_expected_before_it_can_be_missing() -> None:
    real = np.array([0.995, 0.005])
    assert not missing(real, np.array([1.0, 0.0]), 1000)[1]
    assert missing(real, np.array([1.0, 0.0]), 3000)[1]


def test_a_class_is_due_where_ten_of_it_are_expected() -> None:
    real = np.array([0.5, 0.01, 0.005])
    assert due(real, 1000.0).tolist() == [True, True, False]
    assert due(real, np.array([10.0, 2000.0])).tolist() == [[False, False, False], [True, True, True]]
    assert not (missing(real, np.zeros(3), 1000.0) & ~due(real, 1000.0)).any()
