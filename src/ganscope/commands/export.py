"""`ganscope export RUN`: the generator out of its run, to be sampled without ganscope."""

from __future__ import annotations

import argparse
from pathlib import Path

from ganscope.commands.options import add_run, add_snapshot, snapshot_named
from ganscope.errors import ConfigError
from ganscope.export import EXPORTERS

HELP = "write the generator for other programs: ONNX, safetensors, the Hugging Face Hub; or images"
EPILOG = """examples:
  ganscope export runs/00000-mnist-r3dcgan --onnx
  ganscope export RUN --onnx digits.onnx --safetensors digits/
  ganscope export RUN --hub model/ --license mit --upload ada/digits
  ganscope export RUN --space page/
  ganscope export RUN --images data/ --per-class 1000 --drop-mistaken
  ganscope export RUN --images data/ --like-data 60000 --layout npz"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    for name, exporter in EXPORTERS.items():
        where = f" (default: {exporter.place} in the run)" if exporter.place else ""
        parser.add_argument(
            f"--{name}",
            type=Path,
            nargs="?" if exporter.place else None,
            const=exporter.place and Path(),
            metavar="PATH" if exporter.place else "DIR",
            help=exporter.help + where,
        )
    add_snapshot(parser)
    parser.add_argument(
        "--license", metavar="NAME", help="licence of the weights, for the card, such as mit or cc-by-4.0"
    )
    parser.add_argument("--upload", metavar="OWNER/NAME", help="also put the --hub or --space folder on the Hub")
    for exporter in EXPORTERS.values():
        if exporter.options:
            exporter.options(parser)


def run(arguments: argparse.Namespace) -> int:
    from ganscope.runs import Run

    opened = Run.open(arguments.run)
    asked = {name: place for name in EXPORTERS if (place := getattr(arguments, name)) is not None}
    if not asked:
        raise ConfigError(
            "export what?",
            found="no kind of export",
            todo=f"add one of: {', '.join(f'--{name}' for name in EXPORTERS)}",
        )
    if arguments.upload and len(asked.keys() & {"hub", "space"}) != 1:
        raise ConfigError(
            "--upload needs one folder to upload",
            found=" and ".join(f"--{name}" for name in asked),
            todo="give it with --hub DIR or with --space DIR",
        )
    options = vars(arguments) | {"snapshot": snapshot_named(arguments.snapshot)}
    for name, place in asked.items():
        default = EXPORTERS[name].place
        for line in EXPORTERS[name].write(
            opened, opened.product(default) if default and place == Path() else place, options
        ):
            print(line)
    return 0
