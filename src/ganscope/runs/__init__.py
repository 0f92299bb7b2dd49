"""Runs: one training each, a directory. Reads and writes it; everything else goes through here."""

from __future__ import annotations

from ganscope.runs.claim import claim_run_path
from ganscope.runs.environment import describe
from ganscope.runs.folder import Sweep, folders_with_runs, list_sweeps, named_runs
from ganscope.runs.growing import GrowingLines
from ganscope.runs.lines import EvalLine, FindingLine, HistoryLine, MeasuredLine, TestLine, TimingLine
from ganscope.runs.listing import compare_text, list_text
from ganscope.runs.lock import hold
from ganscope.runs.points import (
    FakePoints,
    MapInfo,
    read_fakes,
    read_images,
    read_map_info,
    read_reals,
)
from ganscope.runs.reading import parsed_line, read_arrays, read_bytes, read_json, regular
from ganscope.runs.run import LINE_FILES, Run, list_runs
from ganscope.runs.snapshot import Snapshot
from ganscope.runs.typescript import lines_as_typescript

__all__ = [
    "LINE_FILES",
    "EvalLine",
    "FakePoints",
    "FindingLine",
    "GrowingLines",
    "HistoryLine",
    "MapInfo",
    "MeasuredLine",
    "Run",
    "Snapshot",
    "Sweep",
    "TestLine",
    "TimingLine",
    "claim_run_path",
    "compare_text",
    "describe",
    "folders_with_runs",
    "hold",
    "lines_as_typescript",
    "list_runs",
    "list_sweeps",
    "list_text",
    "named_runs",
    "parsed_line",
    "read_arrays",
    "read_bytes",
    "read_fakes",
    "read_images",
    "read_json",
    "read_map_info",
    "read_reals",
    "regular",
]
