"""`ganscope runs`: the list of a folder of runs, or two runs compared."""

from __future__ import annotations

import argparse
from pathlib import Path

from ganscope.errors import ConfigError

HELP = "list the runs, or compare two"
EPILOG = "examples:\n  ganscope runs\n  ganscope runs runs/00000-a runs/00001-b"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        type=Path,
        nargs="*",
        metavar="FOLDER | RUN RUN",
        help="a folder of runs (default: runs) or of a sweep, or two runs",
    )


def run(arguments: argparse.Namespace) -> int:
    from ganscope.runs import Run, compare_text, list_text

    paths: list[Path] = arguments.paths or [Path("runs")]
    if len(paths) > 2:
        raise ConfigError("runs compares two", found=f"{len(paths)} paths", todo="name a folder, or two runs")
    print(compare_text(Run.open(paths[0]), Run.open(paths[1])) if len(paths) == 2 else list_text(paths[0]))
    return 0
