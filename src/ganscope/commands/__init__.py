"""The commands: one file each, with its options and what it does. None of them starts torch until it runs."""

from __future__ import annotations

from types import ModuleType

from ganscope.commands import check, doctor, evaluate, export, film, report, runs, sample, sweep, train, view, watch

# Name → module. Each has HELP, EPILOG, `add_arguments(parser)` and `run(arguments)`, which returns the exit status.
COMMANDS: dict[str, ModuleType] = {
    "train": train,
    "check": check,
    "view": view,
    "watch": watch,
    "report": report,
    "film": film,
    "sample": sample,
    "evaluate": evaluate,
    "export": export,
    "sweep": sweep,
    "runs": runs,
    "doctor": doctor,
}

__all__ = ["COMMANDS"]
