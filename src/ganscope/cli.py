"""The command line: parses, dispatches, prints. Starts without torch."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

from ganscope.commands import COMMANDS, train
from ganscope.errors import DependencyError, GanscopeError, PeerError
from ganscope.processes import is_first

_NO_MEMORY = re.compile(r"can't allocate memory|out of memory|not enough memory", re.IGNORECASE)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; status 0, 2 for a user's mistake, 3 for a finding named by --fail-on, 130 for Ctrl-C."""
    # Threads that wait spin for some 50 µs, then sleep: at once would cost a third of a small network's speed, and much
    # later a tenfold slowdown on a busy machine (docs/log.md). Read when torch is loaded, so set before.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    words = list(sys.argv[1:] if argv is None else argv)
    arguments = build_parser(words).parse_args(words)
    try:
        status: int = arguments.run_command(arguments)
        return status
    except GanscopeError as error:
        if error.what and (is_first() or isinstance(error, PeerError)):  # of several processes one speaks
            print(f"ganscope: {error}", file=sys.stderr)
        return error.exit_code
    except (MemoryError, RuntimeError) as error:  # PyTorch's are RuntimeErrors
        if not isinstance(error, MemoryError) and not _NO_MEMORY.search(str(error)):
            raise
        print(f"ganscope: {missing_memory(error)}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        print(f"ganscope: {missing_torch()}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nganscope: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing reads any more: let the exit be quiet
        return 0


def missing_memory(error: Exception) -> GanscopeError:
    """What to say where neither the machine nor the GPU has the memory that is needed."""
    return GanscopeError(
        "there is not enough memory",
        found=str(error).strip().split("\n")[0][:200],
        todo="a smaller --size, --batch-size or --num-fakes, or close other programs; a run resumes with its command",
    )


def missing_torch() -> DependencyError:
    """What to say where a command needs PyTorch and there is none."""
    return DependencyError(
        "this command needs PyTorch, which is not installed",
        found=f"no module torch for Python {sys.version.split()[0]}",
        todo="install the build for your machine, see https://pytorch.org/get-started/locally/",
    )


def build_parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """All commands with their options. `words`: the command line, which decides how much help a command shows."""
    parser = argparse.ArgumentParser(
        prog="ganscope",
        description="Train a GAN on your images, watch it on a map, and know when it is good.",
        epilog="Start with: ganscope train digits",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=Version, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        made = commands.add_parser(
            name,
            help=module.HELP,
            description=module.HELP[0].upper() + module.HELP[1:] + ".",
            epilog=module.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if module is train:
            train.add_arguments(made, words)
        else:
            module.add_arguments(made)
        made.set_defaults(run_command=module.run)
    return parser


class Version(argparse.Action):
    """Print the version; looked up only when asked for, so that a checkout that is not installed can run commands."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest=argparse.SUPPRESS, default=argparse.SUPPRESS, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from ganscope.version import VERSION

        print(f"ganscope {VERSION}")
        parser.exit()
