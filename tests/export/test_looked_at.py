"""What is known of each exported image: copies, strangers, mistaken classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganscope.data import load_dataset
from ganscope.errors import RunError
from ganscope.export import data_set
from ganscope.export.data_set import Asked, export_images
from ganscope.export.looked_at import Looked
from ganscope.runs import Run


def quiet(text: str) -> None:
    pass


def test_a_planted_copy_and_a_planted_stranger_are_seen(told: Path) -> None:
    run, data = Run(told), load_dataset("digits")
    onlooker = data_set.Onlooker(run, run.config(), data, quiet)
    noise = np.random.default_rng(0).integers(0, 256, (200, 1, 8, 8), dtype=np.uint8)
    copies = onlooker.look_at(data.train.images[:50], data.train.labels[:50])
    fresh = onlooker.look_at(data.test.images[:200], data.test.labels[:200])
    strange = onlooker.look_at(noise, np.zeros(200, np.int64))
    assert copies.faults["copies"].all() and fresh.faults["copies"].mean() < 0.05
    # Not all of the noise: a classifier's features of what it never saw may lie anywhere.
    assert strange.faults["strangers"].mean() > 0.6 and fresh.faults["strangers"].mean() < 0.15
    assert fresh.faults["mistaken"].mean() < 0.05
    assert copies.nearest is not None and copies.nearest.tolist() == list(range(50))


def test_a_filter_that_leaves_nothing_ends_the_export(
    told: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = Looked(faults={"strangers": np.ones(data_set.BLOCK, bool)})
    monkeypatch.setattr(data_set.Onlooker, "look_at", lambda self, images, asked: nothing)
    with pytest.raises(RunError, match="does not get what it needs"):
        export_images(Run(told), tmp_path / "none", Asked(per_class=2, drop=("strangers",)), quiet)
