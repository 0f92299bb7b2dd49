"""The schedule: rates end where the burn-in says."""

from __future__ import annotations

import pytest

from ganscope.config.plan import plan
from ganscope.config.presets import make_config
from ganscope.device import choose_backend
from ganscope.training.schedule import apply_schedule
from ganscope.training.state import new_state


@pytest.mark.parametrize(("d_end", "d_lr"), [(None, 0.02), (0.5, 0.05)])
def test_rates_end_where_the_burn_in_says(d_end: float | None, d_lr: float) -> None:
    config = make_config(
        "x", "mlp", g_width=4, d_width=4, g_lr=0.3, d_lr=0.1, burn_in=100, burn_in_lr=0.2, burn_in_d_lr=d_end
    )  # fmt: skip
    config = plan(config, num_images=16, size=8, channels=1)
    state = new_state(config, choose_backend(device="cpu", precision="float32", threads=1))
    for images_seen, share in ((0, 0.0), (50, 0.5), (100, 1.0), (900, 1.0)):
        state.images_seen = images_seen
        apply_schedule(state, config)
        # Half-way along a cosine of the exponent lies the geometric mean.
        assert state.g_optimizer.lr == pytest.approx(0.3 * 0.2**share)
        assert state.d_optimizer.lr == pytest.approx(0.1 * (d_lr / 0.1) ** share)
