"""The page of any run, or of several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ganscope.page import write_report
from ganscope.runs import Run


def write_page(runs: Sequence[Run], out: Path | None = None, *, profile: str = "default") -> Path:
    """One run, or up to four side by side, as one self-contained HTML file; returns its path.

    Raises:
        RunError: a toy has no frame yet, or the file cannot be written.
    """
    first, *others = runs
    for run in runs:
        if run.has_points:
            from ganscope.toys import prepare_page

            prepare_page(run)
    return write_report(first, out, compare=others, profile=profile)
