"""`ganscope train`: a run has everything, is resumed, and its findings decide the exit status."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fixtures.commandline import FAST, fails
from ganscope.cli import main
from ganscope.commands.train import add_settings, preset_values
from ganscope.config import PRESETS
from ganscope.runs.run import Run


def test_a_run_has_everything_a_run_records(digits_run: Path) -> None:
    run = Run.open(digits_run)
    assert run.finished() and run.history() and run.lines("test") and run.evals() and run.lines("timing")
    assert {"d_loss", "g_loss", "d_real", "d_fake_before", "d_fake_after", "value", "jsd_bound"} <= run.history()[
        0
    ].keys()
    assert run.samples()[0] == 0 and len(run.samples()) > 3
    assert np.load(run.sample_path(0, ".npy")).shape == (128, 1, 8, 8)
    for name in ("curves.png", "grid.mp4", "grid.gif", "report.html"):
        assert run.product(name).stat().st_size > 1000, name
    assert "16,448" not in run.networks() and "parameters" in run.networks()
    assert run.environment()["dataset"]["num_train"] == 1438
    line = run.evals()[-1]
    assert line["verdict"] and line["metrics"]["frechet"]["floor"] > 0


def test_the_same_command_resumes_and_a_finished_run_is_not_repeated_blindly(tmp_path: Path) -> None:
    arguments = ["train", "digits", "--runs", str(tmp_path), "--no-metrics", "--map", "none", *FAST]
    assert main(arguments) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["00000-digits-mlp"]
    Run(tmp_path / "00000-digits-mlp").unmark_finished()  # as if it had been killed at the very end
    assert main(arguments) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["00000-digits-mlp"]
    assert main([*arguments, "--new"]) == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_resuming_with_other_settings_names_old_and_new(digits_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    err = fails(capsys, ["train", "digits", "--run", str(digits_run), "--map", "none", *FAST, "--g-lr", "0.5"])
    assert "g_lr: 0.0001 → 0.5" in err


def test_a_number_that_is_none_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "digits", "--epochs", "many"])
    assert caught.value.code == 2 and "epochs is a number, not 'many'" in capsys.readouterr().err


def test_fail_on_decides_the_exit_status(digits_run: Path) -> None:
    run = Run(digits_run)
    found = run.evals()[-1]["findings"]
    same = ["train", "digits", "--run", str(digits_run), "--map", "none", *FAST]
    for finding in found:
        assert main([*same, "--fail-on", finding["id"]]) == 3
    assert main([*same, "--fail-on", "memorisation"]) == (3 if "memorisation" in json.dumps(found) else 0)


def test_one_image_is_enough_to_train_on(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(
        tmp_path / "photos" / "a.png"
    )
    arguments = ["train", str(tmp_path / "photos"), "--size", "16", "--runs", str(tmp_path / "runs"), "--map", "none",
                 "--epochs", "64", "--batch-size", "8", *FAST[4:]]  # fmt: skip
    assert main(arguments) == 0


@pytest.mark.parametrize(
    ("line", "preset"),
    [
        ("train digits --preset plain", "plain"),
        ("train digits --preset=hinge --help-all", "hinge"),
        ("train digits", "r3mlp"),
        ("train lfw", "r3dcgan-64"),
        ("train --preset", "r3dcgan-64"),
    ],
)
def test_the_help_shows_the_values_of_the_preset_that_is_asked_for(line: str, preset: str) -> None:
    shown = preset_values(line.split())
    assert {name: shown[name] for name in PRESETS[preset]} == PRESETS[preset]


def test_text_becomes_the_fields_type() -> None:
    parser = argparse.ArgumentParser()
    add_settings(parser, {}, everything=True)
    line = "--batch-size 1e3 --epochs none --no-flip --g-lr 2e-3 --size 64 --from model/"
    found = vars(parser.parse_args(line.split()))
    assert found == {"batch_size": 1000, "epochs": None, "flip": False, "g_lr": 2e-3, "size": 64, "start": "model/"}
    assert type(found["batch_size"]) is int and type(found["g_lr"]) is float
    for wrong in ("--batch-size 1.5", "--g-lr fast", "--batch-size none"):
        with pytest.raises(SystemExit):
            parser.parse_args(wrong.split())
