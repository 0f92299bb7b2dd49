"""Settings from a benchmark's command line."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any


def settings_of(texts: Sequence[str]) -> dict[str, Any]:
    """`name=value` words as settings; a value that is no Python literal is a string."""
    settings: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            settings[name] = ast.literal_eval(value)
        except (SyntaxError, ValueError):
            settings[name] = value
    return settings
