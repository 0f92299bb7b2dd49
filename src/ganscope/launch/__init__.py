"""From a config to a finished run: the work of `ganscope train`."""

from __future__ import annotations

from ganscope.launch.launch import configure, launch, require_measurements
from ganscope.launch.pages import write_page

__all__ = [
    "configure",
    "launch",
    "require_measurements",
    "write_page",
]
