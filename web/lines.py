"""Writes web/src/lines.ts from ganscope.runs.lines: `python web/lines.py`, or `--check` to fail where they differ."""

from __future__ import annotations

import sys
from pathlib import Path

from ganscope.runs import lines_as_typescript

TARGET = Path(__file__).parent / "src" / "lines.ts"


def main() -> int:
    text = lines_as_typescript()
    if "--check" in sys.argv[1:]:
        if TARGET.read_text(encoding="utf-8") != text:
            print("web/src/lines.ts differs from ganscope/runs/lines.py: run python web/lines.py", file=sys.stderr)
            return 1
        return 0
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
