"""Rectangles and opacity from the file to the export: one short training each, everything that reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ganscope
from ganscope.cli import main
from ganscope.data import load_configured
from ganscope.export import start_settings
from ganscope.generator import load_generator
from ganscope.page import container
from ganscope.page.generator import export
from ganscope.runs import Run
from ganscope.runs.points import read_fakes, read_map_info

pytestmark = pytest.mark.slow  # half a minute of trainings; CI runs them

SMALL = ["--num-fakes", "128", "--snapshots", "1", "--threads", "1", "--quiet"]
PLAIN = [*SMALL, "--map", "none", "--no-metrics"]
QUICK = [*SMALL, "--preset", "r3dcgan", "--g-width", "8", "--d-width", "8", "--epochs"]


def planted(count: int, channels: int, height: int, width: int) -> np.ndarray:
    """`(N, H, W, C) uint8`: a bright bar at a place of its own on dark noise; a fourth channel shows the bar alone."""
    source = np.random.default_rng(0)
    images = source.integers(0, 60, (count, height, width, channels), np.uint8)
    for image, place in zip(images, source.integers(0, width - 3, count), strict=True):
        image[:, place : place + 3, :3] = source.integers(150, 256, 3)[: min(3, channels)]
        if channels == 4:
            image[..., 3] = 0
            image[:, place : place + 3, 3] = 255
    return images


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    np.save(folder / "long.npy", planted(160, 3, 8, 16))
    assert main(["train", str(folder / "long.npy"), "--run", str(folder / "run"), "--map", "pca", *QUICK, "0.5"]) == 0
    return folder / "run"


def test_a_rectangle_is_one_everywhere(long_run: Path, tmp_path: Path) -> None:
    run = Run.open(long_run)
    assert run.config().size == (8, 16)
    seen = run.samples()[-1]
    assert np.load(run.sample_path(seen, ".npy")).shape == (128, 3, 8, 16)
    with Image.open(run.sample_path(seen, ".png")) as sheet:
        assert sheet.width > sheet.height
    info = read_map_info(run.real_map_info_path)
    assert info is not None and (info.stored["thumb"]["width"], info.stored["thumb"]["height"]) == (16, 8)
    fakes = read_fakes(run.map_path(seen))
    assert fakes is not None and fakes.images is not None and fakes.images.shape[1:] == (3, 8, 16)
    assert "frechet" in run.evals()[-1]["metrics"]
    page, _ = container.decode(export(run).blob)
    assert page["shape"] == [3, 8, 16] and page["off"]["most"] <= 3 and page["landing"], (
        "the page makes them and places them"
    )
    assert main(["sample", str(long_run), "-n", "3", "--out", str(tmp_path / "made")]) == 0
    with Image.open(sorted((tmp_path / "made").glob("*.png"))[0]) as image:
        assert image.size == (16, 8)


def test_a_rectangle_leaves_and_resumes(long_run: Path, tmp_path: Path) -> None:
    assert main(["export", str(long_run), "--onnx", str(tmp_path / "g.onnx")]) == 0  # checked against the run
    assert main(["export", str(long_run), "--safetensors", str(tmp_path / "plain")]) == 0
    assert start_settings(tmp_path / "plain", {"size": (8, 16)})[1]["size"] == (8, 16)
    data = Run.open(long_run).config().data
    assert main(["train", data, "--run", str(long_run), "--map", "pca", *QUICK, "0.9"]) == 0
    assert Run.open(long_run).config().epochs == 0.9


@pytest.mark.parametrize("preset", ["mlp", "r3gan"])
def test_the_other_networks_train_on_rectangles(preset: str, tmp_path: Path) -> None:
    np.save(tmp_path / "tall.npy", planted(160, 1, 12, 8)[..., 0])
    arguments = ["train", str(tmp_path / "tall.npy"), "--size", "12x8", "--run", str(tmp_path / "run"), *PLAIN]
    changes = ["--augment", "translation,cutout", "--augment-strength", "0.5"]
    assert main([*arguments, *changes, "--preset", preset, "--epochs", "0.3"]) == 0
    assert load_generator(tmp_path / "run", "last").sample(2).shape == (2, 1, 12, 8)


def test_arrays_in_python_keep_their_shape(tmp_path: Path) -> None:
    images = planted(160, 3, 8, 16)
    plain: Any = dict(preset="mlp", map="none", metrics=False, epochs=0.1, num_fakes=128, snapshots=1, quiet=True)
    assert ganscope.train(images, run=tmp_path / "own", **plain).config.size == (8, 16)
    assert ganscope.train(images, run=tmp_path / "square", size=8, **plain).config.size == 8


@pytest.fixture(scope="module")
def clear_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clear")
    (folder / "icons").mkdir()
    for number, image in enumerate(planted(140, 4, 8, 8)):
        Image.fromarray(image).save(folder / "icons" / f"{number}.png")
    data = [str(folder / "icons"), "--channels", "4"]
    assert main(["train", *data, "--run", str(folder / "run"), "--map", "none", *QUICK, "0.5"]) == 0
    return folder / "run"


def test_opacity_goes_in_and_comes_out(clear_run: Path, tmp_path: Path) -> None:
    run = Run.open(clear_run)
    train = load_configured(run.settings()).train.images
    assert run.config().channels == 4 and train.shape[1:] == (4, 8, 8)
    hidden = train[:, 3] == 0
    assert hidden.any() and all((train[:, k][hidden] == 255).all() for k in range(3)), "no colour where nothing is seen"
    assert main(["sample", str(clear_run), "-n", "2", "--out", str(tmp_path / "made")]) == 0
    with Image.open(tmp_path / "made" / "00000.png") as image:
        assert (image.mode, image.size) == ("RGBA", (8, 8))
        made = np.asarray(image).transpose(2, 0, 1)
    assert np.array_equal(made, load_generator(clear_run).sample(2)[0])
    with Image.open(run.sample_path(run.samples()[-1], ".png")) as sheet:
        assert sheet.mode == "RGB", "a sheet is drawn over checkers"
    page, _ = container.decode(export(run).blob)
    assert page["shape"] == [4, 8, 8] and page["off"]["most"] <= 3
    assert main(["export", str(clear_run), "--onnx", str(tmp_path / "g.onnx")]) == 0
    assert main(["report", str(clear_run)]) == 0
