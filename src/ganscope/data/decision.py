"""One thing that was decided about the data: what `check` and `train` print before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Decision:
    """What was decided, why, and the option that decides otherwise."""

    what: str
    why: str
    option: str

    def __str__(self) -> str:
        return f"{self.what} ({self.why}; {self.option})"
