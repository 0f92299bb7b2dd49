"""Files that are absent or whole, and folders; every failure is one clear error."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ganscope.errors import RunError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_ADVICE = {
    errno.ENOENT: "the folder is gone: it was removed or moved while it was in use",
    errno.ESTALE: "the folder is gone: a network drive has lost it",
    errno.EACCES: "it may not be written: choose another folder, or change its permissions",
    errno.EPERM: "it may not be written: choose another folder, or change its permissions",
    errno.EROFS: "that disk is read-only: choose another folder",
    errno.EEXIST: "a file lies where a folder belongs: move it away, or choose another folder",
    errno.ENOTDIR: "a file lies where a folder belongs: move it away, or choose another folder",
    errno.EISDIR: "a folder lies where a file belongs: move it away, or choose another folder",
    errno.ENOTEMPTY: "something else lies there: move it away, or choose another folder",
    errno.ENAMETOOLONG: "the name is too long: choose a shorter one",
    errno.EFBIG: "that disk takes no file so large (ulimit -f, or its format): choose another folder",
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n)",
    errno.ENFILE: "too many files are open on this machine: close other programs",
    errno.EIO: "the disk or the network drive failed: check it, or choose another folder",
    errno.ELOOP: "a link leads back to itself: remove it",
}


def advice(error: OSError, full: str, option: str = "") -> str:
    """What to do about a file that cannot be written: `full` where the disk is full, else what helps there.

    `option`: with which a user chooses another folder.
    """
    if error.errno in _FULL:
        return full
    helps = _ADVICE.get(error.errno or 0, "check the disk, or choose another folder")
    return helps.replace("choose another folder", f"choose another folder with {option}") if option else helps


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
            todo=advice(cause, "free some space or choose another folder with --runs", "--runs")
            + ("" if cause.errno == errno.ENOENT else "; what was saved before is unharmed"),
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
            todo=advice(error, "free some space or choose another folder with --runs", "--runs"),
        ) from error
