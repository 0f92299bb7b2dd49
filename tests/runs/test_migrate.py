"""Runs that older versions wrote: every command still works on them. `fixtures/runs` holds small ones, for good."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from ganscope.cli import main
from ganscope.errors import RunError
from ganscope.page.contents import index
from ganscope.runs.migrate import FORMAT
from ganscope.runs.run import Run

OLD = Path(__file__).parent.parent / "fixtures" / "runs"
NAMES = sorted(path.name.removesuffix(".tar.gz") for path in OLD.glob("*.tar.gz"))


def unpacked(name: str, where: Path) -> Run:
    with tarfile.open(OLD / f"{name}.tar.gz") as archive:
        archive.extractall(where, filter="data")
    return Run.open(where / name.split("-", 1)[1])


@pytest.mark.parametrize("name", NAMES)
def test_every_command_works_on_an_old_run(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = unpacked(name, tmp_path)
    stored = json.loads(run.config_path.read_text())
    assert stored["format"] < FORMAT
    config = run.config()
    assert None not in config.to_dict().values()
    assert (config.r1, config.seed, config.epochs) == (stored["r1"], stored["seed"], stored["epochs"])
    path = str(run.path)
    assert main(["runs", str(tmp_path)]) == 0 and run.path.name in capsys.readouterr().out
    assert main(["runs", path, path]) == 0
    assert main(["report", path]) == 0
    assert main(["film", path]) == 0
    assert len(index(run)["snapshots"]) >= 3
    out = tmp_path / "points.npy"
    assert main(["sample", path, "--count", "8", "--out", str(out)]) == 0 and out.is_file()
    if not run.has_points:
        assert main(["evaluate", path, "--count", "128"]) == 0
    assert json.loads(run.config_path.read_text()) == stored  # reading changes nothing


@pytest.mark.slow
def test_an_old_run_is_trained_further(tmp_path: Path) -> None:
    run = unpacked("0.1.0-digits-mlp", tmp_path)
    before = run.lines_path("history").read_bytes()
    settings = ["--preset", "mlp", "--g-width", "8", "--d-width", "8", "--epochs", "3", "--num-fakes", "128"]
    arguments = ["train", "digits", *settings, "--snapshots", "1", "--map", "pca", "--run", str(run.path), "--quiet"]
    assert main(arguments) == 0
    after = run.lines_path("history").read_bytes()
    assert after.startswith(before) and len(after) > len(before)
    assert json.loads(run.config_path.read_text())["format"] == FORMAT


@pytest.mark.slow
def test_what_pilots_chose_in_an_old_run_is_kept(tmp_path: Path) -> None:
    run = unpacked("0.1.0-digits-pilot", tmp_path)
    assert json.loads(run.config_path.read_text())["choose_penalty"] == "piloted"
    assert run.piloted() and run.config().choose_penalty == "given"
    settings = ["--preset", "r3mlp", "--g-width", "8", "--d-width", "8", "--epochs", "2", "--num-fakes", "128"]
    arguments = ["train", "digits", *settings, "--choose-penalty", "pilot", "--snapshots", "1", "--map", "pca"]
    chosen = run.config().r1
    assert main([*arguments, "--run", str(run.path), "--quiet"]) == 0
    assert run.config().r1 == chosen


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"format": FORMAT + 1, "written_by": "9.9"}, "was written by ganscope 9.9, this is"),
        ({"format": FORMAT, "written_by": "9.9", "warp": 1}, "was written by ganscope 9.9, this is"),
        ({"format": 0}, "no format that this version reads"),
        ({"format": FORMAT, "seed": None}, "damaged"),
    ],
)
def test_what_cannot_be_read_says_why(changes: dict[str, object], says: str, tmp_path: Path) -> None:
    run = unpacked("0.1.0-digits-mlp", tmp_path)
    run.store_config(run.config())
    stored = json.loads(run.config_path.read_text())
    run.config_path.write_text(json.dumps(stored | changes))
    with pytest.raises(RunError, match=says):
        run.config()
