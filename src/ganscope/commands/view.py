"""`ganscope view [FOLDER | RUN [RUN …]]`: a page of all runs, or the page of a run, live while it trains."""

from __future__ import annotations

import argparse
from pathlib import Path

from ganscope.errors import ConfigError

HELP = (
    "show all runs of a folder or a sweep, or a run, or up to four side by side, in the browser, live while they train"
)
EPILOG = (
    "examples:\n"
    "  ganscope view                 the page of all runs in ./runs\n"
    "  ganscope view sweeps          of all sweeps, with each sweep's own page\n"
    "  ganscope view runs/00000-a"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs",
        type=Path,
        nargs="*",
        metavar="FOLDER | RUN",
        help="a folder of runs (default: runs) or of a sweep, or up to four runs",
    )
    parser.add_argument("--port", type=int, default=0, help="port on localhost (default: a free one)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")


def require_few(runs: list[Path]) -> None:
    """Raises ConfigError: more runs than a page shows."""
    from ganscope.page import MOST_COMPARED

    if len(runs) > MOST_COMPARED:
        raise ConfigError(
            f"a page shows {MOST_COMPARED} runs at most", found=f"{len(runs)} runs", todo=f"name up to {MOST_COMPARED}"
        )


def run(arguments: argparse.Namespace) -> int:
    from ganscope.page import serve, serve_home
    from ganscope.runs import Run, folders_with_runs, list_sweeps, named_runs

    folder: Path = arguments.runs[0] if arguments.runs else Path("runs")
    if (
        len(arguments.runs) < 2
        and not (folder / "config.json").is_file()
        and (named_runs(folder) or list_sweeps(folder))
    ):
        serve_home(folder, port=arguments.port, open_browser=not arguments.no_browser)
        return 0
    if len(arguments.runs) == 1 and folder.is_dir() and not (folder / "config.json").is_file():
        inside = folders_with_runs(folder)
        meant = (
            f"name one of: {', '.join(str(path) for path in inside)}" if inside else "start one: ganscope train digits"
        )
        raise ConfigError(f"there are no runs in {folder}", found="neither a run nor a sweep in it", todo=meant)
    if not arguments.runs:
        raise ConfigError(
            "there are no runs here",
            found="no folder runs/ with a run in it",
            todo="name a folder or a run, or start one: ganscope train digits",
        )
    require_few(arguments.runs)
    opened = [Run.open(path) for path in arguments.runs]
    for one in opened:
        if one.has_points and not one.toy_containers():  # of an earlier version; a training writes its own
            from ganscope.toys import prepare_page

            prepare_page(one)
    serve([one.path for one in opened], port=arguments.port, open_browser=not arguments.no_browser)
    return 0
