"""`ganscope report RUN [RUN …]`: a run, or up to four side by side, as one HTML file that opens offline."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "write a run, or up to four to compare, as one self-contained HTML file"
EPILOG = "examples:\n  ganscope report runs/00000-a\n  ganscope report runs/00000-a runs/00001-b --out both.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from ganscope.page import PROFILES

    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="one run, or up to four to compare")
    parser.add_argument("--out", type=Path, help="the file (default: report.html in the first run)")
    parser.add_argument(
        "--profile", choices=list(PROFILES), default="default", help="how many images, and how well (default: default)"
    )


def run(arguments: argparse.Namespace) -> int:
    from ganscope.commands.view import require_few
    from ganscope.launch import write_page
    from ganscope.runs import Run

    require_few(arguments.runs)
    print(write_page([Run.open(path) for path in arguments.runs], arguments.out, profile=arguments.profile))
    return 0
