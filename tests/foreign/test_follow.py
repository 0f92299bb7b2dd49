"""Runs from files on disk: the shared cases whole, a run that is being written, and what is damaged left out."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fixtures.sheets import blobs, laid, write
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


def followed(folder: Path, run: Path, **given: Any) -> Follower:
    return Follower(folder, out=run, progress=Progress(quiet=True), **given)


def kept(follower: Follower, place: int = -1) -> np.ndarray:
    """The pictures of a moment as the run has them, `(M, H, W, C)`."""
    seen = follower.run.samples()[place]
    return np.moveaxis(np.load(follower.run.sample_path(seen, ".npy")), 1, 3)


def test_pictures_come_out_as_they_went_in(tmp_path: Path) -> None:
    """Transparent, 16 bits deep, a last row that is not full, and two sheets of one moment."""
    tiles = blobs(14, 16)
    alpha = np.full((*tiles.shape[:3], 1), 255, np.uint8)
    alpha[:, :4] = 0
    white = np.where(alpha == 0, 255, tiles).astype(np.uint8)
    grey = tiles.mean(axis=3, keepdims=True).astype(np.uint8)
    deep = laid(grey, 5)[:, :, 0].astype(np.uint16) * 257
    cases = {
        "alpha": (laid(np.concatenate([tiles, alpha], axis=3), 7), white),
        "deep": (deep, np.repeat(grey, 3, axis=3)),
        "rest": (laid(tiles, 5), tiles),
    }
    for name, (sheet, expected) in cases.items():
        for epoch in (1, 2):
            write(tmp_path / name / f"epoch_{epoch}.png", sheet)
        with following(followed(tmp_path / name, tmp_path / f"run-{name}")) as follower:
            follower.update()
            assert follower.run.samples() == [1000, 2000]
            np.testing.assert_array_equal(kept(follower), expected)
    for part in (0, 1):
        write(tmp_path / "parts" / f"sample_3_{part}.png", laid(tiles + part, 7))
        write(tmp_path / "parts" / f"sample_4_{part}.png", laid(tiles + part, 7))
    with following(followed(tmp_path / "parts", tmp_path / "run-parts")) as follower:
        follower.update()
        np.testing.assert_array_equal(kept(follower), np.concatenate([tiles, tiles + 1]))


def test_sheets_that_change_their_size_keep_their_tiles(tmp_path: Path) -> None:
    write(tmp_path / "out" / "epoch_1.png", laid(blobs(16, 16), 4))
    write(tmp_path / "out" / "epoch_2.png", laid(blobs(36, 16), 6))
    write(tmp_path / "out" / "epoch_3.png", laid(blobs(36, 16), 6))
    with following(followed(tmp_path / "out", tmp_path / "run")) as follower:
        follower.update()
        assert [len(kept(follower, place)) for place in range(3)] == [16, 36, 36]


def test_a_training_that_begins_again_in_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    for epoch in (1, 2, 3):
        write(folder / f"epoch_{epoch}.png", laid(blobs(9, 16, epoch), 3), seconds_ago=900 - epoch)
    (folder / "log.csv").write_text("epoch,g_loss\n1,1.0\n2,2.0\n3,3.0\n")
    with following(followed(folder, tmp_path / "run")) as follower:
        follower.update()
        assert follower.run.samples() == [1000, 2000, 3000]
        (folder / "log.csv").write_text("epoch,g_loss\n1,7.0\n")
        write(folder / "epoch_1.png", laid(blobs(9, 16, 7), 3), seconds_ago=60)
        follower.update()
        assert follower.run.samples() == [1000]
        assert [(line["images_seen"], line["g_loss"]) for line in follower.run.history()] == [(1000, 7.0)]
        np.testing.assert_array_equal(kept(follower), blobs(9, 16, 7))
        assert not follower.update()


def test_more_files_show_what_the_numbers_count(tmp_path: Path) -> None:
    """Of `img_7.png` alone nobody can say that an epoch has three of them."""
    folder = tmp_path / "out"
    write(folder / "epoch_1_step_5.png", laid(blobs(9, 16, 1), 3))
    with following(followed(folder, tmp_path / "run", images_per_epoch=100)) as follower:
        follower.update()
        assert follower.run.samples() == [5]
        for name, seed in (("epoch_1_step_9", 2), ("epoch_2_step_5", 3)):
            write(folder / f"{name}.png", laid(blobs(9, 16, seed), 3))
        follower.update()
        assert follower.run.samples() == [50, 90, 150]
        np.testing.assert_array_equal(kept(follower, 0), blobs(9, 16, 1))
        assert not follower.update()
