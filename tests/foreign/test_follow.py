"""Runs from files on disk: the shared cases whole, a run that is being written, and what is damaged left out."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.foreign.follow import Follower, following
from ganscope.page.contents import index
from ganscope.progress import Progress

RNG = np.random.default_rng(0)
REALS = RNG.integers(0, 256, (1024, 3, 16, 16), np.uint8)


def save(path: Path, tiles: np.ndarray, seconds_ago: float = 60.0) -> None:
    """A StyleGAN sheet of 32 × 32 tiles `(1024, 3, 16, 16)`, written some time ago."""
    sheet = tiles.reshape(32, 32, 3, 16, 16).transpose(0, 3, 1, 4, 2).reshape(512, 512, 3)
    Image.fromarray(sheet).save(path)
    os.utime(path, (time.time() - seconds_ago,) * 2)


def stats(folder: Path, *ticks: tuple[float, float]) -> None:
    lines = [
        {"Progress/kimg": {"mean": kimg}, "Loss/G/loss": {"mean": loss}, "Loss/D/loss": {"mean": 0.7}}
        for kimg, loss in ticks
    ]
    (folder / "stats.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_a_stylegan_that_is_being_written(tmp_path: Path) -> None:
    folder = tmp_path / "00000-cats"
    folder.mkdir()
    (folder / "training_options.json").write_text(
        json.dumps({"training_set_kwargs": {"resolution": 16}, "batch_size": 32})
    )
    (folder / "network-snapshot-000000.pkl").write_bytes(b"\x80cposix\nsystem\n(S'exit 1'\ntR.")
    save(folder / "reals.png", REALS)
    save(folder / "fakes_init.png", RNG.integers(100, 140, REALS.shape, np.uint8))
    stats(folder, (0.0, 1.0))
    with following(Follower(folder, out=tmp_path / "run", progress=Progress(quiet=True))) as follower:
        assert follower.grid is not None and (follower.grid.columns, follower.grid.width) == (32, 16)
        assert follower.update() and not follower.update()
        save(folder / "fakes000200.png", np.roll(REALS, 7, axis=0))
        save(folder / "fakes000400.png", REALS, seconds_ago=-3600.0)  # still being written
        stats(folder, (0.0, 1.0), (200.0, 2.0))
        assert follower.update()
        run = follower.run
        assert run.samples() == [0, 200_000]
        assert [line["g_loss"] for line in run.history()] == [1.0, 2.0]
        first, second = run.evals()
        assert second["metrics"]["frechet"]["value"] < 0.2 * first["metrics"]["frechet"]["value"]
        assert second["metrics"]["frechet"]["num_fake"] >= 100
        follower.finish()
        assert run.map_points() == [0, 200_000] and index(run)["atlas"] >= 1
    # Followed again, it goes on where it was, and nothing is counted twice.
    os.utime(folder / "fakes000400.png", (time.time() - 60,) * 2)
    with following(Follower(folder, out=tmp_path / "run", progress=Progress(quiet=True))) as follower:
        assert follower.update()
        assert follower.run.samples() == [0, 200_000, 400_000] and len(follower.run.history()) == 2


def test_pictures_that_cannot_be_read_cost_themselves_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    for epoch in range(3):
        Image.fromarray(RNG.integers(0, 256, (34, 34, 3), np.uint8)).save(folder / f"img_{epoch}.png")
        os.utime(folder / f"img_{epoch}.png", (time.time() - 60,) * 2)
    (folder / "img_1.png").write_bytes((folder / "img_1.png").read_bytes()[:300])
    os.utime(folder / "img_1.png", (time.time() - 60,) * 2)
    with following(Follower(folder, out=tmp_path / "run", grid="2x2+2")) as follower:
        follower.update()
        assert len(follower.run.samples()) == 2
        assert np.load(follower.run.sample_path(follower.run.samples()[0], ".npy")).shape == (4, 3, 14, 14)
    assert "img_1.png is left out" in capsys.readouterr().err
