"""Options that several commands share: the snapshot and the count."""

from __future__ import annotations

import pytest

from ganscope.commands.options import require_count, snapshot_named
from ganscope.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "meant"), [("best", "best"), ("last", "last"), ("0", 0), ("12,800", 12_800), ("1_000_000", 1_000_000)]
)
def test_a_snapshot_is_named_or_numbered_as_the_program_prints_it(text: str, meant: str | int) -> None:
    assert snapshot_named(text) == meant


@pytest.mark.parametrize("text", ["", "first", "Best", "1.5", "12k"])
def test_another_snapshot_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(ConfigError, match="--snapshot cannot be") as caught:
        snapshot_named(text)
    assert caught.value.found == text and "best, last, or images seen" in str(caught.value)


def test_a_count_is_at_least_one() -> None:
    require_count(1)
    for count in (0, -3):
        with pytest.raises(ConfigError, match="--count must be at least 1"):
            require_count(count)
