"""`ganscope train DATA`: one option for each field of `Config`; what is not given stays with the preset."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ganscope.commands.options import DATA_HELP, LOG_TO_HELP, size_read
from ganscope.config import PRESET_DOCS, PRESETS, Config, auto_preset, field_types, make_config
from ganscope.errors import ConfigError, did_you_mean
from ganscope.processes import is_first

HELP = "train a GAN, or resume a run"
EPILOG = (
    "presets:\n"
    + "\n".join(f"  {name:<14} {text}" for name, text in PRESET_DOCS.items())
    + """

examples:
  ganscope train digits
  ganscope train mnist --preset mlp
  ganscope train photos/ --size 64 --epochs 50
  ganscope train photos.zip --stop auto

The same command again resumes the run where it was interrupted.
--help lists the options that most people need, --help-all every one."""
)
# Printed as sections of --help-all: the first field of each.
SECTIONS = {
    "data": "data",
    "preset": "preset and networks",
    "objective": "objective",
    "batch_size": "optimisation",
    "device": "the machine",
    "log_every": "the record",
}
COMMON = (
    "size",
    "preset",
    "conditional",
    "objective",
    "batch_size",
    "epochs",
    "g_lr",
    "d_lr",
    "seed",
    "device",
    "snapshots",
    "stop",
)


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str] = ()) -> None:
    """All options; rare ones show their help under --help-all. `argv` names the preset whose values are shown."""
    everything = "--help-all" in argv
    parser.add_argument("data", metavar="DATA", help=DATA_HELP)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of runs (default: runs)")
    parser.add_argument("--run", type=Path, help="train in this directory; resume if it already holds a run")
    parser.add_argument("--new", action="store_true", help="start fresh even if an unfinished run matches")
    parser.add_argument("--log-to", default="", metavar="NAMES", help=LOG_TO_HELP)
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.add_argument(
        "--fail-on",
        action="append",
        default=[],
        metavar="FINDING",
        help="exit with status 3 when the finished run has this finding, such as mode_collapse",
    )
    parser.add_argument("--help-all", action="help", help="show every option and exit")
    add_settings(parser, preset_values(argv), everything)


def preset_values(argv: Sequence[str]) -> dict[str, Any]:
    """The values of the preset that a command line names, or that `auto` would take for its data."""
    words = list(argv)
    preset = "auto"
    for at, word in enumerate(words):
        if word.startswith("--preset="):
            preset = word.partition("=")[2]
        elif word == "--preset" and at + 1 < len(words):
            preset = words[at + 1]
    data = next((word for word in words[1:] if not word.startswith("-")), "")
    name = auto_preset(data, None) if preset == "auto" else preset
    return {"preset": preset, **PRESETS.get(name, {})}


def add_settings(parser: argparse.ArgumentParser, values: dict[str, Any], everything: bool) -> None:
    """One option for each field of `Config`, in sections, with the preset's value as the default that is shown."""
    kinds = field_types()
    group: Any = parser
    for field in dataclasses.fields(Config):
        if everything and field.name in SECTIONS:
            group = parser.add_argument_group(SECTIONS[field.name])
        if field.name == "data":
            continue
        flag, text = (
            FLAGS.get(field.name, "--" + field.name.replace("_", "-")),
            field.metadata["doc"].replace("%", "%%"),
        )
        value = values.get(field.name, field.default)
        if value is not None:
            text += f" [{value}]"
        if not everything and field.name not in COMMON:
            text = argparse.SUPPRESS
        choices = field.metadata["choices"]
        if bool in kinds[field.name]:
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text)
        else:
            kind = "size" if field.name == "size" else kinds[field.name][0]
            metavar = "|".join(map(str, choices)) if choices else METAVARS[kind]
            group.add_argument(
                flag, dest=field.name, type=_reader(field.name, kinds[field.name]), default=argparse.SUPPRESS,
                metavar=metavar, help=text,
            )  # fmt: skip


FLAGS = {"start": "--from"}  # a word that Python keeps for itself
METAVARS: dict[type | str, str] = {int: "N", float: "X", str: "NAME", "size": "N|HxW"}


def _reader(name: str, kinds: tuple[type, ...]) -> Callable[[str], Any]:
    """Text → the field's type; `none` where the field admits it. Raises ConfigError for other text."""

    def read(text: str) -> Any:
        if types.NoneType in kinds and text.lower() == "none":
            return None
        if name == "size" and "x" in text.lower().replace("×", "x"):
            return size_read(text)
        kind = next(kind for kind in kinds if kind is not types.NoneType)
        try:
            if kind is int and any(mark in text for mark in ".e"):
                return int(float(text)) if float(text).is_integer() else int(text)
            return kind(text)
        except ValueError as error:
            expected = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{name.replace('_', '-')} is {expected}, not {text!r}") from error

    return read


def run(arguments: argparse.Namespace) -> int:
    from ganscope.data import require_outside
    from ganscope.diagnosis import RULES
    from ganscope.progress import Progress

    fields = {field.name for field in dataclasses.fields(Config)} - {"data", "preset"}
    given = {name: value for name, value in vars(arguments).items() if name in fields}
    preset = getattr(arguments, "preset", "auto")
    if "start" in given:
        from ganscope.export import local_start, start_settings

        preset, given = start_settings(local_start(given.pop("start")), given, preset)
    for name in arguments.fail_on:
        if name not in RULES:
            raise ConfigError(f"--fail-on does not know {name!r}", found=name, todo=did_you_mean(name, RULES))
    make_config(arguments.data, preset, **given)  # a mistake is said before torch is loaded
    place = arguments.run or arguments.runs
    require_outside(arguments.data, place, todo="name another folder with --runs or --run")  # before a look at the data
    from ganscope.launch import configure, launch, require_measurements
    from ganscope.trackers import tracker_names

    progress = Progress(quiet=arguments.quiet or not is_first())
    config = configure(arguments.data, preset, progress=progress, **given)
    if arguments.fail_on:
        require_measurements(config, "--fail-on")
    launched = launch(
        config,
        runs=arguments.runs,
        run_path=arguments.run,
        new=arguments.new,
        log_to=tracker_names(arguments.log_to),
        progress=progress,
    )
    if not is_first():
        return 0
    for name, path in launched.products.items():
        print(f"{name:<9} {path}")
    if launched.outcome.status == "interrupted":
        return 130
    found = {finding["id"] for line in launched.run.evals()[-1:] for finding in line["findings"]}
    failed = [name for name in arguments.fail_on if name in found]
    if failed:
        print(f"ganscope: --fail-on: this run shows {', '.join(failed)}", file=sys.stderr)
    return 3 if failed else 0
