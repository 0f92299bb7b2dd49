"""`ganscope report RUN [RUN]`: a run, or two side by side, as one HTML file that opens offline."""

from __future__ import annotations

import argparse
from pathlib import Path

from ganscope.errors import ConfigError

HELP = "write a run, or two side by side, as one self-contained HTML file"
EPILOG = "examples:\n  ganscope report runs/00000-a\n  ganscope report runs/00000-a runs/00001-b --out both.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from ganscope.page import PROFILES

    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="one run, or two to compare")
    parser.add_argument("--out", type=Path, help="the file (default: report.html in the first run)")
    parser.add_argument(
        "--profile", choices=list(PROFILES), default="default", help="how many images, and how well (default: default)"
    )


def run(arguments: argparse.Namespace) -> int:
    from ganscope.launch import write_page
    from ganscope.runs import Run

    if len(arguments.runs) > 2:
        raise ConfigError("report shows one run or two", found=f"{len(arguments.runs)} runs", todo="name at most two")
    print(write_page([Run.open(path) for path in arguments.runs], arguments.out, profile=arguments.profile))
    return 0
