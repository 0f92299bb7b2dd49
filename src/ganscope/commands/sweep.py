"""`ganscope sweep DATA --over …`: many trainings with different settings; `--join` works for a sweep that has begun."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from ganscope.commands.options import DATA_HELP
from ganscope.commands.train import add_settings
from ganscope.config import Config
from ganscope.errors import ConfigError

HELP = "train with many settings and find the best"
EPILOG = """examples:
  ganscope sweep mnist --over g_lr=1e-4:3e-3:log r1=0.01:1:log --trials 30
  ganscope sweep photos/ --over objective=hinge,relativistic d_steps=1:3 --epochs 20 --seeds 3
  ganscope sweep mnist --over g_lr=1e-4:1e-2:log --storage postgresql+psycopg://user@host/sweeps
  ganscope sweep --join postgresql+psycopg://user@host/sweeps

The same command again goes on with the sweep. Every option of ganscope train holds for all trials."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", nargs="?", help=DATA_HELP)
    parser.add_argument(
        "--over", nargs="+", default=[], metavar="SETTING=LOW:HIGH[:log]", help="what is varied; or SETTING=ONE,ANOTHER"
    )
    parser.add_argument("--trials", type=int, default=30, metavar="N", help="settings to try (default: 30)")
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="K", help="runs of each, whose mean ranks them (default: 1)"
    )
    parser.add_argument("--by", default="frechet", metavar="METRIC[,METRIC]", help="metrics that rank [frechet]")
    parser.add_argument(
        "--prune", metavar="median|halving|none", help="how hopeless trials end early [median; by several metrics none]"
    )
    parser.add_argument("--runs", type=Path, default=Path("sweeps"), help="folder of sweeps (default: sweeps)")
    parser.add_argument("--storage", metavar="URL", help="where trials are kept: a database (default: the folder)")
    parser.add_argument("--name", help="of the sweep (default: data and preset)")
    parser.add_argument("--join", metavar="URL", help="work for the sweep kept there: a URL or a sweep's folder")
    parser.add_argument("--quiet", action="store_true", help="print the result only")
    add_settings(parser, {}, everything=False)


def run(arguments: argparse.Namespace) -> int:
    from ganscope.sweeps import join_sweep, start_sweep

    names = {field.name for field in dataclasses.fields(Config)} - {"data"}
    settings = {name: value for name, value in vars(arguments).items() if name in names}

    def say(text: str) -> None:
        if not arguments.quiet:
            print(text, flush=True)

    if arguments.join:
        if arguments.data or arguments.over or settings:
            found = " ".join([*arguments.over, *settings]) or arguments.data
            raise ConfigError("--join takes what the sweep was started with", found=found, todo="leave that out")
        result = join_sweep(arguments.join, name=arguments.name, say=say)
    elif not arguments.data:
        raise ConfigError("sweep needs data, or --join", found="neither", todo="for example: ganscope sweep digits …")
    else:
        result = start_sweep(
            arguments.data, arguments.over, settings=settings, trials=arguments.trials, seeds=arguments.seeds,
            by=arguments.by, prune=arguments.prune, runs=arguments.runs, storage=arguments.storage,
            name=arguments.name, say=say,
        )  # fmt: skip
    print(result.table())
    return 0 if result.best else 1
