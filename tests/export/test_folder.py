"""An exported folder samples as its run does, with and without ganscope, and a damaged one is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import ganscope
from ganscope.cli import main
from ganscope.errors import RunError
from ganscope.export.card import model_card
from ganscope.export.folder import ExportedGenerator, read_description
from ganscope.export.taken import require_same
from ganscope.runs import Run


@pytest.fixture(scope="module")
def folder(run_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("folder") / "digits"
    assert main(["export", str(run_path), "--safetensors", str(out)]) == 0
    return out


def test_the_samples_are_those_of_the_run(run_path: Path, folder: Path) -> None:
    expected, made = ganscope.load_generator(run_path), ganscope.load_generator(folder)
    require_same(expected.sample(300, seed=3), made.sample(300, seed=3), "the folder")
    assert made.walk(stops=2, steps=3).shape == (6, 1, 1, 8, 8)
    assert isinstance(made, ExportedGenerator) and made.images_seen == expected.images_seen
    assert np.array_equal(ganscope.load_generator(run_path).sample(5), expected.sample(5)), "a run is taken as it is"


def test_every_file_says_what_wrote_it_and_none_is_a_pickle(folder: Path) -> None:
    by = f"ganscope {ganscope.__version__}"
    names = {path.name for path in folder.iterdir()}
    assert names == {"config.json", "model.safetensors", "start.safetensors"}
    for path in folder.iterdir():
        content = path.read_bytes()
        assert by.encode() in content and not content.startswith((b"PK", b"\x80"))


def test_a_folder_does_not_name_the_disk_it_comes_from(run_path: Path, tmp_path: Path) -> None:
    run = shutil.copytree(run_path, tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    config["data"] = "/home/ada/secret/photos"
    (run / "config.json").write_text(json.dumps(config))
    environment = json.loads((run / "environment.json").read_text())
    environment["dataset"]["name"] = "/home/ada/secret/photos"
    (run / "environment.json").write_text(json.dumps(environment))
    out = tmp_path / "hub"
    assert main(["export", str(run), "--safetensors", str(out)]) == 0
    (out / "README.md").write_text(model_card(Run(run), read_description(out), license=None))
    for path in out.iterdir():
        assert b"secret" not in path.read_bytes(), path.name
    assert "photos" in (out / "README.md").read_text()


DAMAGE = {
    "no config.json": lambda folder: (folder / "config.json").unlink(),
    "cut short": lambda folder: (folder / "config.json").write_text('{"format": '),
    "nested without end": lambda folder: (folder / "config.json").write_text("[" * 100_000),
    "a list": lambda folder: (folder / "config.json").write_text("[]"),
    "another format": lambda folder: change(folder, format="ganscope-export-9", written_by="ganscope 7"),
    "no layers": lambda folder: change(folder, layers=None),
    "layers of another shape": lambda folder: change(folder, shape=[3, 64, 64]),
    "no weights": lambda folder: (folder / "model.safetensors").unlink(),
    "half the weights": lambda folder: (folder / "model.safetensors").write_bytes(
        (folder / "model.safetensors").read_bytes()[:5000]
    ),
    "a pickle": lambda folder: (folder / "model.safetensors").write_bytes(b"\x80\x04\x95cposix\nsystem\n."),
    "a setting that cannot be": lambda folder: change(folder, training={"latent_dim": -1}),
}


def change(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_one_clear_error(case: str, folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    DAMAGE[case](copy)
    with pytest.raises(RunError) as error:
        ganscope.load_generator(copy)
    assert case != "another format" or ("ganscope 7" in str(error.value) and ganscope.__version__ in str(error.value))


def test_settings_of_a_later_version_do_not_hinder_sampling(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    training = json.loads((copy / "config.json").read_text())["training"]
    change(copy, training=training | {"quantum": True})
    assert np.array_equal(ganscope.load_generator(copy).sample(4), ganscope.load_generator(folder).sample(4))


def test_nothing_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no whole exported generator"):
        ganscope.load_generator(tmp_path / "nothing")
