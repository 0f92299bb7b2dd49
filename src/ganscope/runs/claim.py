"""The directory of a new run: the next number, for one process alone."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from pathlib import Path

from ganscope.files import make_directory


def claim_run_path(root: Path, data: str, preset: str) -> Path:
    """Make the next free directory, for this process alone: two that start at once get one each.

    Raises:
        RunError: it cannot be made.
    """
    while True:
        path = next_run_path(root, data, preset)
        with contextlib.suppress(FileExistsError):
            make_directory(path, new=True)
            return path


def next_run_path(root: Path, data: str, preset: str) -> Path:
    """The next free `00012-mnist-mlp` in a folder of runs."""
    taken: Iterable[int] = (
        int(path.name.split("-")[0]) for path in root.glob("*-*") if path.name.split("-")[0].isdecimal()
    )
    label = re.sub(r"[^A-Za-z0-9]+", "-", Path(data).stem or "data").strip("-").lower()[:40] or "data"
    return root / f"{max(taken, default=-1) + 1:05d}-{label}-{preset}"
