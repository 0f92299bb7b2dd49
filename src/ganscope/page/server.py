"""`ganscope view RUN`: the page on localhost, live while the run trains.

Only GET, only on the loopback interface, only the containers of the runs named at the start: no path of a request ever
reaches the file system. Requests whose Host or Origin is another machine are refused, so that no web page elsewhere can
read a run through the user's browser (DNS rebinding).
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
import webbrowser
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ganscope.errors import RunError
from ganscope.page import contents
from ganscope.runs import Run

STATIC = {
    "": ("index.html", "text/html; charset=utf-8"),
    "viewer.js": ("viewer.js", "text/javascript; charset=utf-8"),
    "viewer.css": ("viewer.css", "text/css; charset=utf-8"),
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self' data: blob:; base-uri 'none'; form-action 'none'"
)
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
EVENT_SECONDS = 0.5  # between looks at the run for the event stream
BEAT_SECONDS = 2.0  # between signs of life on it


class Viewer(ThreadingHTTPServer):
    """The server; `address` is where the page is."""

    daemon_threads = True

    def __init__(self, runs: list[Path], port: int = 0) -> None:
        self.runs = [Run.open(path) for path in runs]
        try:
            super().__init__(("127.0.0.1", port), Handler)
        except (OSError, OverflowError) as error:
            raise RunError(
                f"port {port} cannot be used",
                found=getattr(error, "strerror", None) or str(error),
                todo="leave out --port: a free one is taken",
            ) from error

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def index(self) -> dict[str, Any]:
        """What there is now, with a revision that changes when anything does."""
        entries = [contents.index(run) for run in self.runs]
        revision = hashlib.sha256(json.dumps(entries).encode()).hexdigest()[:16]
        return {"revision": revision, "runs": entries}

    def content(self, path: str) -> tuple[bytes, str] | None:
        """The bytes and the type at a path, None where there is nothing."""
        found = re.fullmatch(r"(\d)/(?:(base|log)\.glv|snap/(\d{1,15})\.glv|atlas/(\d{1,4})\.webp)", path)
        if not found or int(found[1]) >= len(self.runs):
            return None
        run = self.runs[int(found[1])]
        if found[2]:
            return (contents.base if found[2] == "base" else contents.log)(run), "application/octet-stream"
        if found[3]:
            seen = int(found[3])
            return (
                (contents.snapshot(run, seen), "application/octet-stream") if seen in contents.snapshots(run) else None
            )
        pages = run.atlas_pages()
        number = int(found[4])
        return (pages[number].read_bytes(), "image/webp") if number < len(pages) else None


class Handler(BaseHTTPRequestHandler):
    """Answers GET with the page, the index, the containers, and a stream of revisions."""

    server: Viewer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if not self._from_here():
            self._send(HTTPStatus.FORBIDDEN, b"only for this machine\n", "text/plain")
            return
        path = urlsplit(self.path).path.lstrip("/")
        try:
            if path == "events":
                self._events()
            elif path == "index.json":
                self._send(HTTPStatus.OK, json.dumps(self.server.index()).encode(), "application/json", "no-store")
            elif path in STATIC:
                name, kind = STATIC[path]
                content = files("ganscope.page").joinpath("static", name).read_bytes()
                self._send(HTTPStatus.OK, content, kind, "no-cache")
            elif (found := self.server.content(path)) is not None:
                # A container never changes under its key, which stands in the query.
                self._send(HTTPStatus.OK, *found, "max-age=31536000, immutable")
            else:
                self._send(HTTPStatus.NOT_FOUND, b"nothing here\n", "text/plain")
        except (BrokenPipeError, ConnectionResetError):
            pass  # the reader has gone

    def _refuse(self) -> None:
        self._send(HTTPStatus.METHOD_NOT_ALLOWED, b"only GET\n", "text/plain")

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_HEAD = _refuse  # noqa: N815

    def _from_here(self) -> bool:
        host = self.headers.get("Host", "")
        if re.sub(r":\d+$", "", host) not in LOOPBACK:
            return False
        origin = self.headers.get("Origin")
        return origin is None or urlsplit(origin).netloc == host

    def _send(self, status: HTTPStatus, content: bytes, kind: str, cache: str = "no-store") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", cache)
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        if status is not HTTPStatus.OK:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _events(self) -> None:
        """Server-sent events: the revision when it changes, and a sign of life in between."""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Accel-Buffering", "no")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        last, beat = "", 0.0
        while True:
            revision = self.server.index()["revision"]
            now = time.monotonic()
            if revision != last or now - beat >= BEAT_SECONDS:
                self.wfile.write(f"data: {revision}\n\n".encode())
                self.wfile.flush()
                last, beat = revision, now
            time.sleep(EVENT_SECONDS)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: the terminal belongs to the user."""


def serve(runs: list[Path], *, port: int = 0, open_browser: bool = True) -> None:
    """Serve one run or two until Ctrl-C.

    Raises:
        RunError: no run there, or the port is taken.
    """
    with Viewer(runs, port) as server:
        print(f"{server.address}  (Ctrl-C ends it)", flush=True)  # noqa: T201
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(server.address,), daemon=True).start()
        server.serve_forever()
