"""Lines that are judged again and again while a run grows: what was read off one that never changes is kept.

Each snapshot is judged in the light of all before it. Reading these anew each time would cost a run of a thousand
snapshots the square of what one costs; so everything that a rule takes from a line goes through `each`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar, cast

Line = Mapping[str, Any]
T = TypeVar("T")


class KnownLines(list[Line]):
    """Lines of which the first `settled` never change.

    Args:
        settled: these. newest: what is not in the file yet.
        before: what was judged last; what was read off its settled lines is taken over, if they are still the same
            objects.
    """

    def __init__(self, settled: Sequence[Line], newest: Sequence[Line] = (), before: KnownLines | None = None) -> None:
        super().__init__([*settled, *newest])
        self.settled = len(settled)
        self.columns: dict[Hashable, list[Any]] = {}
        last = before.settled if before is not None else 0
        if before is not None and 0 < last <= self.settled and self[last - 1] is before[last - 1]:
            self.columns = before.columns


def each(lines: Sequence[Line], key: Hashable, step: Callable[[int, list[T]], T]) -> list[T]:
    """`step(i, results so far)` for every line `i`, of settled lines only once for each `key`.

    The key names everything else that the result depends on; what comes after line `i` may not be looked at.
    """
    known: list[T] = []
    if isinstance(lines, KnownLines):
        known = cast("list[T]", lines.columns.setdefault(key, []))
        while len(known) < lines.settled:
            known.append(step(len(known), known))
    found = known[: len(lines)]
    for i in range(len(found), len(lines)):
        found.append(step(i, found))
    return found


def read_off(lines: Sequence[Line], key: Hashable, value: Callable[[Line], T]) -> list[T]:
    """`value(line)` of every line, of settled lines only once for each `key`."""
    return each(lines, key, lambda i, _: value(lines[i]))
