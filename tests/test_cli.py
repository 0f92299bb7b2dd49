"""The command line: a run from data to pictures, resumed, sampled, compared; mistakes get one message and status 2."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganscope
from ganscope.cli import main
from ganscope.runs.run import Run

# Small enough for a test, whole enough to go through every part but the map, which has a test of its own.
FAST = ["--preset", "mlp", "--epochs", "3", "--snapshots", "2", "--num-fakes", "128", "--threads", "1", "--quiet"]


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One trained run for the tests that only look at it."""
    path = tmp_path_factory.mktemp("runs") / "00000-digits-mlp"
    assert main(["train", "digits", "--run", str(path), "--map", "none", *FAST]) == 0
    return path


def fails(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """Run a command that must fail as a user's mistake: status 2, one message that says what to do, no traceback."""
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("ganscope: ") and "next:" in err and "Traceback" not in err
    return err


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


def test_an_impossible_port_is_one_clear_error(digits_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "port 99999 cannot be used" in fails(capsys, ["view", str(digits_run), "--port", "99999", "--no-browser"])


def test_damaged_lines_cost_themselves_only(digits_run: Path, tmp_path: Path) -> None:
    run = Run(shutil.copytree(digits_run, tmp_path / "run"))
    whole = run.history()
    with run.lines_path("history").open("ab") as file:
        file.write(b'\xff{"images_seen": 1}\nnull\n[1]\n')
    assert run.history() == whole
    run.product("finished.json").write_text("{")
    assert run.summary() == {}
    assert main(["runs", str(tmp_path)]) == 0


def test_a_walk_is_closed_and_smooth(digits_run: Path) -> None:
    walk = ganscope.load_generator(digits_run).walk(stops=3, steps=16).astype(float)
    jumps = np.abs(np.diff(np.concatenate([walk, walk[:1]]), axis=0)).mean(axis=(1, 2, 3, 4))
    assert walk.shape == (48, 1, 1, 8, 8) and jumps.max() < 5 * jumps.mean()


def test_listing_and_comparing(digits_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", str(digits_run.parent)]) == 0
    assert "00000-digits-mlp" in capsys.readouterr().out
    assert main(["runs", str(digits_run), str(digits_run)]) == 0
    assert "the settings are the same" in capsys.readouterr().out


def test_python_api_and_notebook_object(digits_run: Path) -> None:
    run = ganscope.Run(digits_run)
    assert run.sample(3).shape == (3, 1, 8, 8)
    assert run.verdict and run.verdict in repr(run)
    shown = run._repr_html_()
    assert shown.count("data:image/png;base64,") == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train", "mnst"], "did you mean 'mnist'"),
        (["train", "digits", "--preset", "dcgna"], "did you mean 'dcgan'"),
        (["train", "digits", "--objective", "hing"], "hinge"),
        (["train", "digits", "--device", "cuda:7"], "--device cpu"),
        (["train", "digits", "--size", "0"], "--size must be at least"),
        (["train", "digits", "--fail-on", "mode_colapse"], "did you mean 'mode_collapse'"),
        (["train", "digits", "--eval-every", "0"], "--eval-every must be at least"),
        (["train", "digits", "--best-by", "frechett"], "did you mean 'frechet'"),
        (["train", "digits", "--network", "toy"], "points, not images"),
        (["train", "ring", "--flip"], "points, not images"),
        (["train", "gaussian", "--conditional"], "needs several classes"),
        (["train", "digits", "--conditional", "--pack", "2"], "cannot go together"),
        (["train", "digits", "--class-balance", "uniform"], "add --conditional"),
        (["train", "ring", "--network", "mlp"], "points, not images"),
        (["train", "digits", "--preset", "dcgan", "--gradient-penalty", "10"], "--d-norm none"),
        (["train", "ring", "--stop", "auto"], "scores and no findings"),
        (["train", "digits", "--no-metrics", "--stop", "auto"], "--stop auto needs measurements"),
        (["train", "digits", "--no-metrics", "--fail-on", "mode_collapse"], "--fail-on needs measurements"),
        (["train", "."], "lies among the images"),
        (["check", "."], "lies among the images"),
        (["check", "digits", "--size", "0"], "out of range"),
        (["evaluate", "nowhere", "-n", "3"], "-n must be at least 128"),
        (["sample", "nowhere"], "is not a run"),
        (["runs", "a", "b", "c"], "compares two"),
        (["view", "nowhere"], "is not a run"),
        (["check", "nowhere"], "no data set"),
    ],
)
def test_mistakes_get_one_message(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert says in fails(capsys, arguments)
    assert not list(tmp_path.glob("runs/*/config.json"))


def test_a_number_that_is_none_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "digits", "--epochs", "many"])
    assert caught.value.code == 2 and "epochs is a number, not 'many'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["", "train", "sample", "view", "report", "film", "evaluate", "check", "runs"])
def test_help_explains_every_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"] if command else ["--help"])
    assert caught.value.code == 0 and len(capsys.readouterr().out) > 150


def test_a_toy_needs_no_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "ring"]) == 0
    assert "8 narrow Gaussians" in capsys.readouterr().out


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
