"""Files that are absent or whole, and folders; every failure is one clear error."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ganscope.errors import RunError


@contextlib.contextmanager
def atomic(path: Path, mode: str = "wb") -> Iterator[IO[Any]]:
    """Open a file that appears under `path` only when it is completely written.

    Raises:
        RunError: the disk is full or the folder cannot be written; the old file, if any, is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open(mode, encoding=None if "b" in mode else "utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        # torch.save replaces the error of a disk that fills up half-way by one of its own.
        cause = error.__context__ if isinstance(error, RuntimeError) else error
        if not isinstance(cause, OSError):
            raise
        raise RunError(
            f"cannot write {path}",
            found=cause.strerror or str(cause),
            todo="free some space or choose another folder with --runs; what was saved before is unharmed",
        ) from error


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    with atomic(path, "w") as file:
        json.dump(value, file, indent=2, ensure_ascii=True, allow_nan=False)
        file.write("\n")


def make_directory(path: Path, new: bool = False) -> None:
    """Make a directory and what it lies in.

    Raises:
        RunError: it cannot be made. FileExistsError: it is there, and must be `new`.
    """
    try:
        path.mkdir(parents=True, exist_ok=not new)
    except OSError as error:
        if new and isinstance(error, FileExistsError):
            raise
        raise RunError(
            f"cannot create the run directory {path}",
            found=error.strerror or str(error),
            todo="choose a folder you can write with --runs or --run",
        ) from error
