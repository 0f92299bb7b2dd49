"""Exported data sets: as many as asked, the same after any interruption, in layouts that others read; marked."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.cli import main
from ganscope.data import load_dataset
from ganscope.export import data_set
from ganscope.export.data_set import Asked, classes_for, export_images
from ganscope.export.layouts import SOURCE_TYPE
from ganscope.generator import load_generator
from ganscope.runs import Run

SHORT = ["--preset", "mlp", "--epochs", "2", "--snapshots", "2", "--num-fakes", "128", "--threads", "1", "--quiet"]


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def quiet(text: str) -> None:
    pass


def test_so_many_of_each_class_with_everything_that_is_known_of_them(told: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    assert main(["export", str(told), "--images", str(out), "--per-class", "12", "--license", "cc0-1.0"]) == 0
    table = rows(out)
    assert len(table) == 120 and not (out / ".pixels").exists()
    for name in "0123456789":
        assert len(list((out / name).iterdir())) == 12
    for row in table:
        assert row["label"] == row["class_asked"] == row["file_name"].split("/")[0]
        assert 0 <= float(row["confidence"]) <= 1 and 0 <= float(row["d_score"]) <= 1
        assert float(row["nearest_training_distance"]) > 0 and 0 <= int(row["nearest_training_index"]) < 1438
    with Image.open(out / table[5]["file_name"]) as image:
        assert image.size == (8, 8) and SOURCE_TYPE in getattr(image, "text", {})["XML:com.adobe.xmp"]
    data = load_dataset(str(out))
    assert data.train.class_names == tuple("0123456789"), "ganscope reads its own layout"
    card = (out / "README.md").read_text()
    assert "No image here is real" in card and "`cc0-1.0`" in card and "no filter" in card and "0 12, 1 12" in card


def test_classes_come_as_in_the_data_and_the_images_are_those_of_the_latents(told: Path, tmp_path: Path) -> None:
    export_images(Run(told), tmp_path / "a", Asked(total=300, layout="npz", bare=True), quiet)
    with np.load(tmp_path / "a" / "dataset.npz", allow_pickle=False) as found:
        images, labels = found["images"], found["labels"]
        assert tuple(found["class_names"]) == tuple("0123456789") and str(found["source_type"]) == SOURCE_TYPE
    loaded = load_generator(told)
    counts = np.array(loaded.config.class_counts)
    assert images.shape == (300, 1, 8, 8)
    assert np.abs(np.bincount(labels, minlength=10) - 300 * counts / counts.sum()).max() < 1
    z = data_set.latents(loaded.config, data_set.BLOCK, "export 0", 0)[:300]
    assert np.array_equal(images, loaded.decode(z, data_set.torch.from_numpy(labels)))
    export_images(Run(told), tmp_path / "b", Asked(total=300, layout="npz", bare=True, seed=1), quiet)
    with np.load(tmp_path / "b" / "dataset.npz") as other:
        assert not np.array_equal(images, other["images"])


def test_an_export_that_breaks_off_goes_on_to_the_same_bytes(
    told: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_set, "BLOCK", 50)
    asked = Asked(per_class=60, drop=("strangers",), layout="csv")
    export_images(Run(told), tmp_path / "whole", asked, quiet)
    real = data_set.ImageExport.add_block
    for stop_at in (3, 5, 9):
        calls = iter(range(100))

        def breaks(self: data_set.ImageExport, pixels: object, table: object, calls=calls, stop_at=stop_at) -> None:
            if next(calls) == stop_at:
                raise KeyboardInterrupt
            real(self, pixels, table)

        monkeypatch.setattr(data_set.ImageExport, "add_block", breaks)
        with pytest.raises(KeyboardInterrupt):
            export_images(Run(told), tmp_path / "parts", asked, quiet)
    monkeypatch.setattr(data_set.ImageExport, "add_block", real)
    for name in ("dataset.zip", "README.md", "export.json"):  # what a kill while it is written leaves
        (tmp_path / "parts" / f".{name}.123.tmp").write_bytes(b"half")
    export_images(Run(told), tmp_path / "parts", asked, quiet)
    assert content(tmp_path / "whole") == content(tmp_path / "parts")
    export_images(Run(told), tmp_path / "parts", asked, quiet)  # it is whole: nothing changes
    assert content(tmp_path / "whole") == content(tmp_path / "parts")


def test_it_survives_being_killed(told: Path, tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "ganscope", "export", str(told), "--images", str(tmp_path / "killed"), "--bare",
        "--like-data", "60000", "--layout", "npz",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
    state, deadline = tmp_path / "killed" / "export.json", time.monotonic() + 60
    while not state.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not json.loads(state.read_text())["state"]["finished"], "it was killed on the way"
    assert main(command[3:]) == 0
    export_images(Run(told), tmp_path / "whole", Asked(total=60_000, bare=True, layout="npz"), quiet)
    assert content(tmp_path / "killed") == content(tmp_path / "whole")


def test_filters_leave_out_what_they_name_and_the_card_counts_it(told: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    drop = ["--drop-mistaken", "--drop-copies", "--drop-strangers"]
    assert (
        main(["export", str(told), "--images", str(out), "--like-data", "200", "--layout", "stylegan-zip", *drop]) == 0
    )
    assert all(row["class_asked"] == row["class_recognised"] for row in rows(out))
    state = json.loads((out / "export.json").read_text())["state"]
    assert sum(state["kept"]) == 200 and state["dropped"]["mistaken"] > 0
    assert state["drawn"] == 200 + state["surplus"] + sum(state["dropped"].values())
    assert f"`--drop-mistaken`: {state['dropped']['mistaken']:,}" in (out / "README.md").read_text()
    with zipfile.ZipFile(out / "dataset.zip") as archive:
        listed = json.loads(archive.read("dataset.json"))["labels"]
        assert len(listed) == 200 and set(archive.namelist()) == {name for name, _ in listed} | {"dataset.json"}
    found = load_dataset(str(out / "dataset.zip"), holdout=0.1)
    assert len(found.train.images) + len(found.test.images) == 200 and len(found.train.class_names) == 10


def test_classes_are_asked_for_as_often_as_they_are_wanted() -> None:
    assert np.bincount(classes_for(np.array([30, 0, 10]), 20), minlength=3).tolist() == [15, 0, 5]
    assert np.bincount(classes_for(np.array([3, 0, 1]), 4), minlength=3).tolist() == [3, 0, 1]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--per-class", "0"], "--per-class must be at least 1"),
        (["--per-class", "5", "--like-data", "5"], "leave one of them out"),
        (["--bare", "--drop-copies"], "have to look at the images"),
    ],
)
def test_mistakes_get_one_message(
    told: Path, tmp_path: Path, more: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(told), "--images", str(tmp_path / "x"), *more]) == 2
    assert says in capsys.readouterr().err


def test_another_export_is_not_mixed_into_a_folder(
    told: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "set"
    arguments = ["export", str(told), "--images", str(out), "--bare", "--layout", "npz"]
    assert main([*arguments, "--like-data", "20"]) == 0
    assert main([*arguments, "--like-data", "30"]) == 2
    assert "holds another export" in capsys.readouterr().err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    assert main(["export", str(told), "--images", str(tmp_path / "mine"), "--bare"]) == 2
    assert "is not empty" in capsys.readouterr().err


def test_without_a_condition_the_classifier_labels_and_the_card_says_so(tmp_path: Path) -> None:
    plain, out = tmp_path / "plain", tmp_path / "set"
    assert main(["train", "digits", "--run", str(plain), *SHORT, "--map", "none", "--no-metrics"]) == 0
    assert main(["export", str(plain), "--images", str(out), "--like-data", "50"]) == 0
    assert all(row["class_asked"] == "" and row["label"] == row["class_recognised"] for row in rows(out))
    assert "distillation of that classifier" in (out / "README.md").read_text()
