"""Files of a run that anything may have happened to: cut, garbled, of another type, a folder or a pipe in their place.

Each reader gives what is there, or nothing; none raises for what a file holds, and none waits for a pipe.
"""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 4 * 2**30  # of one file of a run; what claims more is not read


def regular(path: Path) -> bool:
    """Whether a plain file is there: a FIFO would be waited for, and a device read for ever."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size <= MOST_BYTES


def read_text(path: Path) -> str:
    """The text of a file, empty where there is none to read; what is no UTF-8 is replaced."""
    if not regular(path):
        return ""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def read_bytes(path: Path) -> bytes | None:
    """The content of a file, None where there is none to read."""
    if not regular(path):
        return None
    try:
        return path.read_bytes()
    except OSError:
        return None


def read_json(path: Path) -> Any:
    """What a JSON file holds, None where there is none or it is damaged."""
    return parsed_line(read_text(path))


def parsed_line(text: str) -> Any:
    """What JSON text holds, None where it is none: brackets by the thousand overflow the parser's stack."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def read_arrays(path: Path) -> dict[str, NDArray[Any]] | None:
    """The arrays of an `.npz`, None where it is missing or not whole."""
    if not regular(path):
        return None
    try:
        # Opened here: numpy leaves a file open that turns out to be no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: np.asarray(value) for name, value in arrays.items()}
    except Exception:  # of zipfile, zlib, struct and numpy's header parser: a dozen kinds, all meaning damage
        return None


def read_array(path: Path) -> NDArray[Any] | None:
    """The array of an `.npy`, None where it is missing or not whole."""
    if not regular(path):
        return None
    try:
        with path.open("rb") as file:
            found = np.load(file, allow_pickle=False)
    except Exception:  # as above; a header may claim more elements than there is memory
        return None
    return found if isinstance(found, np.ndarray) else None
