"""`ganscope view RUN`: the page on localhost, live while the run trains.

Only GET, only on the loopback interface, only the containers of the runs named at the start: no path of a request ever
reaches the file system. Requests whose Host or Origin is another machine are refused, so that no web page elsewhere can
read a run through the user's browser (DNS rebinding).

The page asks for the index again and again, so that a tab holds no connection while nothing happens: a browser opens
six to one server, and the seventh tab would wait for ever. A connection that is slow to ask is closed, and of too many
at once the one that has kept silent longest.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import socket
import threading
import time
import webbrowser
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ganscope.errors import RunError
from ganscope.page import contents, generator
from ganscope.runs import Run, read_bytes

STATIC = {
    "": ("index.html", "text/html; charset=utf-8"),
    "viewer.js": ("viewer.js", "text/javascript; charset=utf-8"),
    "generate.js": ("generate.js", "text/javascript; charset=utf-8"),
    "viewer.css": ("viewer.css", "text/css; charset=utf-8"),
}
CONTAINERS: dict[str, Callable[[Run], bytes]] = {
    "base": contents.base,
    "log": contents.log,
    "generator": lambda run: generator.export(run).blob,
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
ASK_SECONDS = 10.0  # within which a connection has sent its whole request, also the next one on a connection kept open
ANSWER_SECONDS = (
    60.0  # within which an answer has been taken; the largest is some megabytes, over the loopback interface
)
MOST_CONNECTIONS = 100  # at once, each with a thread


class Viewer(ThreadingHTTPServer):
    """The server; `address` is where the page is."""

    daemon_threads = True
    request_queue_size = 128  # what waits to be accepted

    def __init__(self, runs: list[Path], port: int = 0, handler: type[BaseHTTPRequestHandler] | None = None) -> None:
        self.runs = [Run.open(path) for path in runs]
        self._lock = threading.Lock()
        self._silent: dict[socket.socket, float] = {}  # connections from which a request is awaited, and since when
        self._open: set[socket.socket] = set()
        try:
            super().__init__(("127.0.0.1", port), handler or Handler)
        except (OSError, OverflowError) as error:
            raise RunError(
                f"port {port} cannot be used",
                found=getattr(error, "strerror", None) or str(error),
                todo="leave out --port: a free one is taken",
            ) from error

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def index(self, runs: list[Run] | None = None) -> dict[str, Any]:
        """What there is `now` (in Unix seconds), with a revision that changes when anything else does."""
        entries = [contents.index(run) for run in (self.runs if runs is None else runs)]
        revision = hashlib.sha256(json.dumps(entries).encode()).hexdigest()[:16]
        return {"revision": revision, "now": round(time.time(), 1), "runs": entries}

    # ---- connections -------------------------------------------------------------------------------------------------
    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
            self._silent[request] = time.monotonic()
            oldest = min(self._silent, key=self._silent.__getitem__) if len(self._open) > MOST_CONNECTIONS else None
        if oldest is not None:
            self._hang_up(oldest)
        super().process_request(request, client_address)

    def close_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
            self._silent.pop(request, None)
        super().close_request(request)

    def awaits(self, request: socket.socket, asking: bool) -> None:
        """`request` is a connection whose next request is awaited, or (`asking` False) one that is being answered."""
        with self._lock:
            if not asking:
                self._silent.pop(request, None)
            elif request in self._open:
                self._silent[request] = time.monotonic()

    def service_actions(self) -> None:
        """Once in each turn of the server's loop: hang up on who has not asked in time."""
        with self._lock:
            late = [one for one, since in self._silent.items() if time.monotonic() - since > ASK_SECONDS]
        for one in late:
            self._hang_up(one)

    def _hang_up(self, request: socket.socket) -> None:
        """End a connection under its thread, which then finds it closed and ends too."""
        with self._lock:
            self._silent.pop(request, None)
        with contextlib.suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)

    def content(self, path: str, runs: list[Run] | None = None) -> tuple[bytes, str] | None:
        """The bytes and the type at a path, None where there is nothing."""
        runs = self.runs if runs is None else runs
        found = re.fullmatch(r"(\d)/(?:(base|log|generator)\.glv|snap/(\d{1,15})\.glv|atlas/(\d{1,4})\.webp)", path)
        if not found or int(found[1]) >= len(runs):
            return None
        run = runs[int(found[1])]
        if found[2]:
            return CONTAINERS[found[2]](run), "application/octet-stream"
        if found[3]:
            seen = int(found[3])
            there = contents.has_snapshot(run, seen)
            return (contents.snapshot(run, seen), "application/octet-stream") if there else None
        pages = run.atlas_pages()
        number = int(found[4])
        page = read_bytes(pages[number]) if number < len(pages) else None
        return None if page is None else (page, "image/webp")


