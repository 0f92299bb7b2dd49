"""What a browser receives: a run's contents as containers, one HTML file, and the live server."""

from __future__ import annotations

from ganscope.page.container import encode
from ganscope.page.home import serve_home
from ganscope.page.html import data, head, inline, piece, source, static
from ganscope.page.report import MOST_COMPARED, PROFILES, write_report
from ganscope.page.server import serve

__all__ = [
    "MOST_COMPARED",
    "PROFILES",
    "data",
    "encode",
    "head",
    "inline",
    "piece",
    "serve",
    "serve_home",
    "source",
    "static",
    "write_report",
]
