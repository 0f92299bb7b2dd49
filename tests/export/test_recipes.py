"""The lines of the card run where ganscope is not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ganscope
from ganscope.cli import main
from ganscope.export import onnx_file
from ganscope.export.folder import description
from ganscope.export.recipes import onnx_lines, pytorch_lines
from ganscope.export.taken import require_same, take
from ganscope.runs import Run

# Runs what follows where ganscope cannot be imported: a finder before all others refuses it.
WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "ganscope":
            raise ModuleNotFoundError("no ganscope here", name=name)
sys.meta_path.insert(0, Absent())
"""


@pytest.fixture(scope="module")
def folder(run_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("folder") / "digits"
    assert main(["export", str(run_path), "--safetensors", str(out)]) == 0
    return out


def test_the_lines_of_the_card_sample_where_ganscope_is_not(
    run_path: Path, residual_path: Path, toy_path: Path, tmp_path: Path
) -> None:
    """As they are, and once more with the run's latents in the place of random ones."""
    programs = [WITHOUT + "import os\n"]
    for run in (run_path, residual_path, toy_path):
        loaded = ganscope.load_generator(run)
        folder = tmp_path / run.name
        assert main(["export", str(run), "--safetensors", str(folder)]) == 0
        lines = pytorch_lines(json.loads((folder / "config.json").read_text()))
        assert len([line for line in lines.splitlines() if line.strip()]) <= 13 and "ganscope" not in lines
        np.save(folder / "z.npy", loaded.latents(16).numpy())
        given = 'g(torch.from_numpy(__import__("numpy").load("z.npy")))'
        fixed, count = re.subn(r"g\(torch\..*\)(?=\n|  #)", given, lines)
        assert count == 1
        made = "points" if loaded.run.has_points else "images"
        save = f'__import__("numpy").save("made.npy", {made}.numpy())\n'
        programs.append(f"os.chdir({str(folder)!r})\n{lines}\n{fixed}\n{save}")
    program = "\n".join([*programs, 'assert "ganscope" not in sys.modules'])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for run in (run_path, residual_path, toy_path):
        require_same(ganscope.load_generator(run).sample(16), np.load(tmp_path / run.name / "made.npy"), "the lines")


def test_the_lines_of_the_card_run_on_onnxruntime_alone(run_path: Path, tmp_path: Path) -> None:
    taken = take(Run.open(run_path))
    onnx_file.write_onnx(taken, tmp_path / "model.onnx")
    program = onnx_lines(description(taken)) + "\nimport sys\nassert not {'torch', 'ganscope'} & set(sys.modules)\n"
    program += "assert images.shape == (64, 1, 8, 8) and images.dtype == np.uint8 and images.std() > 1\n"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
