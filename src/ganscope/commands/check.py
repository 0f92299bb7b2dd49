"""`ganscope check DATA`: a look at a data set before anything is trained on it."""

from __future__ import annotations

import argparse
from pathlib import Path

from ganscope.commands.options import DATA_HELP

HELP = "look at a data set before training: bad files, sizes, duplicates, classes"
EPILOG = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help=DATA_HELP)
    parser.add_argument("--size", type=int, help="image side in pixels of the contact sheet")
    parser.add_argument(
        "--sheet", type=Path, default=Path("contact-sheet.png"), help="where the labelled contact sheet goes"
    )


def run(arguments: argparse.Namespace) -> int:
    from ganscope.config import AUTO_PRESETS

    if AUTO_PRESETS.get(arguments.data, "").startswith("toy"):
        from ganscope.toys import TOYS

        toy = TOYS[arguments.data]
        print(f"{toy.name}: {toy.doc}; σ {toy.sigma:g}; exact, so there is nothing to check: ganscope train {toy.name}")
        return 0
    from ganscope.data import draw_contact_sheet, examine, render, require_outside
    from ganscope.progress import Progress

    require_outside(arguments.data, arguments.sheet, todo="name another place with --sheet")
    report = examine(arguments.data, size=arguments.size, progress=Progress().say)
    draw_contact_sheet(report, arguments.sheet)
    print(render(report))
    print(f"contact sheet: {arguments.sheet}")
    return 0
