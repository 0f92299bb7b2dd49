"""What a snapshot costs in iterations, from known numbers of operations."""

from __future__ import annotations

from typing import Any

import pytest

from ganscope.config import Plan, make_config, plan
from ganscope.device import choose_backend
from ganscope.launch import estimate
from ganscope.launch.estimate import expected, judged_shape, snapshot_cost, too_short


def planned(preset: str = "mlp", num_images: int = 1000, **settings: object) -> Plan:
    return plan(make_config("x", preset, **settings), num_images=num_images, size=28, channels=1)


def test_the_cost_is_that_of_the_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """G of 1e6 operations an image and D of 2e6: counted by hand."""
    monkeypatch.setattr(estimate, "plain_networks", lambda config: ("g", "d"))
    monkeypatch.setattr(estimate, "flops", lambda network, *shape: {"g": 1e6, "d": 2e6}[network])
    config = planned(batch_size=10, num_fakes=500, metrics=False, d_steps=2, g_steps=1)
    iteration = 2 * 10 * (1e6 + 6 * 2e6) + 10 * (2 * 1e6 + 2 * 2e6) + 1e8
    assert snapshot_cost(config) == pytest.approx(500 * 3e6 / iteration)


def test_a_pack_is_judged_along_the_channels_and_points_have_no_sides() -> None:
    assert judged_shape(planned("pacgan")) == (2, 28, 28)
    assert judged_shape(plan(make_config("ring"), num_images=1000, size=1, channels=2)) == (2,)


def test_large_images_are_told_what_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 4 G passes in 2 s, G and D of 1e8 operations."""
    settings: dict[str, Any] = dict(batch_size=10, epochs=10.0, g_width=1, d_width=1)
    large = plan(make_config("x", "dcgan", size=256, **settings), num_images=1000, size=256, channels=1)
    monkeypatch.setattr(estimate, "flops", lambda network, *shape: 1e8)
    clock = iter([0.0, 9.0, 10.0, 12.0])
    said = expected(large, 1000, choose_backend(device="cpu"), lambda: next(clock)) or ""
    # D's step 10 · (1 + 6), G's 10 · (2 + 2), and one for the overhead: 111 passes of half a second, 1,000 times.
    assert "256×256 pixels: roughly 56 s an iteration here, 15:25:00 for the planned 1,000" in said
    # 2,000 fakes of G and of D, metrics of 500 such passes and features of 19,661: half a second each.
    assert "3:21:20 for each snapshot, the first at once (--num-fakes 128 shortens it)" in said
    small = plan(make_config("x", "dcgan", size=128, **settings), num_images=1000, size=128, channels=1)
    assert expected(small, 1000, choose_backend(device="cpu")) is None


def test_too_short_a_plan_is_told_with_the_epochs_that_would_do() -> None:
    assert too_short(planned(epochs=60.0), 1000) is None
    said = too_short(planned(epochs=59.0), 1000) or ""
    assert "--epochs 60 at least, --epochs 600 for the best" in said
