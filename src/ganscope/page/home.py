"""`ganscope view` over a folder: a page of all its runs, each opened from there, and a button that stops a training.

The rules of server.py hold here too, and one thing more can be done: POST `stop` with a run's name ends its training as
Ctrl-C does, once. It takes the token that stands in the printed address behind `#`, which browsers never send anywhere;
so neither another page nor another user of this machine can do it. The name is looked up among the folder's runs and
the process is the one that holds the run's lock; nothing else is ever signalled.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
import signal
import threading
import time
import webbrowser
from collections.abc import Callable
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from ganscope.errors import GanscopeError
from ganscope.page import contents
from ganscope.page.report import MOST_COMPARED
from ganscope.page.server import STATIC, Handler, Viewer
from ganscope.runs import Run, Sweep, list_sweeps, named_runs, read_bytes

HOME_STATIC = {"": ("home.html", "text/html; charset=utf-8"), "home.js": ("home.js", "text/javascript; charset=utf-8")}
THUMBNAILS, THUMBNAIL_SIDE = 32, 64  # pictures of a run's own newest images, and their pixels
RATE_SECONDS = 20.0  # over which the rate of a live training is taken
SPARK_POINTS = 60
TAIL_BYTES = 65_536  # of history.jsonl, in which its last line lies
LONGEST_REQUEST = 4_096
# A sweep's page is a file that lies in the folder: whatever it holds, it can do nothing here but be read.
SWEEP_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
)


class Home(Viewer):
    """The server over a folder of runs."""

    def __init__(self, root: Path, port: int = 0) -> None:
        self.root = root
        self.token = secrets.token_urlsafe(24)
        self._asked: set[tuple[str, int]] = set()  # trainings that were told to stop, by run and process
        self._progress: dict[str, list[tuple[float, int]]] = {}
        self._known: dict[str, tuple[str, dict[str, Any]]] = {}
        super().__init__([], port, HomeHandler)

    @property
    def address_with_token(self) -> str:
        return f"{self.address}#token={self.token}"

    def named(self, name: str) -> Run | None:
        """The run of a name in the folder: compared as text, never joined to a path."""
        return named_runs(self.root).get(name)

    def sweep(self, name: str) -> Sweep | None:
        return next((sweep for sweep in list_sweeps(self.root) if sweep.name == name), None)

    def group(self, text: str) -> list[Run] | None:
        """Runs by their names, each quoted, with commas between; None where one is not there."""
        found = [self.named(unquote(part)) for part in text.split(",")]
        runs = [run for run in found if run is not None]
        return runs if len(runs) == len(found) <= MOST_COMPARED else None

    def summaries(self) -> dict[str, Any]:
        """One entry a run, the newest first, one a sweep, and the time `now` in Unix seconds."""
        runs = [self._summary(name, run) for name, run in named_runs(self.root).items()][::-1]
        varied: dict[str, str] = {}
        sweeps = []
        for sweep in list_sweeps(self.root):
            told = sweep.varied()
            for name, run in sweep.runs().items():
                varied[name] = ", ".join(f"{key} {_short(value)}" for key, value in told[run.path.parent.name].items())
            sweeps.append(
                {
                    "name": sweep.name,
                    "prefix": sweep.prefix,
                    "trials": len(sweep.trials),
                    "runs": len(sweep.runs()),
                    "page": sweep.page.is_file(),
                }
            )
        for run_entry in runs:
            run_entry["varied"] = varied.get(run_entry["name"], "")
        return {"now": round(time.time(), 1), "folder": str(self.root), "runs": runs, "sweeps": sweeps}

    def _summary(self, name: str, run: Run) -> dict[str, Any]:
        state = {key: value for key, value in contents.state(run).items() if key != "snapshots"}
        key = state.pop("log")
        known = self._known.get(name)
        if known is None or known[0] != key:
            known = key, _lasting(run)
            self._known[name] = known
        rate = self._rate(name, known[1].get("images_seen"), time.monotonic())
        return {**state, **known[1], "name": name, "rate": rate}

    def _rate(self, name: str, images_seen: int | None, now: float) -> float | None:
        """Images a second over the last RATE_SECONDS that this server has watched; None where nothing has moved."""
        if images_seen is None:
            return None
        seen = [point for point in self._progress.get(name, []) if now - point[0] <= RATE_SECONDS]
        self._progress[name] = [*seen, (now, images_seen)]
        moved = [(at, count) for at, count in seen if count < images_seen]
        if not moved or now - moved[0][0] < 1.0:
            return None
        return (images_seen - moved[0][1]) / (now - moved[0][0])

    def stop(self, name: str) -> tuple[HTTPStatus, str]:
        """End the training of a run as Ctrl-C does."""
        run = self.named(name)
        if run is None:
            return HTTPStatus.NOT_FOUND, "no such run"
        process = run.held_by()
        if process is None:
            return HTTPStatus.CONFLICT, "nothing trains in this run"
        if (name, process) in self._asked:
            return HTTPStatus.OK, "it has been asked already: it ends with its step"
        try:
            interrupt(process)
        except OSError as error:
            return HTTPStatus.CONFLICT, f"it cannot be stopped from here: {error.strerror}"
        self._asked.add((name, process))
        return HTTPStatus.OK, "it ends with its step, as with Ctrl-C"


class HomeHandler(Handler):
    """Answers for the folder's page, under `run/NAMES/` for each run's, and under `sweep/NAME/` for each sweep's."""

    server: Home

    def answer(self, path: str) -> None:
        found = re.fullmatch(r"run/([^/]+)/(.*)", path)
        if found:
            runs = self.server.group(found[1])
            if runs is None:
                self._send(HTTPStatus.NOT_FOUND, b"no such run\n", "text/plain")
            else:
                self.answer_for(runs, found[2])
        elif found := re.fullmatch(r"sweep/([^/]+)/(.*)", path):
            self._answer_sweep(self.server.sweep(unquote(found[1])), unquote(found[2]))
        elif path == "runs.json":
            self._send(HTTPStatus.OK, json.dumps(self.server.summaries()).encode(), "application/json", "no-store")
        elif path in HOME_STATIC or path == "viewer.css":
            name, kind = {**STATIC, **HOME_STATIC}[path]
            self._send(HTTPStatus.OK, files("ganscope.page").joinpath("static", name).read_bytes(), kind, "no-cache")
        elif (thumb := re.fullmatch(r"thumb/([^/]+)\.webp", path)) and (run := self.server.named(unquote(thumb[1]))):
            picture = contents.contact(run, THUMBNAILS, THUMBNAIL_SIDE)
            if picture:
                self._send(HTTPStatus.OK, picture, "image/webp", "max-age=31536000, immutable")
            else:
                self._send(HTTPStatus.NOT_FOUND, b"no picture yet\n", "text/plain")
        else:
            self._send(HTTPStatus.NOT_FOUND, b"nothing here\n", "text/plain")

    def _answer_sweep(self, sweep: Sweep | None, path: str) -> None:
        """The sweep's page; where it links a run's report, the run's page here."""
        page = read_bytes(sweep.page) if sweep and not path else None
        name = f"{sweep.prefix}{path.removesuffix('/report.html')}" if sweep else ""
        if page is not None:
            self._send(HTTPStatus.OK, page, "text/html; charset=utf-8", "no-store", SWEEP_POLICY)
        elif path.endswith("/report.html") and self.server.named(name):
            up = "../" * (path.count("/") + 2)
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", f"{up}run/{quote(name, safe='')}/")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._send(HTTPStatus.NOT_FOUND, b"nothing here\n", "text/plain")

    def do_POST(self) -> None:  # noqa: N802
        # A page elsewhere can send a POST here: it cannot give this header, nor an Origin of ours.
        given = self.headers.get("X-Ganscope-Token", "")
        length = self.headers.get("Content-Length", "")
        if not self._from_here() or not self.headers.get("Origin"):
            self._send(HTTPStatus.FORBIDDEN, b"only for this machine\n", "text/plain")
        elif urlsplit(self.path).path != "/stop":
            self._send(HTTPStatus.NOT_FOUND, b"nothing here\n", "text/plain")
        elif not hmac.compare_digest(given.encode(), self.server.token.encode()):
            self._send(HTTPStatus.FORBIDDEN, b"the token of the printed address is needed\n", "text/plain")
        elif not length.isdecimal() or int(length) > LONGEST_REQUEST:
            self._send(HTTPStatus.BAD_REQUEST, b"a run's name is needed\n", "text/plain")
        else:
            name = self.rfile.read(int(length)).decode("utf-8", errors="replace")
            status, said = self.server.stop(name)
            self._send(status, f"{said}\n".encode(), "text/plain; charset=utf-8")


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)[:60]


