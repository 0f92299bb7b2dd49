"""The examples run as they stand, in the frameworks that they are written for, and leave a run that was measured."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from ganscope.runs.run import Run

EXAMPLES = Path(__file__).parent.parent / "examples"
NEEDS = {"lightning_gan": "lightning", "keras_gan": "keras"}


@pytest.mark.parametrize(
    "name",
    ["labelled", *(pytest.param(name, marks=pytest.mark.slow) for name in ("pytorch_dcgan", "wgan_gp", *NEEDS))],
)
def test_every_example_leaves_a_measured_run(tmp_path: Path, name: str) -> None:
    if name in NEEDS and find_spec(NEEDS[name]) is None:
        pytest.skip(f"the example is written for {NEEDS[name]}: pip install ganscope[test]")
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), "--steps", "6", "--out", str(tmp_path / "run")]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path,
        env=dict(os.environ) | {"KERAS_HOME": str(tmp_path), "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "failed" not in done.stderr, done.stderr
    run = Run.open(tmp_path / "run")
    assert run.finished() and run.product("report.html").is_file()
    history, evals = run.history(), run.evals()
    assert {"g_loss", "d_loss"} <= set(history[-1]) and history[-1]["images_seen"] % 64 == 0
    if name in NEEDS:
        assert evals[-1]["images_seen"] == history[-1]["images_seen"], "the end is a snapshot, due or not"
    assert evals[0]["metrics"]["frechet"]["value"] > 10 * evals[0]["metrics"]["frechet"]["floor"]
    assert evals[0]["metrics"]["frechet"]["num_fake"] >= 150
    assert len((EXAMPLES / f"{name}.py").read_text().splitlines()) < 80
