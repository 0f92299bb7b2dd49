"""A conditional generator: asked for a class on the command line, in Python, and out of an exported folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganscope
from ganscope.cli import main
from ganscope.errors import ConfigError
from ganscope.export.recipes import pytorch_lines
from ganscope.generator import load_generator

SHORT = ["--preset", "mlp", "--epochs", "1", "--snapshots", "2", "--num-fakes", "128", "--threads", "1", "--quiet"]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("told") / "run"
    more = ["--conditional", "--map", "none", "--no-metrics"]
    assert main(["train", "digits", "--run", str(path), *SHORT, *more]) == 0
    return path


def test_one_class_is_asked_for_by_name(told: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "threes.npy"
    assert main(["sample", str(told), "--class", "3", "-n", "300", "--out", str(out)]) == 0
    threes, loaded = np.load(out), load_generator(told)
    assert threes.shape == (300, 1, 8, 8)
    assert np.array_equal(threes[:20], ganscope.Run(told).sample(20, only=3))
    assert not np.array_equal(threes[:20], loaded.sample(20, only="4"))
    grid = loaded.by_class(5)
    assert grid.shape == (10, 5, 1, 8, 8) and np.array_equal(grid[3], threes[:5]), "the same latents in every row"
    assert main(["sample", str(told), "--by-class", "-n", "4", "--out", str(tmp_path / "grid.png")]) == 0
    with Image.open(tmp_path / "grid.png") as image:
        assert image.height > 2 * image.width
    capsys.readouterr()
    for arguments, says in (
        (["--class", "ten"], "there is no class 'ten'"),
        (["--class", "3", "--by-class"], "shows every class"),
    ):
        assert main(["sample", str(told), *arguments]) == 2
        assert says in capsys.readouterr().err


def test_without_a_class_each_comes_as_often_as_in_the_data(told: Path) -> None:
    loaded = load_generator(told)
    labels = loaded.classes(600)
    assert labels is not None and len(labels) == 600
    shares = np.array(loaded.config.class_counts) / sum(loaded.config.class_counts)
    assert np.abs(np.bincount(labels.numpy(), minlength=10) - 600 * shares).max() < 4
    assert np.array_equal(loaded.sample(300)[:40], loaded.sample(40)), "image i depends on the seed and i alone"
    walk = loaded.walk(stops=2, steps=2, lanes=3)
    assert walk.shape == (4, 3, 1, 8, 8)


def test_a_training_without_classes_is_not_asked_for_one(told: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    assert main(["train", "digits", "--run", str(plain), *SHORT, "--map", "none", "--no-metrics"]) == 0
    loaded = load_generator(plain)
    assert loaded.classes(5) is None and loaded.class_names == ()
    with pytest.raises(ConfigError, match="cannot be asked for a class"):
        loaded.sample(5, only="3")


def test_an_exported_folder_keeps_the_classes(told: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    assert main(["export", str(told), "--safetensors", str(folder)]) == 0
    made, loaded = ganscope.load_generator(folder), load_generator(told)
    assert made.class_names == tuple("0123456789")
    for only in (None, "7"):
        apart = made.sample(50, only=only).astype(int) - loaded.sample(50, only=only)
        assert np.abs(apart).max() <= 1
    lines = pytorch_lines(json.loads((folder / "config.json").read_text())) + "print(tuple(images.shape))"
    done = subprocess.run([sys.executable, "-c", lines], cwd=folder, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "(16, 1, 8, 8)", done.stderr


def test_a_walk_is_closed_and_smooth(digits_run: Path) -> None:
    walk = ganscope.load_generator(digits_run).walk(stops=3, steps=16).astype(float)
    jumps = np.abs(np.diff(np.concatenate([walk, walk[:1]]), axis=0)).mean(axis=(1, 2, 3, 4))
    assert walk.shape == (48, 1, 1, 8, 8) and jumps.max() < 5 * jumps.mean()
