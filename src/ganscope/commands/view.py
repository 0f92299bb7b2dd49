"""`ganscope view RUN [RUN]`: the page of a run in the browser, live while it trains."""

from __future__ import annotations

import argparse
from pathlib import Path

from ganscope.errors import ConfigError

HELP = "show a run, or two side by side, in the browser, live while it trains"
EPILOG = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="one run, or two to compare")
    parser.add_argument("--port", type=int, default=0, help="port on localhost (default: a free one)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")


def run(arguments: argparse.Namespace) -> int:
    from ganscope.page import serve
    from ganscope.runs import Run

    if len(arguments.runs) > 2:
        raise ConfigError("view shows one run or two", found=f"{len(arguments.runs)} runs", todo="name at most two")
    opened = [Run.open(path) for path in arguments.runs]
    for one in opened:
        one.require_images(f"its page is a file: ganscope report {one.path}")
    serve([one.path for one in opened], port=arguments.port, open_browser=not arguments.no_browser)
    return 0
