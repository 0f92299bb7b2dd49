"""The lines of a run that is still being written: each is parsed once, however often they are asked for."""

from __future__ import annotations

from typing import Any

from ganscope.runs.lines import LINES
from ganscope.runs.reading import parsed_line, regular
from ganscope.runs.run import Run


class GrowingLines:
    """What `Run.lines(name)` gives, but a line without its end; a file that was replaced or cut is read anew.

    The lists that are given out share their lines: they are for reading.
    """

    def __init__(self, run: Run, name: str) -> None:
        self._path, self._kind = run.lines_path(name), LINES[name]
        self._file, self._at = -1, 0  # which file, and how many of its bytes are parsed
        self._lines: list[dict[str, Any]] = []

    def lines(self) -> list[dict[str, Any]]:
        """All lines until now, oldest first."""
        if not regular(self._path):
            return []
        with self._path.open("rb") as file:
            whole = self._path.stat()
            if whole.st_ino != self._file or whole.st_size < self._at:
                self._file, self._at, self._lines = whole.st_ino, 0, []
            file.seek(self._at)
            text = file.read()
        text = text[: text.rfind(b"\n") + 1]
        self._at += len(text)
        for part in text.decode("utf-8", "replace").split("\n"):
            line = self._kind.read(parsed_line(part))
            if line is not None:
                self._lines.append(line.to_dict())
        return list(self._lines)
