"""A plan: every setting that was left open gets its value from the data."""

from __future__ import annotations

from ganscope.config.plan import plan
from ganscope.config.presets import make_config


def test_total_iterations_cover_the_epochs() -> None:
    def iterations(**settings: float) -> int:
        return plan(make_config("x", "mlp", **settings), num_images=60_000, size=28, channels=1).total_iterations(
            60_000
        )

    assert iterations() == 93_750
    assert iterations(epochs=0.0) == 0
    assert iterations(d_steps=5) == 18_750


def test_a_length_left_open_depends_on_the_data_and_is_resolved() -> None:
    """20 epochs, and at least 600,000 images."""
    for num_images, epochs in ((60_000, 20.0), (11_910, 51.0), (1438, 418.0)):
        found = plan(make_config("x", "r3dcgan"), num_images=num_images, size=28, channels=1)
        assert found.epochs == epochs
        assert found.burn_in == epochs * num_images
        assert found.total_iterations(num_images) * found.batch_size >= 600_000
    assert plan(make_config("x", "r3dcgan", epochs=3.0), num_images=60_000, size=28, channels=1).epochs == 3.0
