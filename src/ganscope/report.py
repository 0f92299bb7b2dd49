"""`ganscope report RUN`: a run, or two side by side, as one HTML file that opens offline.

The file is the same viewer as the live page. What the server would answer lies in it as base64, each piece in an inert
`<script>` whose id is its path; the page decodes a piece when it needs it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from ganscope import exhibit
from ganscope.errors import RunError
from ganscope.run import Run, atomic

PROFILES: dict[str, exhibit.Pictures] = {
    "small": exhibit.Pictures(quality=20, count=64),
    "default": exhibit.Pictures(quality=40),
    "full": exhibit.Pictures(quality=None),
}


def write_report(
    run: Run | Path | str, out: Path | None = None, *, compare: Run | Path | str | None = None, profile: str = "default"
) -> Path:
    """Write a run as one self-contained HTML file; returns its path, by default `report.html` in the run.

    Args:
        compare: a second run, on the same time axis.
        profile: how many images of a snapshot, and how well: `small`, `default` or `full`.

    Raises:
        RunError: no run there, or the file cannot be written.
    """
    if profile not in PROFILES:
        raise RunError(f"unknown profile {profile!r}", found=profile, todo=f"choose one of: {', '.join(PROFILES)}")
    runs = [opened(one) for one in (run, compare) if one is not None]
    path = out or runs[0].product("report.html")
    with atomic(path, "w") as file:
        for part in _parts(runs, PROFILES[profile]):
            file.write(part)
    return path


def opened(run: Run | Path | str) -> Run:
    """The run at a path, or the run itself."""
    return run if isinstance(run, Run) else Run.open(run)


def static(name: str) -> str:
    """A file of the viewer's bundle.

    Raises:
        RunError: the package was built without its bundle.
    """
    try:
        return files("ganscope").joinpath("static", name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RunError(
            "the viewer's bundle is missing from this installation", found=f"no static/{name}", todo="run: make web"
        ) from error


def _parts(runs: list[Run], pictures: exhibit.Pictures) -> Iterator[str]:
    """The document, piece by piece: the program first, so that it draws while the rest is still being parsed."""
    entries = [exhibit.index(run) for run in runs]
    index = {"revision": "file", "runs": entries}
    program, style = _inline(static("viewer.js")), static("viewer.css").replace("</", "<\\/")
    program_hash = base64.b64encode(hashlib.sha256(program.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{program_hash}'; style-src 'unsafe-inline'; "
        "img-src data: blob:; connect-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    title = " and ".join(entry["name"] for entry in entries)
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{_text(title)} · ganscope</title>\n<style>{style}</style>\n"
        f'<script type="application/json" id="index.json">{_json(index)}</script>\n</head>\n<body>\n'
        "<noscript>This page draws a map of images and needs JavaScript.</noscript>\n"
        f'<div id="app"></div>\n<script>{program}</script>\n'
    )
    for number, run in enumerate(runs):
        yield _piece(f"{number}/base.glv", exhibit.base(run))
        yield _piece(f"{number}/log.glv", exhibit.log(run))
        seen = exhibit.snapshots(run)
        for images_seen in reversed(seen):  # the page opens at the last one
            yield _piece(f"{number}/snap/{images_seen}.glv", exhibit.snapshot(run, images_seen, pictures))
        for page, path in enumerate(run.atlas_pages() if entries[number]["atlas"] else []):
            yield _piece(f"{number}/atlas/{page}.webp", path.read_bytes())
    yield "</body>\n</html>\n"


def _piece(path: str, content: bytes) -> str:
    return f'<script type="application/octet-stream" id="{path}">{base64.b64encode(content).decode()}</script>\n'


def _inline(script: str) -> str:
    """A script that may stand inside a `<script>`: nothing in it ends the element or opens a comment."""
    return re.sub(r"</(script)", r"<\\/\1", script, flags=re.IGNORECASE).replace("<!--", "<\\!--")


def _json(value: Any) -> str:
    """JSON that may stand inside a `<script>`: names from the data cannot end the element."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


def _text(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
