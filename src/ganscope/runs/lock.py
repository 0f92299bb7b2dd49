"""A file that one process holds: the operating system lets go of it even when the process is killed."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ganscope.errors import RunError
from ganscope.files import advice
from ganscope.runs.reading import regular


def held(path: Path) -> bool | None:
    """Whether a process holds the file `path` now; None where no process ever did."""
    if not regular(path):
        return None
    try:
        with path.open("rb") as file:
            return not _try_lock(file, shared=True)
    except OSError:
        return None


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the file `path`, in a run's directory.

    Raises:
        RunError: another process holds it, or it cannot be written.
    """
    if path.exists() and not regular(path):
        raise RunError(f"{path} is no file", found="a folder or a pipe in its place", todo="remove it")
    try:
        opened = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise RunError(
            f"cannot write in {path.parent}",
            found=error.strerror or str(error),
            todo=advice(error, "free some space, or train in another folder with --run"),
        ) from error
    with opened as file:
        free = _try_lock(file)
        for _ in range(10):
            if free:
                break
            time.sleep(0.02)  # who only asks whether it is held holds it for less
            free = _try_lock(file)
        if not free:
            file.seek(0)
            raise RunError(
                f"{path.parent} is in use by another process",
                found=f"process {file.read().strip() or 'unknown'}",
                todo="wait for it, stop it with Ctrl-C there, or start another run with --new",
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _try_lock(file: IO[Any], *, shared: bool = False) -> bool:
    try:
        if os.name == "nt":  # pragma: no cover
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
