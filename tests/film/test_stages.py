"""The stages of a film: what stands on a picture at a moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fixtures.synthetic import build_run
from ganscope.drawing import palette
from ganscope.film.stages import Stage
from ganscope.film.story import read_story

SMALL = {"num_real": 200, "num_fake": 60, "num_images": 60, "history": 40}


# ---- the stage -------------------------------------------------------------------------------------------------------
def test_at_a_snapshot_the_images_are_exactly_those_of_the_run(tmp_path: Path) -> None:
    run = build_run(tmp_path, snapshots=3, **SMALL)
    story = read_story(run)
    stage = Stage(story, 960, 540, dissolve=0.4)
    scale, gap, columns = (getattr(stage.tiles.layout, name) for name in ("scale", "gap", "columns"))
    for index, seen in enumerate(run.samples()):
        canvas = stage.draw(index)
        image = np.load(run.sample_path(seen, ".npy"))[columns]  # the first of the second row
        x, y = (round(v) for v in stage.tiles_at)
        y += 28 * scale + gap
        square = canvas[y : y + 28 * scale, x : x + 28 * scale]
        assert (square == image[0].repeat(scale, 0).repeat(scale, 1)[..., None]).all()


def test_points_curves_and_bars_move_and_the_title_does_not(tmp_path: Path) -> None:
    story = read_story(build_run(tmp_path, snapshots=4, **SMALL))
    stage = Stage(story, 960, 540)
    assert stage.map is not None
    first, half, last = stage.draw(0), stage.draw(0.5), stage.draw(3)
    header = np.s_[:50, :400]
    assert (first[header] == last[header]).all()
    assert (first[stage.map.area] != half[stage.map.area]).any()
    for chart in stage.charts:
        assert (first[chart.window] != last[chart.window]).any()
    assert (stage.draw(0.5) == half).all()


def test_the_class_that_never_comes_out_has_no_bar(tmp_path: Path) -> None:
    story = read_story(build_run(tmp_path, snapshots=4, **SMALL))
    stage = Stage(story, 1280, 720)
    assert stage.map is not None
    box, canvas = stage.map.bars, stage.draw(3)
    row = canvas[round(box.top + 50 * stage.u)].astype(int)
    cell = box.width / 10
    cells = [row[round(box.left + k * cell) : round(box.left + (k + 1) * cell)] for k in range(10)]
    away = [np.abs(part - colour).max(axis=1).min() for part, colour in zip(cells, palette.CLASS_COLOURS, strict=True)]
    assert [bool(distance < 4) for distance in away] == [True] * 9 + [False]
