"""Messages: what a name can do to a screen, and suggestions."""

from __future__ import annotations

import io
import unicodedata

import pytest

from ganscope.errors import DataError, did_you_mean, plain
from ganscope.progress import Progress

HOSTILE = "a\x1b[2Jb\u202etxt\u2066c\r\x07\x9b\udcff\u200bd"


def test_names_cannot_move_the_cursor_or_turn_the_writing() -> None:
    stream = io.StringIO()
    Progress(stream).say(f"reading {HOSTILE}")
    for shown in (plain(HOSTILE), str(DataError(HOSTILE, found=HOSTILE, todo=HOSTILE)), stream.getvalue()):
        for c in shown.replace("\n", ""):
            assert unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"), repr(c)
        assert "\\x1b[2J" in shown and "\\u202e" in shown and "\\xff" in shown
        shown.encode("utf-8")


@pytest.mark.parametrize("text", ["ascii", "größer · 4 × 4 → 2", "日本語 😀", "two\nlines", "thin\u2009space"])
def test_honest_text_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_the_nearest_word_is_suggested() -> None:
    assert "did you mean 'mnist'" in did_you_mean("mnits", ["mnist", "digits"])
    assert did_you_mean("xyz", ["mnist", "digits"]) == "choose one of: mnist, digits"
