"""Decoded rows on their way to the disk, so that a decoding that was killed goes on where it was.

Rows are written into `rows.u8` of a scratch folder, in any order; every few seconds `progress.json` says which of them
are there. Whoever works in a scratch folder holds its `owner.lock`, which the system lets go of when the process ends,
however it ends: the next decoding of the same data takes over a folder that nobody holds.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np

try:
    import fcntl
except ImportError:  # Windows: nothing is taken over
    fcntl = None  # type: ignore[assignment]

ROWS, PROGRESS, OWNER = "rows.u8", "progress.json", "owner.lock"
KEEP_SECONDS = 10.0  # between two notes of what is there; so much is done again at most


class Rows:
    """The file of N decoded rows of equal size, and which of them are done: written, or failed for good.

    Used with `with`; what is done by then is noted when the block ends. May raise `OSError`.
    """

    def __init__(self, folder: Path, count: int, row_bytes: int) -> None:
        self.path, self._note = folder / ROWS, folder / PROGRESS
        self.count, self.row_bytes = count, row_bytes
        self.done, self.failed = np.zeros(count, bool), dict[int, str]()
        self._take_up()
        self.begun = int(self.done.sum())  # by whoever was here before
        self._at, self._kept = 0, time.monotonic()

    def _take_up(self) -> None:
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            if [note["count"], note["row_bytes"]] != [self.count, self.row_bytes]:
                return
            packed = np.frombuffer(base64.b64decode(note["done"]), np.uint8)
            done = np.unpackbits(packed, count=self.count).astype(bool)
            failed = {int(row): str(reason) for row, reason in note["failed"].items()}
            written = [row for row in np.flatnonzero(done)[-1:].tolist() if row not in failed]
            if len(done) == self.count and all(
                self.path.stat().st_size >= (row + 1) * self.row_bytes for row in written
            ):
                self.done, self.failed = done, failed
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass  # none, or damaged: from the beginning

    def put(self, row: int, pixels: bytes) -> None:
        """Write a row."""
        if self._at != row:
            self._file.seek(row * self.row_bytes)
        self._file.write(pixels)
        self._at = row + 1
        self.failed.pop(row, None)  # of two files of one name the later one counts
        self._finished(row)

    def fail(self, row: int, reason: str) -> None:
        """Note that a row cannot be had."""
        self.failed[row] = reason
        self._finished(row)

    def _finished(self, row: int) -> None:
        self.done[row] = True
        if time.monotonic() - self._kept >= KEEP_SECONDS:
            self.keep()

    def keep(self) -> None:
        """Note what is done, once it is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        done = base64.b64encode(np.packbits(self.done).tobytes()).decode()
        note = {"count": self.count, "row_bytes": self.row_bytes, "done": done, "failed": self.failed}
        new = self._note.with_suffix(".new")
        new.write_text(json.dumps(note), encoding="utf-8")
        new.replace(self._note)
        self._kept = time.monotonic()

    def __enter__(self) -> Rows:
        self._file: IO[bytes] = self.path.open("r+b" if self.begun else "wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if kind is None:
                self._file.truncate(self.count * self.row_bytes)
            if kind is None or not issubclass(kind, Exception):  # else the folder goes
                self.keep()

    def mapped(self, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
        """All rows, each in this shape."""
        return np.memmap(self.path, np.uint8, "r", shape=(self.count, *shape))


@contextmanager
def owned(scratch: Path, others: Iterator[Path]) -> Iterator[None]:
    """Hold the folder `scratch`, made from one of `others` that was begun and that nobody holds, or new and empty."""
    with _taken_over(scratch, others) or _made(scratch):
        yield


def _taken_over(scratch: Path, others: Iterator[Path]) -> IO[bytes] | None:
    for left in others:
        if (left / PROGRESS).is_file() and (lock := _free(left / OWNER)):
            try:
                left.rename(scratch)
            except OSError:
                lock.close()
            else:
                return lock
    return None


def _made(scratch: Path) -> IO[bytes]:
    scratch.mkdir()
    file = (scratch / OWNER).open("w+b")
    if fcntl is not None:
        with suppress(OSError):  # a disk without locks: then nobody takes over either
            fcntl.flock(file, fcntl.LOCK_EX)  # waits for who only asks whether it is held
    return file


def _free(path: Path) -> IO[bytes] | None:
    """The file, held from now on; None where another holds it, or nobody can."""
    if fcntl is None:
        return None
    try:
        file = path.open("r+b")
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def is_held(folder: Path) -> bool:
    """Whether somebody works in a scratch folder; where that cannot be told, nobody does."""
    if fcntl is None:
        return False
    try:
        with (folder / OWNER).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
