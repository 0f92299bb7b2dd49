"""The staircase: a module imports only from lower steps, and what must start fast imports no torch."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "ganscope"

# Step → modules. A module may import ganscope modules of lower steps only; siblings do not know each other.
STAIRCASE: list[set[str]] = [
    {"errors"},
    {"config"},
    {"record", "metrics.pairs", "plane", "convolution"},
    {
        "losses", "toys", "theory", "projection", "diagnosis", "atlas", "archives", "decode", "pages", "progress",
        "grid", "curves", "environment", "networks.mlp", "networks.dcgan", "networks.resnet", "networks.toy",
        "networks.classifier", "networks.encoder", "metrics.distance", "metrics.coverage", "metrics.utility",
        "metrics.memorisation", "arrays", "download", "duplicates", "sheet", "document", "toydraw", "video", "adam",
        "files",
    },
    {"networks", "metrics", "perceptron", "device", "run", "draw", "chart", "published", "imagecache", "imagefiles"},
    {"datasets", "features", "state", "monitor", "exhibit", "toyfilm"},
    {"step", "layout", "toyreport"},
    {"train", "evaluate", "report", "view", "film", "sample", "check", "compare", "judge", "penalty", "toyjudge"},
    {"launch", "notebook"},
    {"cli", ""},
    {"__main__"},
]  # fmt: skip
NO_TORCH = [
    "errors", "config", "files", "run", "diagnosis", "report", "view", "atlas", "pages", "compare", "cli", "exhibit",
    "",
]  # fmt: skip


def modules() -> dict[str, Path]:
    found = {}
    for path in SOURCE.rglob("*.py"):
        name = (
            ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__").removesuffix("__init__")
        )
        found[name] = path
    return found


def imports_of(path: Path) -> set[str]:
    """Names under `ganscope` that a file imports, anywhere in it."""
    known, found = modules(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "ganscope"}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ganscope":
            assert node.level == 0
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full.removeprefix("ganscope.") in known else str(node.module))
    return {name.removeprefix("ganscope").removeprefix(".") for name in found}


def test_every_module_has_a_step_and_imports_only_downwards() -> None:
    step_of = {name: step for step, names in enumerate(STAIRCASE) for name in names}
    problems = []
    for name, path in modules().items():
        if name not in step_of:
            problems.append(f"{name or '__init__'} is missing from the table")
            continue
        for imported in imports_of(path):
            if imported not in step_of:
                problems.append(f"{name} imports {imported}, which is missing from the table")
            elif step_of[imported] >= step_of[name]:
                problems.append(f"{name} (step {step_of[name]}) imports {imported} (step {step_of[imported]})")
    assert not problems, "\n".join(sorted(problems))


def test_files_stay_readable() -> None:
    long = {
        name: n for name, path in modules().items() if (n := len(path.read_text(encoding="utf-8").splitlines())) > 420
    }
    assert not long, f"split these by noun: {long}"


@pytest.mark.parametrize("name", NO_TORCH)
def test_starts_where_torch_is_absent(name: str) -> None:
    module = f"ganscope.{name}".rstrip(".")
    code = f"import sys; sys.modules['torch'] = None; import {module}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
