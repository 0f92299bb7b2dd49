"""The judge of a run: the first step does not wait for it, and the untrained generator's snapshot is never lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganscope.config import make_config
from ganscope.datasets import load_dataset
from ganscope.features import feature_space, recalled
from ganscope.judge import Judge
from ganscope.progress import Progress
from ganscope.run import Run
from ganscope.state import Snapshot


class Recorder(Judge):
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


def snapshot(images_seen: int, *, final: bool = False) -> Snapshot:
    fakes = np.full((4, 1, 8, 8), images_seen + 1, np.uint8)
    network = torch.nn.Identity()
    return Snapshot(images_seen, images_seen // 64, 0.0, fakes, np.zeros(4, np.float32), final, network, network, 0.0)


@pytest.fixture
def made(tmp_path: Path) -> tuple[Any, ...]:
    config = make_config("digits").resolve(num_images=1438, size=8, channels=1)
    run = Run.create(tmp_path / "run", config, {}, "")
    return run, load_dataset("digits"), config, Progress(quiet=True)


def test_the_first_snapshot_waits_for_the_second(made: tuple[Any, ...]) -> None:
    judge = Recorder(*made)
    assert judge(snapshot(0)) is None
    assert (judge.seen, judge.gathered) == ([], 0)
    assert judge(snapshot(64)) == "failed", "the advice on the one that waited counts"
    assert judge(snapshot(128)) is None
    assert (judge.seen, judge.gathered) == ([(0, 256), (64, 65 * 256), (128, 129 * 256)], 1)


def test_a_resumed_run_finds_the_one_that_waited(made: tuple[Any, ...]) -> None:
    Recorder(*made)(snapshot(0))
    resumed = Recorder(*made)
    resumed(snapshot(64))
    assert [seen for seen, _ in resumed.seen] == [0, 64]
    again = Recorder(*made)
    again(snapshot(128))
    assert [seen for seen, _ in again.seen] == [128]


def test_an_untrained_run_is_judged_at_once(made: tuple[Any, ...]) -> None:
    judge = Recorder(*made)
    judge(snapshot(0, final=True))
    assert [seen for seen, _ in judge.seen] == [0]


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
