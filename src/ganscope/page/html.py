"""One HTML file that needs nothing else: its policy, its program, and pieces of data that are never markup."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib.resources import files
from typing import Any

from ganscope.errors import RunError


def static(name: str) -> str:
    """A file of the package's pages.

    Raises:
        RunError: the package was built without it.
    """
    try:
        return files("ganscope.page").joinpath("static", name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RunError(
            "a page's program is missing from this installation", found=f"no static/{name}", todo="run: make web"
        ) from error


def head(title: str, program: str, style: str, allowed: str, more: str = "") -> str:
    """The document up to its style, under a policy: only `program` and `more` run, only the `allowed` is loaded."""
    scripts = " ".join(source(script) for script in (program, *filter(None, [more])))
    policy = f"default-src 'none'; script-src {scripts}; {allowed}; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{html.escape(title, quote=False)} · ganscope</title>\n<style>{style}</style>\n"
    )


def source(content: str) -> str:
    """What a policy calls an inline script or style of this content."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def inline(script: str) -> str:
    """A script that may stand inside a `<script>`: nothing in it ends the element or opens a comment."""
    return re.sub(r"</(script)", r"<\\/\1", script, flags=re.IGNORECASE).replace("<!--", "<\\!--")


def piece(path: str, content: bytes) -> str:
    """Bytes in an inert element whose id is their path."""
    return f'<script type="application/octet-stream" id="{path}">{base64.b64encode(content).decode()}</script>\n'


def data(path: str, value: Any) -> str:
    """A value as JSON in an inert element whose id is its path: names from the data cannot end the element."""
    text = json.dumps(value, allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{path}">{text}</script>\n'
