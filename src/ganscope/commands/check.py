"""`ganscope check DATA`: a look at a data set before anything is trained on it."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from ganscope.commands.options import DATA_HELP, size_read
from ganscope.config import Config

HELP = "look at a data set before training: bad files, sizes, duplicates, classes"
EPILOG = ""
# Fields of `Config` that decide how data are read: what `check` shows with them is what `train` takes with them.
WISHES = (
    "channels", "fit", "background", "value_range", "labels", "label_column", "splits", "only", "every", "holdout",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help=DATA_HELP)
    parser.add_argument("--size", type=size_read, metavar="N|HxW", help="image side, or height x width, in pixels")
    docs = {field.name: field.metadata["doc"].replace("%", "%%") for field in dataclasses.fields(Config)}
    for name in WISHES:
        kind = int if name in ("channels", "every") else float if name == "holdout" else str
        flag = "--" + name.replace("_", "-")
        parser.add_argument(flag, type=kind, default=argparse.SUPPRESS, metavar="X", help=docs[name])
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
    wishes = {name: value for name, value in vars(arguments).items() if name in WISHES}
    report = examine(arguments.data, size=arguments.size, progress=Progress().say, **wishes)
    draw_contact_sheet(report, arguments.sheet)
    print(render(report))
    print(f"contact sheet: {arguments.sheet}")
    return 0
