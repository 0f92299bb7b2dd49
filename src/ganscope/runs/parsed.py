"""The lines of a file that is asked for again and again: what has been parsed is not parsed again.

A page is made from the same few files of lines by many readers, and a live page asks for them whenever a run has grown.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import NamedTuple

from ganscope.runs.lines import Line, TimingLine
from ganscope.runs.reading import parsed_line, read_bytes


class _Known(NamedTuple):
    size: int  # bytes of whole lines, from the start of the file
    checksum: int  # of these bytes
    lines: tuple[Line | TimingLine, ...]


class ParsedLines:
    """The lines of `path`, each parsed once; a file that no longer starts as it did is parsed anew."""

    def __init__(self, path: Path, kind: type[Line] | type[TimingLine]) -> None:
        self._path, self._kind = path, kind
        self._known = _Known(0, zlib.crc32(b""), ())  # replaced whole, as several threads of a server may ask at once

    def lines(self) -> list[Line | TimingLine]:
        """All lines that can be read, oldest first."""
        content, known = read_bytes(self._path) or b"", self._known
        if len(content) < known.size or zlib.crc32(memoryview(content)[: known.size]) != known.checksum:
            known = _Known(0, zlib.crc32(b""), ())
        end = content.rfind(b"\n") + 1
        if end > known.size:
            new = content[known.size : end]
            lines = (*known.lines, *self._parsed(new))
            known = self._known = _Known(end, zlib.crc32(new, known.checksum), lines)
        return [*known.lines, *self._parsed(content[end:])]  # the last may still be in the writing

    def _parsed(self, content: bytes) -> list[Line | TimingLine]:
        texts = content.decode("utf-8", "replace").split("\n")
        return [line for text in texts if (line := self._kind.read(parsed_line(text))) is not None]
