"""Everything that can go wrong through no fault of the program.

    GanscopeError            exit code 2, printed as one message without a traceback
    ├── ConfigError          a setting: unknown, out of range, or in conflict with another
    ├── DataError            a data set: not found, unreadable, corrupt, unsafe
    ├── RunError             a run directory: missing, locked, foreign, damaged, not writable
    ├── TrainingError        the training itself: losses or weights that are not finite
    ├── PeerError            another process of the same training has ended
    └── DependencyError      an optional package or program that is not installed

A message says what is wrong, what was found, and what to do next.
"""

from __future__ import annotations

import difflib
import importlib
import unicodedata
from collections.abc import Iterable
from types import ModuleType


def plain(text: str) -> str:
    """Text that a terminal, a page or a picture shows as it is: nothing in it moves the cursor or turns the writing.

    Control characters, marks that reverse the direction, bytes that are no UTF-8 and the like become `\\xNN` or
    `\\uNNNN`; line ends stay. Names of files and classes reach a screen through this.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(
        c if c.isprintable() or c == "\n" or unicodedata.category(c) == "Zs" else c.encode("unicode_escape").decode()
        for c in text
    )


class GanscopeError(Exception):
    """A mistake the user can mend; the command line prints it and exits with `exit_code`."""

    exit_code = 2

    def __init__(self, what: str, *, found: str = "", todo: str = "") -> None:
        what, found, todo = plain(what), plain(found), plain(todo)
        self.what, self.found, self.todo = what, found, todo
        lines = [what]
        if found:
            lines.append(f"  found: {found}")
        if todo:
            lines.append(f"  next:  {todo}")
        super().__init__("\n".join(lines))


class ConfigError(GanscopeError):
    """A setting that cannot be used."""


class DataError(GanscopeError):
    """A data set that cannot be read, verified or trusted."""


class RunError(GanscopeError):
    """A run directory that cannot be read, written or resumed."""


class OtherDataError(RunError):
    """A run whose data are not those that it was trained on: no older checkpoint can help."""


class OtherVersionError(RunError):
    """A file of another version of ganscope: it is whole, and nothing is wrong with it."""


class TrainingError(GanscopeError):
    """A training that cannot go on; the last good checkpoint is kept."""


class PeerError(GanscopeError):
    """The training in several processes that lost one of them."""

    exit_code = 1


class DependencyError(GanscopeError):
    """Something optional that has to be installed first."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A suggestion for a misspelt `word`, or the list of the `known` ones."""
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}? (known: {', '.join(known)})"
    return f"choose one of: {', '.join(known)}"


def require_package(module: str, what: str, extra: str) -> ModuleType:
    """A module of an optional package, for `what` needs it; `extra` is the extra of ganscope that brings it.

    Raises:
        DependencyError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DependencyError(
            f"{what} needs a package that is not installed",
            found=str(error).split("\n")[0],
            todo=f'pip install "ganscope[{extra}]"',
        ) from error
