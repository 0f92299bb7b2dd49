"""`ganscope film RUN`: the film of a training."""

from __future__ import annotations

import argparse
from pathlib import Path

from ganscope.commands.options import add_run

HELP = "write the film of a training: map, images and curves, MP4 and GIF"
EPILOG = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument("--out", type=Path, help="the .mp4 (default: film.mp4 in the run)")


def run(arguments: argparse.Namespace) -> int:
    from ganscope.runs import Run

    filmed = Run.open(arguments.run)
    if filmed.has_points:
        from ganscope.toys import write_toy_film as make_film
    else:
        from ganscope.film import make_film
    for path in make_film(filmed, out=arguments.out):
        print(path)
    return 0
