"""The doctor answers on any machine, and gives nobody away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ganscope
from ganscope.cli import main
from ganscope.commands import doctor

# Where an installation is broken, the doctor is what has to work.
ALONE = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "pooch", "imageio_ffmpeg", "scipy", "numba", "faiss", "sklearn"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from ganscope.commands import doctor
sys.exit(doctor.run(None))
"""
WITHOUT_TORCH = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
sys.meta_path.insert(0, Absent())
from ganscope.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_it_says_what_a_report_needs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANSCOPE_DATA", str(Path.home() / "secret" / "photos"))
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert f"version          {ganscope.__version__}" in out and sys.version.split()[0] in out
    for word in ("convolutions", "perceptrons", "torch", "numba", "ffmpeg", "writable", "cpu"):
        assert word in out
    assert str(Path.home()) + os.sep not in out and f"~{os.sep}secret" in out


def test_it_works_where_nothing_else_does() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "not possible: No module named 'torch'" in done.stdout and "films" in done.stdout


def test_extras_are_read_from_the_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["torch>=2.4", 'onnx>=1.16; extra == "export"', "nowhere-to-be-found>=1; extra == 'maps'"]
    monkeypatch.setattr(doctor.importlib.metadata, "requires", lambda name: asked)
    assert doctor.requirements("export") == ["onnx"] and doctor.requirements("maps") == ["nowhere-to-be-found"]


def test_sizes() -> None:
    assert [doctor.size(n) for n in (0, 999, 12_345, 7.5e9, 2e12)] == ["0 B", "999 B", "12 kB", "8 GB", "2.0 TB"]


def test_a_command_that_needs_torch_says_so_where_there_is_none(tmp_path: Path) -> None:
    program = WITHOUT_TORCH
    command = [sys.executable, "-c", program, "train", "digits", "--runs", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "needs PyTorch" in done.stderr and "Traceback" not in done.stderr