def interrupt(process: int) -> None:
    """What Ctrl-C in its terminal does."""
    os.kill(process, signal.SIGINT)


def _lasting(run: Run) -> dict[str, Any]:
    """What changes only with the run's lines: how far it is, its measurements, its verdict."""
    found: dict[str, Any] = {"images_seen": None, "epoch": None, "epochs": None, "spark": [], "verdict": "", "tone": ""}
    found |= {"frechet": None, "floor": None, "best": None, "data": "", "preset": "", "points": False}
    for part in (_settings, _place, _measured):
        try:
            found |= part(run)
        except (GanscopeError, OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # a run that is being written, or damaged: what can be read of it is shown
    return found


def _settings(run: Run) -> dict[str, Any]:
    config = json.loads(run.config_path.read_text(encoding="utf-8"))
    asked = {key: config.get(key) for key in ("data", "preset", "epochs")}
    return {**asked, "points": config.get("network") == "toy"}


def _place(run: Run) -> dict[str, Any]:
    with run.lines_path("history").open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
        lines = file.read().split(b"\n")
    for text in reversed(lines):
        try:
            line = json.loads(text)
        except ValueError:
            continue  # cut short by a writer, or by where the tail begins
        if isinstance(line, dict) and "images_seen" in line:
            return {"images_seen": int(line["images_seen"]), "epoch": line.get("epoch")}
    return {}


def _measured(run: Run) -> dict[str, Any]:
    evals = run.evals()
    if not evals:
        return {}
    last = evals[-1]
    grades = [finding.get("severity", "") for finding in last.get("findings", []) if finding.get("id") != "balanced"]
    tone = next((grade for grade in ("failure", "warning") if grade in grades), "good" if last.get("verdict") else "")
    measured = [(line["images_seen"], line.get("metrics", {}).get("frechet", {})) for line in evals]
    spark = [[seen, metric["value"]] for seen, metric in measured if metric.get("value") is not None]
    best: dict[str, Any] = next((metric for seen, metric in reversed(measured) if seen == last.get("best")), {})
    step = max(1, -(-len(spark) // SPARK_POINTS))
    found = {"verdict": str(last.get("verdict", "")), "tone": tone, "best": last.get("best")}
    return found | {"spark": spark[::-1][::step][::-1], "frechet": best.get("value"), "floor": best.get("floor")}


def serve_home(root: Path, *, port: int = 0, open_browser: bool = True, say: Callable[[str], None] = print) -> None:
    """Serve a folder of runs until Ctrl-C.

    Raises:
        RunError: the port is taken.
    """
    with Home(root, port) as server:
        say(f"{server.address_with_token}  (Ctrl-C ends it)")
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(server.address_with_token,), daemon=True).start()
        server.serve_forever()
