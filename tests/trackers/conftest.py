"""A run for the trackers to be told of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fixtures.synthetic import build_run
from ganscope.recorder import Recorder
from ganscope.runs.run import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = build_run(tmp_path / "run", num_real=60, num_fake=30, num_images=16, snapshots=4, history=20)
    images = np.zeros((16, 1, 28, 28), np.uint8)
    for seen in made.samples():
        recorder = Recorder(made, num_images=60, images_per_iteration=1)
        recorder.snapshot(seen, images + seen % 250)
    return made
