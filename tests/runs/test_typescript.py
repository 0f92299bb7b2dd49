"""The types of the page are those of the lines."""

from __future__ import annotations

from pathlib import Path

from ganscope.runs.typescript import lines_as_typescript

ROOT = Path(__file__).parents[2]


def test_the_pages_types_are_generated_from_these() -> None:
    written = (ROOT / "web" / "src" / "lines.ts").read_text(encoding="utf-8")
    assert written == lines_as_typescript(), "run: python web/lines.py"
