"""The command line: parses, calls the verb of the same name, prints. Starts without torch."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ganscope.config import PRESET_DOCS, Config, field_types, make_config
from ganscope.errors import ConfigError, GanscopeError, did_you_mean

# Printed as sections of `ganscope train --help`: the first field of each section.
SECTIONS = {
    "data": "data",
    "network": "networks",
    "objective": "objective",
    "batch_size": "optimisation",
    "device": "the machine",
    "log_every": "the record",
}
DATA_HELP = "digits, mnist, fashion-mnist, lfw, a toy (ring, grid, …), or a folder, .zip, .tar, .npy, .npz or IDX file"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; status 0, 2 for a user's mistake, 3 for a finding named by --fail-on, 130 for Ctrl-C."""
    # Threads that wait spin for some 50 µs, then sleep: at once would cost a third of a small network's speed, and much
    # later a tenfold slowdown on a busy machine (docs/log.md). Read when torch is loaded, so set before.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    arguments = build_parser().parse_args(argv)
    try:
        status: int = arguments.run_command(arguments)
        return status
    except GanscopeError as error:
        print(f"ganscope: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\nganscope: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing reads any more: let the exit be quiet
        return 0


def build_parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    parser = argparse.ArgumentParser(
        prog="ganscope",
        description="Train a GAN on your images, watch it on a map, and know when it is good.",
        epilog="Start with: ganscope train digits",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(
        name: str, call: Callable[[argparse.Namespace], int], text: str, epilog: str = ""
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        made.set_defaults(run_command=call)
        return made

    presets = "\n".join(f"  {name:<14} {text}" for name, text in PRESET_DOCS.items())
    train = command(
        "train",
        run_train,
        "train a GAN, or go on with a run",
        f"presets:\n{presets}\n\nexamples:\n  ganscope train digits\n  ganscope train mnist --preset mlp\n"
        "  ganscope train photos/ --size 64 --epochs 50\n  ganscope train photos.zip --stop auto\n\n"
        "The same command again goes on with the run where it was interrupted.",
    )
    train.add_argument("data", metavar="DATA", help=DATA_HELP)
    train.add_argument("--runs", type=Path, default=Path("runs"), help="folder of runs (default: runs)")
    train.add_argument("--run", type=Path, help="this run directory: gone on with when it exists")
    train.add_argument("--new", action="store_true", help="start a new run even where one could be gone on with")
    train.add_argument("--quiet", action="store_true", help="print errors only")
    train.add_argument(
        "--fail-on",
        action="append",
        default=[],
        metavar="FINDING",
        help="exit with status 3 when the finished run has this finding, such as mode_collapse",
    )
    _add_settings(train)

    sample = command(
        "sample",
        run_sample,
        "make images with a trained generator",
        "examples:\n  ganscope sample runs/00000-digits-dcgan -n 20\n  ganscope sample RUN --walk",
    )
    sample.add_argument("run", type=Path, metavar="RUN")
    sample.add_argument("-n", type=int, default=64, help="how many (default: 64)")
    sample.add_argument("--seed", type=int, default=0, help="other seed, other images (default: 0)")
    sample.add_argument("--snapshot", default="best", help="best, last, or a number of images seen (default: best)")
    sample.add_argument(
        "--out", type=Path, help="a .png for one sheet, a .npy for the array, else a folder of single images"
    )
    sample.add_argument("--walk", action="store_true", help="a film that walks through the latent space, MP4 and GIF")

    view = command("view", run_view, "show a run, or two side by side, in the browser, live while it trains")
    view.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    view.add_argument("--port", type=int, default=0, help="port on localhost (default: a free one)")
    view.add_argument("--no-browser", action="store_true", help="only print the address")

    report = command("report", run_report, "write a run as one self-contained HTML file")
    report.add_argument("run", type=Path, metavar="RUN")
    report.add_argument("--out", type=Path, help="the file (default: report.html in the run)")
    report.add_argument("--compare", type=Path, metavar="RUN", help="a second run on the same page")

    film = command("film", run_film, "write the film of a training: map, images and curves, MP4 and GIF")
    film.add_argument("run", type=Path, metavar="RUN")
    film.add_argument("--out", type=Path, help="the .mp4 (default: film.mp4 in the run)")

    evaluate = command("evaluate", run_evaluate, "measure a snapshot of a run: the whole table, with floors")
    evaluate.add_argument("run", type=Path, metavar="RUN")
    evaluate.add_argument("--snapshot", default="best", help="best, last, or a number of images seen (default: best)")
    evaluate.add_argument("-n", type=int, default=10_000, help="fakes to measure (default: 10,000)")
    evaluate.add_argument(
        "--features",
        default="auto",
        help="the feature space: auto, classifier, random, contrastive, pca, or inception and dinov2, whose files "
        "GANSCOPE_INCEPTION and GANSCOPE_DINOV2 name (default: auto)",
    )
    evaluate.add_argument("--tstr", action="store_true", help="also train on synthetic, test on real")

    check = command("check", run_check, "look at a data set before training: bad files, sizes, duplicates, classes")
    check.add_argument("data", metavar="DATA", help=DATA_HELP)
    check.add_argument("--size", type=int, help="image side in pixels of the contact sheet")
    check.add_argument(
        "--sheet", type=Path, default=Path("contact-sheet.png"), help="where the labelled contact sheet goes"
    )

    runs = command(
        "runs",
        run_runs,
        "list the runs, or compare two",
        "examples:\n  ganscope runs\n  ganscope runs runs/00000-a runs/00001-b",
    )
    runs.add_argument(
        "paths", type=Path, nargs="*", metavar="FOLDER | RUN RUN", help="a folder of runs (default: runs), or two runs"
    )
    return parser


def _version() -> str:
    import importlib.metadata

    return f"ganscope {importlib.metadata.version('ganscope')}"


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """One option for each field of Config, in sections; what is not given stays with the preset."""
    kinds = field_types()
    group: Any = parser
    for field in dataclasses.fields(Config):
        if field.name in SECTIONS:
            group = parser.add_argument_group(SECTIONS[field.name])
        if field.name == "data":
            continue
        flag, text = "--" + field.name.replace("_", "-"), field.metadata["doc"].replace("%", "%%")
        if field.default is not None:
            text += f" [{field.default}]"
        choices = field.metadata["choices"]
        if bool in kinds[field.name]:
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text)
        else:
            metavar = "|".join(map(str, choices)) if choices else field.name.split("_")[-1].upper()
            group.add_argument(
                flag, type=_reader(field.name, kinds[field.name]), default=argparse.SUPPRESS, metavar=metavar, help=text
            )


def _reader(name: str, kinds: tuple[type, ...]) -> Callable[[str], Any]:
    """Text → the field's type; `none` where the field admits it. Raises ConfigError for other text."""

    def read(text: str) -> Any:
        if types.NoneType in kinds and text.lower() == "none":
            return None
        kind = next(kind for kind in kinds if kind is not types.NoneType)
        try:
            if kind is int and any(mark in text for mark in ".e"):
                return int(float(text)) if float(text).is_integer() else int(text)
            return kind(text)
        except ValueError as error:
            expected = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{name.replace('_', '-')} is {expected}, not {text!r}") from error

    return read


# ---- the commands ----------------------------------------------------------------------------------------------------
def run_train(arguments: argparse.Namespace) -> int:
    from ganscope.diagnosis import RULES
    from ganscope.progress import Progress

    fields = {field.name for field in dataclasses.fields(Config)} - {"data", "preset"}
    given = {name: value for name, value in vars(arguments).items() if name in fields}
    config = make_config(arguments.data, getattr(arguments, "preset", "auto"), **given)
    for name in arguments.fail_on:
        if name not in RULES:
            raise ConfigError(f"--fail-on does not know {name!r}", found=name, todo=did_you_mean(name, RULES))
    from ganscope.launch import launch, require_measurements

    if arguments.fail_on:
        require_measurements(config, "--fail-on")

    progress = Progress(quiet=arguments.quiet)
    launched = launch(config, runs=arguments.runs, run_path=arguments.run, new=arguments.new, progress=progress)
    for name, path in launched.products.items():
        print(f"{name:<9} {path}")
    if launched.outcome.status == "interrupted":
        return 130
    found = {finding["id"] for line in launched.run.evals()[-1:] for finding in line["findings"]}
    failed = [name for name in arguments.fail_on if name in found]
    if failed:
        print(f"ganscope: --fail-on: this run shows {', '.join(failed)}", file=sys.stderr)
    return 3 if failed else 0


def _snapshot(text: str) -> str | int:
    if text in ("best", "last"):
        return text
    try:
        return int(text.replace(",", "").replace("_", ""))
    except ValueError as error:
        raise ConfigError(
            f"--snapshot cannot be {text!r}", found=text, todo="use best, last, or images seen"
        ) from error


def run_sample(arguments: argparse.Namespace) -> int:
    if arguments.n < 1:
        raise ConfigError("-n must be at least 1", found=str(arguments.n), todo="for example: -n 20")
    from ganscope import sample

    loaded = sample.load(arguments.run, _snapshot(arguments.snapshot))
    out: Path | None = arguments.out
    kind, suffix = ("points", ".npy") if loaded.run.has_points else ("images", ".png")
    if arguments.walk or (out and out.suffix != ".npy"):
        loaded.run.require_images("points are written as an array: leave out --walk and --out, or use --out points.npy")
    if arguments.walk:
        from ganscope.film import walk_film

        frames = sample.walk_frames(loaded.walk(lanes=6, seed=arguments.seed))
        for path in walk_film(frames, out or loaded.run.product("walk.mp4")):
            print(path)
        return 0
    images = loaded.sample(arguments.n, seed=arguments.seed)
    out = out or loaded.run.product(f"sample-{loaded.images_seen:09d}-seed{arguments.seed}-n{arguments.n}{suffix}")
    if out.suffix == ".npy":
        import numpy as np

        from ganscope.files import atomic

        with atomic(out) as file:
            np.save(file, images)
    elif out.suffix == ".png":
        sample.save_sheet(images, out)
    else:
        sample.save_images(images, out)
    print(f"{len(images)} {kind} from the snapshot at {loaded.images_seen:,} images seen: {out}")
    return 0


def run_view(arguments: argparse.Namespace) -> int:
    from ganscope.run import Run
    from ganscope.view import serve

    if len(arguments.runs) > 2:
        raise ConfigError("view shows one run or two", found=f"{len(arguments.runs)} runs", todo="name at most two")
    runs = [Run.open(path) for path in arguments.runs]
    for run in runs:
        run.require_images(f"its page is a file: ganscope report {run.path}")
    serve([run.path for run in runs], port=arguments.port, open_browser=not arguments.no_browser)
    return 0


def run_report(arguments: argparse.Namespace) -> int:
    from ganscope.report import write_report
    from ganscope.run import Run

    other = Run.open(arguments.compare) if arguments.compare else None
    print(write_report(Run.open(arguments.run), arguments.out, compare=other))
    return 0


def run_film(arguments: argparse.Namespace) -> int:
    from ganscope.run import Run

    run = Run.open(arguments.run)
    if run.has_points:
        from ganscope.toyreport import write_toy_film as make_film
    else:
        from ganscope.film import make_film
    for path in make_film(run, out=arguments.out):
        print(path)
    return 0


def run_evaluate(arguments: argparse.Namespace) -> int:
    from ganscope.evaluate import evaluate
    from ganscope.progress import Progress

    result = evaluate(
        arguments.run,
        snapshot=_snapshot(arguments.snapshot),
        num_fake=arguments.n,
        tstr=arguments.tstr,
        features=arguments.features,
        progress=Progress().say,
    )
    print(result["table"])
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    from ganscope.toys import TOYS

    if toy := TOYS.get(arguments.data):
        print(f"{toy.name}: {toy.doc}; σ {toy.sigma:g}; exact, so there is nothing to check: ganscope train {toy.name}")
        return 0
    from ganscope.check import contact_sheet, examine, render
    from ganscope.datasets import require_outside
    from ganscope.progress import Progress

    require_outside(arguments.data, arguments.sheet, todo="name another place with --sheet")
    report = examine(arguments.data, size=arguments.size, progress=Progress().say)
    contact_sheet(report, arguments.sheet)
    print(render(report))
    print(f"contact sheet: {arguments.sheet}")
    return 0


def run_runs(arguments: argparse.Namespace) -> int:
    from ganscope.compare import compare_text, list_text
    from ganscope.run import Run

    paths: list[Path] = arguments.paths or [Path("runs")]
    if len(paths) > 2:
        raise ConfigError("runs compares two", found=f"{len(paths)} paths", todo="name a folder, or two runs")
    print(compare_text(Run.open(paths[0]), Run.open(paths[1])) if len(paths) == 2 else list_text(paths[0]))
    return 0