class Handler(BaseHTTPRequestHandler):
    """Answers GET with the page, the index and the containers."""

    server: Viewer
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.1"  # the library's, 0.9, would send answers without any header
    timeout = ANSWER_SECONDS

    def handle_one_request(self) -> None:
        self.server.awaits(self.connection, True)
        try:
            super().handle_one_request()
        except OSError:  # hung up on, or gone
            self.close_connection = True

    def parse_request(self) -> bool:
        whole = super().parse_request()
        self.server.awaits(self.connection, False)
        return whole

    def do_GET(self) -> None:
        if not self._from_here():
            self._send(HTTPStatus.FORBIDDEN, b"only for this machine\n", "text/plain")
            return
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the reader has gone
            self.answer(urlsplit(self.path).path.lstrip("/"))

    def answer(self, path: str) -> None:
        """Send what is at a path, without its leading slash."""
        self.answer_for(self.server.runs, path)

    def answer_for(self, runs: list[Run], path: str) -> None:
        """Send what is at a path of the page of `runs`."""
        if path == "index.json":
            self._send(HTTPStatus.OK, json.dumps(self.server.index(runs)).encode(), "application/json", "no-store")
        elif path in STATIC:
            name, kind = STATIC[path]
            content = files("ganscope.page").joinpath("static", name).read_bytes()
            self._send(HTTPStatus.OK, content, kind, "no-cache")
        elif (found := self.server.content(path, runs)) is not None:
            # A container never changes under its key, which stands in the query.
            self._send(HTTPStatus.OK, *found, "max-age=31536000, immutable")
        else:
            self._send(HTTPStatus.NOT_FOUND, b"nothing here\n", "text/plain")

    def _refuse(self) -> None:
        self._send(HTTPStatus.METHOD_NOT_ALLOWED, b"only GET\n", "text/plain")

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_HEAD = do_TRACE = do_CONNECT = _refuse  # noqa: N815

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library itself refuses (400, 414, 431, 501 …) goes out under the same policy as everything else."""
        self._send(HTTPStatus(code), f"{message or HTTPStatus(code).phrase}\n".encode(), "text/plain")

    def _from_here(self) -> bool:
        hosts, origins = self.headers.get_all("Host", []), self.headers.get_all("Origin", [])
        # Any port: the page may be reached through a tunnel. Two of a kind: who reads which is not ours to guess.
        if len(hosts) != 1 or len(origins) > 1 or re.sub(r":\d+$", "", hosts[0]) not in LOOPBACK:
            return False
        return not origins or urlsplit(origins[0]).netloc == hosts[0]

    def _send(
        self, status: HTTPStatus, content: bytes, kind: str, cache: str = "no-store", policy: str = POLICY
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", cache)
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        if status is not HTTPStatus.OK:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def version_string(self) -> str:
        return "ganscope"

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: the terminal belongs to the user."""


def serve(runs: list[Path], *, port: int = 0, open_browser: bool = True) -> None:
    """Serve one run, or up to four side by side, until Ctrl-C.

    Raises:
        RunError: no run there, or the port is taken.
    """
    with Viewer(runs, port) as server:
        print(f"{server.address}  (Ctrl-C ends it)", flush=True)  # noqa: T201
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(server.address,), daemon=True).start()
        server.serve_forever()
