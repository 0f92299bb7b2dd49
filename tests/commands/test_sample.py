"""`ganscope sample`: an array, a sheet, single files and a walk hold the same images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganscope
from ganscope.cli import main
from ganscope.commands.sample import save_images, walk_frames
from ganscope.drawing import image_grid, scale_for


def test_sampling(digits_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", str(digits_run), "-n", "20", "--out", str(tmp_path / "a.npy")]) == 0
    array = np.load(tmp_path / "a.npy")
    assert array.shape == (20, 1, 8, 8) and array.dtype == np.uint8
    assert np.array_equal(array[:7], ganscope.load_generator(digits_run).sample(7)), (
        "image i depends on the seed and i alone"
    )
    assert not np.array_equal(array, ganscope.load_generator(digits_run).sample(20, seed=1))
    assert main(["sample", str(digits_run), "-n", "5", "--out", str(tmp_path / "folder"), "--snapshot", "last"]) == 0
    assert len(list((tmp_path / "folder").iterdir())) == 5
    with Image.open(tmp_path / "folder" / "00000.png") as image:
        assert image.size == (8, 8)
    assert main(["sample", str(digits_run), "--walk", "--out", str(tmp_path / "walk.mp4")]) == 0
    assert (tmp_path / "walk.mp4").stat().st_size > 1000


def test_single_files_and_frames_of_a_walk_hold_the_pixels(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 3, 5, 7), dtype=np.uint8)
    for path, image in zip(save_images(images, tmp_path / "new"), images, strict=True):
        with Image.open(path) as opened:
            assert np.array_equal(np.asarray(opened), image.transpose(1, 2, 0))
    frames = walk_frames(images[None, :2])
    scale = scale_for(7, 192)
    assert frames.shape[1] % 2 == frames.shape[2] % 2 == 0 and frames.shape[0] == 1
    assert np.array_equal(frames[0], image_grid(images[:2], scale=scale)[: frames.shape[1], : frames.shape[2]])
