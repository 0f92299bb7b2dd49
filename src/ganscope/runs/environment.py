"""What a run was made with: versions, machine, git commit. Written once, for whoever has to repeat it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

PACKAGES = ("ganscope", "torch", "numpy", "scipy", "pillow", "scikit-learn", "faiss-cpu", "numba")


def describe(*, command: list[str], backend_reason: str, threads: int, dataset: dict[str, Any]) -> dict[str, Any]:
    """A JSON-able description of the program, the machine and the data."""
    return {
        "command": command,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "backend": backend_reason,
        "packages": {name: _version(name) for name in PACKAGES},
        "git": _git_commit(),
        "dataset": dataset,
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _git_commit() -> str | None:
    """The commit of the ganscope in use, `+changes` when its tree differs; None outside a checkout."""
    here = Path(__file__).resolve().parent
    try:

        def git(*words: str) -> str:
            done = subprocess.run(
                ["git", "-C", str(here), *words], capture_output=True, text=True, timeout=5, check=True
            )
            return done.stdout.strip()

        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--", str(here)) else "")
    except (OSError, subprocess.SubprocessError):
        return None
