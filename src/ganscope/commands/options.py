"""Options that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from ganscope.config import Size, size_named
from ganscope.errors import ConfigError

DATA_HELP = "digits, mnist, fashion-mnist, lfw, a toy (ring, …), hf://owner/name, or a folder, archive, array or video"


LOG_TO_HELP = "trackers to tell as well: tensorboard, wandb, mlflow, trackio (several with commas)"


def add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's directory")


def add_snapshot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--snapshot", default="best", help="best, last, or a number of images seen (default: best)")


def snapshot_named(text: str) -> str | int:
    """`best`, `last`, or a count of images seen.

    Raises:
        ConfigError: anything else.
    """
    if text in ("best", "last"):
        return text
    try:
        return int(text.replace(",", "").replace("_", ""))
    except ValueError as error:
        raise ConfigError(
            f"--snapshot cannot be {text!r}", found=text, todo="use best, last, or images seen"
        ) from error


def size_read(text: str) -> Size:
    """`64`, or `64x128`: height x width. Raises ArgumentTypeError: anything else."""
    try:
        return size_named(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"size is a number of pixels, or height x width, not {text!r}") from error


def require_count(count: int) -> None:
    """Raises ConfigError: fewer than one."""
    if count < 1:
        raise ConfigError("--count must be at least 1", found=str(count), todo="for example: --count 20")
