"""Layouts of an exported data set: each gives the images and the labels back."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.export.layouts import LAYOUTS, SOURCE_TYPE, folder_of, png, staged

RNG = np.random.default_rng(0)
NAMES = ["zebra", "ant", "zebra", "", "bee"]


@pytest.fixture(params=[1, 3])
def images(request: pytest.FixtureRequest) -> np.ndarray:
    return RNG.integers(0, 256, (len(NAMES), request.param, 4, 6), dtype=np.uint8)


def written(layout: str, images: np.ndarray, names: list[str], folder: Path) -> list[Path]:
    """Through the table and the staged pixels, as an export does it."""
    place, write = LAYOUTS[layout]
    rows = [{"label": name} for name in names]
    with (folder / "table.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["file_name", "label"])
        table.writeheader()
        table.writerows({"file_name": place(row, i), **row} for i, row in enumerate(rows))
    (folder / "pixels").write_bytes(images.tobytes())
    pairs = staged(folder / "table.csv", folder / "pixels", images.shape[1:])
    (folder / "out").mkdir()
    return write(folder / "out", pairs, images.shape[1:], len(images))


def pixels(content: bytes | Path) -> np.ndarray:
    with Image.open(io.BytesIO(content) if isinstance(content, bytes) else content) as image:
        found = np.asarray(image)
    return found[None] if found.ndim == 2 else found.transpose(2, 0, 1)


@pytest.mark.parametrize("layout", ["folders", "csv"])
def test_single_files(layout: str, images: np.ndarray, tmp_path: Path) -> None:
    (out,) = written(layout, images, NAMES, tmp_path)
    for i, (image, name) in enumerate(zip(images, NAMES, strict=True)):
        folder = (name or "images") if layout == "folders" else "images"
        assert np.array_equal(pixels(out / folder / f"{i:08d}.png"), image)


def test_an_array_with_its_classes_in_order(images: np.ndarray, tmp_path: Path) -> None:
    (path,) = written("npz", images, NAMES, tmp_path)
    with np.load(path, allow_pickle=False) as found:
        assert np.array_equal(found["images"], images)
        assert found["class_names"].tolist() == ["ant", "bee", "zebra"]
        assert found["labels"].tolist() == [2, 0, 2, -1, 1] and str(found["source_type"]) == SOURCE_TYPE


def test_a_zip_as_stylegan_reads_it(images: np.ndarray, tmp_path: Path) -> None:
    (path,) = written("stylegan-zip", images[[0, 1, 2, 4]], ["zebra", "ant", "zebra", "bee"], tmp_path)
    with zipfile.ZipFile(path) as archive:
        told = json.loads(archive.read("dataset.json"))
        assert told["labels"] == [[f"00000/img{i:08d}.png", label] for i, label in enumerate([2, 0, 2, 1])]
        assert np.array_equal(pixels(archive.read(told["labels"][3][0])), images[4])


def test_every_png_says_that_it_was_generated() -> None:
    assert SOURCE_TYPE.encode() in png(np.zeros((1, 2, 2), np.uint8))


@pytest.mark.parametrize(
    ("name", "folder"), [("T-shirt/top", "T-shirt_top"), ("..", "class"), ("../../etc", "etc"), ("", "class")]
)
def test_a_class_is_one_folder_and_never_a_way_out(name: str, folder: str) -> None:
    assert folder_of(name) == folder
