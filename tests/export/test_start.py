"""A training that begins from another's weights: its networks, its first images, exact resume."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import ganscope
from ganscope.cli import main
from ganscope.errors import ConfigError, RunError
from ganscope.export import start_settings
from ganscope.runs import Run
from ganscope.training import START_FILE, fixed_latents, read_start

FAST = ["--epochs", "1", "--snapshots", "2", "--num-fakes", "128", "--no-metrics", "--map", "none", "--quiet"]


@pytest.fixture(scope="module")
def folder(run_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("start") / "digits"
    assert main(["export", str(run_path), "--safetensors", str(out)]) == 0
    return out


def begun(path: Path, start: Path, *more: str) -> Run:
    assert main(["train", "digits", "--run", str(path), "--from", str(start), *FAST, *more]) == 0
    return Run.open(path)


def test_both_networks_come_along(run_path: Path, folder: Path) -> None:
    run = Run.open(run_path)
    exported, kept = read_start(folder), read_start(run_path)
    newest = torch.load(run.checkpoints()[-1], weights_only=True)
    for weights in (exported, kept):
        assert {key: tensor.tolist() for key, tensor in weights["d"].items()} == {
            key: tensor.tolist() for key, tensor in newest["d"].items()
        }
        assert all(
            torch.equal(weights["g"][key], tensor)
            for key, tensor in ganscope.load_generator(run_path).g.state_dict().items()
        )


def test_the_first_images_are_those_of_the_start(run_path: Path, folder: Path, tmp_path: Path) -> None:
    """The untrained snapshot of the new run is the generator it began from; its settings are the networks' own."""
    run = begun(tmp_path / "run", folder, "--precision", "float32", "--ema-half-life", "0")
    source = ganscope.load_generator(run_path)
    shown = fixed_latents(run.config())
    expected = source.decode(shown.z, shown.labels)
    assert np.array_equal(np.load(run.sample_path(0, ".npy")), expected)
    config, old = run.config(), source.config
    assert (config.preset, config.g_width, config.g_blur) == (old.preset, old.g_width, old.g_blur)
    assert config.start == str(folder)


@pytest.mark.slow
def test_an_interrupted_training_resumes_exactly_and_needs_the_start_no_more(folder: Path, tmp_path: Path) -> None:
    start = shutil.copytree(folder, tmp_path / "start")
    whole = begun(tmp_path / "whole", start, "--threads", "1", "--epochs", "2")
    parts = begun(tmp_path / "parts", start, "--threads", "1", "--epochs", "2", "--checkpoint-seconds", "0")
    cut = parts.checkpoints()[0]  # as a kill would have left it
    for path in parts.checkpoints()[1:]:
        path.unlink()
    parts.unmark_finished()
    assert int(cut.stem) < whole.history()[-1]["images_seen"]
    for path in start.glob("*.safetensors"):
        path.unlink()
    parts = begun(tmp_path / "parts", start, "--threads", "1", "--epochs", "2", "--checkpoint-seconds", "0")
    assert parts.history() == whole.history()
    for seen in whole.samples():
        assert np.array_equal(np.load(parts.sample_path(seen, ".npy")), np.load(whole.sample_path(seen, ".npy")))


def test_settings_of_other_networks_are_refused_by_name(run_path: Path, folder: Path) -> None:
    for start in (run_path, folder):
        preset, settings = start_settings(start, {"epochs": 3.0, "size": 8})
        assert preset == "r3dcgan-64" and settings["size"] == 8 and settings["epochs"] == 3.0
        with pytest.raises(ConfigError, match="--g-width cannot change"):
            start_settings(start, {"g_width": 77})
        with pytest.raises(ConfigError, match="--network cannot change"):
            start_settings(start, {"network": "mlp"})


def test_a_preset_of_other_networks_brings_its_rates_only(folder: Path) -> None:
    preset, settings = start_settings(folder, {}, "mlp")
    config = ganscope.make_config("digits", preset, **settings)
    assert config.network == "dcgan" and config.g_lr == 1e-4


BAD = {
    "nothing there": lambda folder: shutil.rmtree(folder),
    "no start file": lambda folder: (folder / START_FILE).unlink(),
    "a pickle": lambda folder: (folder / START_FILE).write_bytes(b"\x80\x04\x95cposix\nsystem\n."),
    "no config": lambda folder: (folder / "config.json").write_text("{}"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_start_is_one_clear_error(
    case: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = shutil.copytree(folder, tmp_path / "start")
    BAD[case](start)
    assert main(["train", "digits", "--run", str(tmp_path / "run"), "--from", str(start), *FAST]) == 2
    err = capsys.readouterr().err
    assert "next:" in err and "Traceback" not in err


def test_in_python_too(folder: Path, tmp_path: Path) -> None:
    run = ganscope.train(
        "digits", start=folder, run=tmp_path / "run", epochs=0.1, num_fakes=128, metrics=False, map="none", quiet=True
    )
    assert Run.open(run.path).config().start == str(folder)
    with pytest.raises(RunError, match="a training cannot begin"):
        ganscope.train("digits", start=tmp_path / "nothing", run=tmp_path / "other", quiet=True)
