"""Films of synthetic runs: what a run holds must be in the pictures, and what it lacks must not stop the film."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from fixtures.synthetic import build_run
from ganscope.config.plan import class_columns
from ganscope.drawing import encode
from ganscope.errors import ConfigError, RunError
from ganscope.film import film
from ganscope.film.film import grid_film, make_film, walk_film
from ganscope.film.stages import GridStage, Stage
from ganscope.film.story import positions, read_story
from ganscope.runs import Run

SMALL = {"num_real": 200, "num_fake": 60, "num_images": 60, "history": 40}


def pictures_of(path: Path) -> np.ndarray:
    """All pictures of an MP4 `(F, H, W, 3) uint8`."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    line = next(line for line in done.stderr.decode().splitlines() if "Video: h264" in line)
    assert "yuv420p" in line
    width, height = (int(side) for side in re.findall(r" (\d{2,5})x(\d{2,5})[ ,]", line)[0])
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, height, width, 3)


def gif_frames(path: Path) -> int:
    with Image.open(path) as image:
        return int(getattr(image, "n_frames", 1))


# ---- a conditional run -----------------------------------------------------------------------------------------------
def told(path: Path, classes: int) -> Run:
    """A synthetic run whose images are a grid by class: row k, column i have the grey 20 k + i."""
    run = build_run(path, snapshots=2, **{**SMALL, "num_images": 128})
    counts = [5] * classes
    columns = class_columns(counts, 2000)
    config = json.loads(run.config_path.read_text()) | {"conditional": True, "class_counts": counts}
    run.config_path.write_text(json.dumps(config | {"class_columns": columns}))
    names = {"dataset": {"classes": [f"kind {k}" for k in range(classes)]}}
    run.environment_path.write_text(json.dumps(json.loads(run.environment_path.read_text()) | names))
    for seen in run.samples():
        images = np.zeros((128, 1, 28, 28), np.uint8)
        for k in range(classes):
            images[k * columns : (k + 1) * columns] = (20 * k + np.arange(columns))[:, None, None, None]
        np.save(run.sample_path(seen, ".npy"), images)
    return run


def test_a_conditional_run_shows_all_classes_as_rows_and_latents_as_columns(tmp_path: Path) -> None:
    story = read_story(told(tmp_path, 10))
    assert story.rows == tuple(f"kind {k}" for k in range(10)) and story.grid == (10, 12)
    for stage in (Stage(story, 1920, 1080), Stage(story, 640, 360)):
        layout = stage.tiles.layout
        assert layout.rows == 10 and layout.columns >= 6
        side = 28 * layout.scale if layout.scale > 0 else 28 // -layout.scale
        x, y = (round(v) for v in stage.tiles_at)
        canvas = stage.draw(1)
        for k in range(10):
            for i in range(layout.columns):
                at = y + k * (side + layout.gap) + side // 2, x + i * (side + layout.gap) + side // 2
                assert tuple(canvas[at]) == (20 * k + i,) * 3
    grid = GridStage(story, (1280, 720), 128)
    assert grid.tiles.layout.rows == 10 and (grid.draw(1)[grid.header :, : grid.left - 4] < 128).any(), "the names"


def test_a_conditional_run_from_before_the_grid_and_one_without_names_have_a_film(tmp_path: Path) -> None:
    run = told(tmp_path, 3)
    run.environment_path.unlink()
    assert read_story(run).rows == ("0", "1", "2")
    run.config_path.write_text(json.dumps(json.loads(run.config_path.read_text()) | {"class_columns": 0}))
    story = read_story(run)
    assert story.grid is None and Stage(story, 640, 360).tiles.grid is None


# ---- whole films -----------------------------------------------------------------------------------------------------
def test_a_film_has_all_pictures_and_ends_on_the_last_snapshot(tmp_path: Path) -> None:
    run = build_run(tmp_path / "run", snapshots=3, **SMALL)
    mp4, gif = make_film(run, width=641, height=361, fps=10, seconds=1)
    assert mp4 == run.product("film.mp4") and gif == run.product("film.gif")
    pictures = pictures_of(mp4)
    assert pictures.shape[1:] == (360, 640, 3)
    assert len(pictures) == len(positions(3, 1, 10))
    wanted = Stage(read_story(run), 640, 360).draw(2)
    assert np.abs(pictures[-1].astype(int) - wanted).mean() < 3
    assert np.abs(pictures[0].astype(int) - pictures[-1]).mean() > 3
    assert gif_frames(gif) >= 3 and gif.stat().st_size < encode.GIF_BYTES_MOST
    assert not list(run.path.rglob("*.tmp"))


