"""What the numbers of another trainer say: planted failures are named, honest numbers are not."""

from __future__ import annotations

import math

import pytest

from ganscope.foreign.numbers import Row
from ganscope.foreign.warnings import HIGH_AUGMENT, metric_entry, warnings_at

GOOD: list[Row] = [(1000 * i, {"g_loss": 1.0, "d_loss": 0.5, "augment": 0.1 * i}) for i in range(4)]
FID: list[Row] = [(1000 * i, {"fid50k_full": 100.0 / (i + 1)}) for i in range(4)]


def found(at: int, rows: list[Row], metrics: list[Row]) -> dict[str, int]:
    """Warning → the moment that it began."""
    return {one.id: one.first for one in warnings_at(at, rows, metrics)}


def test_honest_numbers_are_not_accused() -> None:
    assert not found(3000, GOOD, FID) and not found(3000, [], [])


def test_losses_that_are_no_numbers_any_more_and_not_those_that_have_recovered() -> None:
    broken: list[Row] = [*GOOD, (4000, {"g_loss": None, "d_loss": 0.5}), (5000, {"g_loss": None, "d_loss": None})]
    assert found(5000, broken, []) == {"losses_not_finite": 4000}
    assert not found(3000, broken, []), "the future is not looked at"
    assert not found(6000, [*broken, (6000, {"g_loss": 1.0, "d_loss": 0.5})], [])


@pytest.mark.parametrize("value", [-50.0, 1e6, None])
def test_a_distance_that_cannot_be_true(value: float | None) -> None:
    metrics: list[Row] = [*FID, (4000, {"fid50k_full": value})]
    assert found(4000, GOOD, metrics) == {"impossible_metric": 4000}
    (one,) = warnings_at(4000, GOOD, metrics)
    assert "in 1 of 5 measurements" in one.sentence


def test_strong_augmentation_while_it_lasts() -> None:
    strong: list[Row] = [*GOOD, (4000, {"augment": HIGH_AUGMENT}), (5000, {"augment": 0.9})]
    assert found(5000, strong, []) == {"strong_augmentation": 4000}
    assert not found(6000, [*strong, (6000, {"augment": 0.2})], [])


def test_a_metric_keeps_its_direction_and_loses_what_cannot_be() -> None:
    fid, recall = metric_entry("fid50k_full", 12.5), metric_entry("pr50k3_recall", 0.4)
    assert (fid["value"], fid["better"], fid["num_fake"]) == (12.5, "lower", 50_000)
    assert (recall["value"], recall["better"]) == (0.4, "higher")
    assert metric_entry("fid", -1e9)["value"] is None and metric_entry("fid", math.inf)["value"] is None
