"""Waiting for a training that has not written anything yet."""

from __future__ import annotations

from collections.abc import Callable

from ganscope.foreign.follow import Follower
from ganscope.foreign.layouts import NothingYetError


def await_first(
    make: Callable[[], Follower], say: Callable[[str], None], pause: Callable[[], object]
) -> Follower | None:
    """What `make` makes as soon as there is something to follow. Between the looks `pause` is called; None where it
    returns something true.

    Raises:
        DataError: what is there cannot be followed.
    """
    said = ""
    while True:
        try:
            return make()
        except NothingYetError as error:
            found = f" ({error.found})" if error.found else ""
            text = f"{error.what}{found}: waiting for the first, Ctrl-C ends it"
            if text != said:
                say(text)
            said = text
        if pause():
            return None
