"""The story of a film: which snapshots, how long, in which words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fixtures.synthetic import build_run
from ganscope.film.stages import Stage
from ganscope.film.story import HOLD_FIRST, HOLD_LAST, positions, read_story

SMALL = {"num_real": 200, "num_fake": 60, "num_images": 60, "history": 40}


# ---- time ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("snapshots", "seconds"), [(1, 3.0), (2, 3.0), (7, 2.0), (100, 24.0), (91, 24.0)])
def test_every_snapshot_has_a_picture_and_the_last_is_held(snapshots: int, seconds: float) -> None:
    way = positions(snapshots, seconds, 30)
    assert way[0] == 0 and way[-1] == snapshots - 1 and (np.diff(way) >= 0).all()
    assert set(range(snapshots)) <= set(way.tolist())
    assert (way == snapshots - 1).sum() >= 60  # two seconds
    assert len(way) / 30 <= seconds + HOLD_FIRST + HOLD_LAST + 0.1


def test_a_run_of_thousands_of_snapshots_has_no_endless_film() -> None:
    way = positions(5000, 24, 30)
    assert len(way) <= 30 * 27 and (way == np.round(way)).all() and way[-1] == 4999


def test_the_text_counts_epochs_images_and_steps(tmp_path: Path) -> None:
    story = read_story(build_run(tmp_path, snapshots=4, **SMALL))
    last = int(story.seen[-1])
    big, small = story.clock(last)
    assert big.startswith("epoch ")
    assert small == f"{last:,} images seen · step {last // 64:,}"
    assert story.clock(0)[1] == "0 images seen · step 0"
    assert story.evaluation(last)["images_seen"] == last
    assert story.evaluation(last - 1)["images_seen"] == int(story.seen[-2])


def test_a_damaged_snapshot_is_passed_over(tmp_path: Path) -> None:
    run = build_run(tmp_path, snapshots=3, **SMALL)
    seen = run.samples()
    for path in (run.map_path(seen[1]), run.sample_path(seen[1], ".npy")):
        path.write_bytes(path.read_bytes()[:300])
    story = read_story(run)
    assert story.track.at.tolist() == [0, 2]
    first = story.images_at(0)
    assert first is not None and (story.images_at(1) == first).all()
    Stage(story, 480, 270).draw(1.5)
