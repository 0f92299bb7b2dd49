"""The judge of a run: when it gathers what it needs of the reals, and that it describes them once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganscope.config.presets import make_config
from ganscope.data.load import load_dataset
from ganscope.features.cache import recalled
from ganscope.features.spaces import feature_space
from ganscope.progress import Progress
from ganscope.recorder import Recorder
from ganscope.runs.run import Run
from ganscope.runs.snapshot import Snapshot


class Recorder(Recorder):
    """A judge that only notes what it is shown, and when it gathers."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.seen: list[tuple[int, int]] = []
        self.gathered = 0

    def _gather(self) -> None:
        self.gathered += 1
        self._monitor = object()  # type: ignore[assignment]

    def _look_at(self, snapshot: Snapshot) -> str | None:
        self.seen.append((snapshot.images_seen, int(snapshot.fakes.sum())))
        return "failed" if snapshot.images_seen == 0 else None


def snapshot(images_seen: int) -> Snapshot:
    fakes = np.full((4, 1, 8, 8), images_seen + 1, np.uint8)
    network = torch.nn.Identity()
    return Snapshot(images_seen, images_seen // 64, 0.0, fakes, np.zeros(4, np.float32), network, network, 0.0)


@pytest.fixture
def made(tmp_path: Path) -> tuple[Any, ...]:
    config = make_config("digits").resolve(num_images=1438, size=8, channels=1)
    run = Run.create(tmp_path / "run", config, {}, "")
    return run, load_dataset("digits"), config, Progress(quiet=True)


def test_reals_are_gathered_at_the_first_snapshot_and_once(made: tuple[Any, ...]) -> None:
    judge = Recorder(*made)
    assert judge.gathered == 0
    assert [judge(snapshot(seen)) for seen in (0, 64)] == ["failed", None]
    assert (judge.seen, judge.gathered) == ([(0, 256), (64, 65 * 256)], 1)


def test_reals_are_described_once(tmp_path: Path) -> None:
    digits = load_dataset("digits")
    space = feature_space(digits.train, digits.test, tmp_path, name="random")
    expected = space.describe(digits.test.images)
    first = recalled(space, digits.test.images, cache=tmp_path)

    class Silent:
        name, version = space.name, space.version

        def describe(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
            raise AssertionError("described again")

    second = recalled(Silent(), digits.test.images, cache=tmp_path)
    for found in (first, second):
        assert np.array_equal(found[0], expected[0])
        assert found[1] is None
    with pytest.raises(AssertionError, match="again"):
        recalled(Silent(), digits.test.images[::-1], cache=tmp_path)