@pytest.mark.parametrize(
    "spec",
    [
        {"snapshots": 1},
        {"snapshots": 1, "with_map": False},
        {"snapshots": 2, "with_map": False, "channels": 3, "size": 64, "num_images": 20},
        {"snapshots": 2, "classes": 0},
        {"snapshots": 2, "classes": 1000, "num_real": 2000},
        {"snapshots": 2, "size": 128, "channels": 3, "num_images": 12},
        {"snapshots": 2, "size": 8, "nasty": True},
        {"snapshots": 2, "history": 0},
    ],
    ids=str,
)
def test_every_kind_of_run_has_a_film(tmp_path: Path, spec: dict[str, int]) -> None:
    run = build_run(tmp_path / "run", **{**SMALL, **spec})
    paths = make_film(run, width=480, height=270, fps=5, seconds=0.4)
    assert all(path.stat().st_size > 1000 for path in paths)
    story = read_story(run)
    grid = GridStage(story, (1280, 720), 128).draw(len(story.seen) - 1)
    assert grid.shape[0] % 2 == grid.shape[1] % 2 == 0 and grid.shape[1] <= 1400
    assert (Stage(story, 480, 270).map is None) == (spec.get("with_map") is False)


def test_a_run_without_snapshots_has_no_film(tmp_path: Path) -> None:
    run = build_run(tmp_path, snapshots=0, **SMALL)
    for make in (make_film, grid_film):
        with pytest.raises(RunError, match="no snapshot"):
            make(run)
    assert not list(tmp_path.glob("*.mp4"))


def test_grid_film_shows_all_images_with_epoch_and_step(tmp_path: Path) -> None:
    run = build_run(tmp_path, snapshots=2, num_real=200, num_fake=128, num_images=128, history=20, with_map=False)
    mp4, gif = grid_film(run)
    assert (mp4.name, gif.name) == ("grid.mp4", "grid.gif")
    stage = GridStage(read_story(run), (1280, 720), 128)
    assert stage.tiles.count == 128
    wanted = stage.draw(1)
    image = np.load(run.sample_path(run.samples()[1], ".npy"))[0, 0].repeat(2, 0).repeat(2, 1)
    assert (wanted[stage.header : stage.header + 56, stage.left : stage.left + 56] == image[..., None]).all()
    pictures = pictures_of(mp4)
    assert np.abs(pictures[-1].astype(int) - wanted).mean() < 4
    held = pictures[-60::10, ::4, ::4].astype(int)  # two seconds
    assert np.abs(held - held[-1]).mean() < 1
    header = slice(0, stage.header)
    assert (stage.draw(0)[header] != wanted[header]).any()
    assert gif_frames(gif) == 2


def test_a_film_is_absent_or_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = build_run(tmp_path, snapshots=2, **SMALL)
    run.product("film.mp4").write_bytes(b"the old film")

    def disk_full(path: Path, pictures: object, fps: float) -> int:
        path.write_bytes(b"half a film")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(film, "write_mp4", disk_full)
    with pytest.raises(RunError, match="No space left"):
        make_film(run, width=480, height=270)
    assert run.product("film.mp4").read_bytes() == b"the old film"
    assert not run.product("film.gif").exists() and not list(tmp_path.rglob("*.tmp"))


def test_out_names_the_film_and_a_gif_alone_is_possible(tmp_path: Path) -> None:
    run = build_run(tmp_path / "run", snapshots=2, **SMALL)
    options = {"width": 480, "height": 270, "fps": 5, "seconds": 0.4}
    assert [p.name for p in make_film(run, out=tmp_path / "a.mp4", **options)] == ["a.mp4", "a.gif"]
    assert [p.name for p in make_film(run, out=tmp_path / "b.gif", **options)] == ["b.gif"]
    assert not (tmp_path / "b.mp4").exists()
    with pytest.raises(ConfigError, match=r"c\.webm"):
        make_film(run, out=tmp_path / "c.webm")
    with pytest.raises(ConfigError, match="too small"):
        make_film(run, width=20, height=20)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_walk_is_written_as_it_is(tmp_path: Path, channels: int) -> None:
    frames = np.zeros((6, 32, 48, channels), np.uint8)
    frames[3:] = 200
    mp4, gif = walk_film(frames, tmp_path / "walk.mp4")
    pictures = pictures_of(mp4)
    assert pictures.shape == (6, 32, 48, 3)
    assert np.abs(pictures.mean(axis=(1, 2, 3)) - [0, 0, 0, 200, 200, 200]).max() < 3
    assert gif_frames(gif) >= 2


@pytest.mark.slow
def test_a_hundred_snapshots_at_full_size_take_under_a_minute_of_two_cores(tmp_path: Path) -> None:
    import resource

    run = build_run(tmp_path, snapshots=100, num_real=60_000, num_fake=2000, history=3000)

    def seconds(who: int) -> float:
        use = resource.getrusage(who)
        return use.ru_utime + use.ru_stime

    before = [seconds(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    make_film(run)
    after = [seconds(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    ours, ffmpeg = (b - a for a, b in zip(before, after, strict=True))
    # Drawing is one thread, ffmpeg works beside it; processor time, since a shared machine has no honest wall time.
    assert ours < 60 and (ours + ffmpeg) / 2 < 60
