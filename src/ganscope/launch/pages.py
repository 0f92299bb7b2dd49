"""The page of any run: a toy has one of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ganscope.page import write_report
from ganscope.runs import Run


def write_page(runs: Sequence[Run], out: Path | None = None, *, profile: str = "default") -> Path:
    """One run, or two side by side, as one self-contained HTML file; returns its path.

    Raises:
        RunError: a toy beside another run, or the file cannot be written.
    """
    first, *others = runs
    if first.has_points and not others:
        from ganscope.toys import write_toy_report

        return write_toy_report(first, out)
    return write_report(first, out, compare=others[0] if others else None, profile=profile)
