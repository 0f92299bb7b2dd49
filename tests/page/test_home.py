"""The page of all runs: what it lists, whom it lets in, and that it stops a training as Ctrl-C does and no more."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from fixtures.browsing import until
from fixtures.synthetic import NASTY, Synthetic, build_run
from ganscope.page import home as home_module
from ganscope.page.home import Home
from ganscope.runs.run import Run

SPEC = Synthetic(num_real=120, num_fake=40, num_images=30, snapshots=3, history=40)
ODD = "b, c & <i>d é#?%"

# Holds a run as a training does, and says how it ended.
TRAINING = """
import pathlib, signal, sys, time
from ganscope.runs import Run
signal.signal(signal.SIGINT, signal.default_int_handler)  # as the training does: a shell's & would have it ignored
run = Run.open(sys.argv[1])
with run.locked():
    try:
        print("holding", flush=True)
        while True: time.sleep(0.05)
    except KeyboardInterrupt:
        print("Ctrl-C", flush=True)
"""


@contextmanager
def serving(root: Path) -> Iterator[Home]:
    with Home(root) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    build_run(tmp_path / "runs" / "00000-a", SPEC)
    build_run(tmp_path / "runs" / ODD, SPEC, nasty=True, dropped=False)
    (tmp_path / "runs" / "no run").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path / "runs"


def ask(server: Home, path: str, method: str = "GET", body: str | None = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
    try:
        connection.request(
            method, path, body and body.encode(), {name.replace("_", "-"): v for name, v in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def from_page(server: Home, **more: str) -> dict[str, str]:
    return {"Origin": server.address.rstrip("/"), "X_Ganscope_Token": server.token, **more}


# ---- what it lists ---------------------------------------------------------------------------------------------------
def test_every_run_is_listed_with_its_figures(root: Path) -> None:
    with serving(root) as server:
        runs = json.loads(ask(server, "/runs.json")[1])["runs"]
    assert [run["name"] for run in runs] == [ODD, "00000-a"], "the newest first"
    first = runs[1]
    assert (first["images_seen"], first["best"], first["frechet"], first["floor"]) == (12_800, 12_800, 6.0, 1.9)
    assert first["spark"] == [[0, 186.0], [6_400, 51.0], [12_800, 6.0]]
    assert first["tone"] == "warning" and first["writing"] is None and not first["finished"]


def test_a_damaged_run_does_not_hide_the_others(root: Path) -> None:
    (root / "00000-a" / "config.json").write_text("{")
    (root / "00000-a" / "evals.jsonl").write_text('{"images_seen": "many"}\nnonsense')
    with serving(root) as server:
        runs = {run["name"]: run for run in json.loads(ask(server, "/runs.json")[1])["runs"]}
    assert runs["00000-a"]["verdict"] == "" and runs[ODD]["frechet"] == 6.0


def test_the_rate_is_what_was_watched(root: Path) -> None:
    with Home(root) as server:
        assert server._rate("a", 1000, 0.0) is None
        assert server._rate("a", 1500, 10.0) == 50.0
        assert server._rate("a", 1500, 100.0) is None, "long after: what was seen before says nothing about now"


# ---- each run's page -------------------------------------------------------------------------------------------------
def test_a_run_is_found_by_its_name_and_by_nothing_else(root: Path) -> None:
    with serving(root) as server:
        for name in ("00000-a", ODD):
            status, body = ask(server, f"/run/{quote(name, safe='')}/index.json")
            assert status == 200 and json.loads(body)["runs"][0]["name"] == name
            assert ask(server, f"/run/{quote(name, safe='')}/0/log.glv")[0] == 200
            assert ask(server, f"/thumb/{quote(name, safe='')}.webp")[1][:4] == b"RIFF"
        both = json.loads(ask(server, f"/run/00000-a,{quote(ODD, safe='')}/index.json")[1])
        assert [run["name"] for run in both["runs"]] == ["00000-a", ODD]
        strangers = [
            "no%20run",
            "..",
            "%2e%2e",
            "..%2F..%2Fsecret.txt",
            "00000-a%2F..%2F00000-a",
            "00000-a,nobody",
            "*",
            ",",
        ]
        for name in strangers:
            assert ask(server, f"/run/{name}/index.json")[0] == 404, name
            assert ask(server, f"/thumb/{name}.webp")[0] == 404, name
        assert ask(server, "/run/" + ",".join(["00000-a"] * 5) + "/index.json")[0] == 404
        assert ask(server, "/runs.json", Host="evil.example")[0] == 403


def make_sweep(path: Path, page: str = "<title>all</title>") -> None:
    """Two trials as `ganscope sweep` leaves them, and a third that has no run yet."""
    for k, rate in enumerate((1e-4, 1e-3, 1e-2)):
        trial = path / f"trial-{k:04d}"
        (trial / "seed-0").mkdir(parents=True)
        told = {"number": k, "settings": {"g_lr": rate, "epochs": 2}}
        (trial / "trial.json").write_text(json.dumps(told))
        if k < 2:
            (trial / "seed-0" / "config.json").write_text('{"data": "digits", "preset": "mlp"}')
    (path / "sweep.html").write_text(page)


def test_a_sweep_is_listed_with_its_runs_and_its_page(root: Path) -> None:
    make_sweep(root / "s & <i>", "<script>alert(1)</script>")
    name = quote("s & <i>", safe="")
    with serving(root) as server:
        told = json.loads(ask(server, "/runs.json")[1])
        names = ["s & <i>/trial-0001/seed-0", "s & <i>/trial-0000/seed-0"]
        assert [run["name"] for run in told["runs"]] == [*names, ODD, "00000-a"]
        assert [run["varied"] for run in told["runs"]] == ["g_lr 0.001", "g_lr 0.0001", "", ""]
        assert told["sweeps"] == [{"name": "s & <i>", "prefix": "s & <i>/", "trials": 3, "runs": 2, "page": True}]
        index = json.loads(ask(server, f"/run/{quote(names[0], safe='')}/index.json")[1])
        assert index["runs"][0]["name"] == "trial-0001/seed-0", "not seed-0, as every trial's"
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
        connection.request("GET", f"/sweep/{name}/")
        answer = connection.getresponse()
        policy = answer.getheader("Content-Security-Policy") or ""
        assert answer.read() == b"<script>alert(1)</script>"
        assert policy.startswith("default-src 'none'") and "sandbox" in policy and "script-src" not in policy
        connection.request("GET", f"/sweep/{name}/trial-0001/seed-0/report.html")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 302
        assert answer.getheader("Location") == f"../../../../run/{quote(names[0], safe='')}/"
        connection.close()
        for path in (
            f"{name}/trial-0000/trial.json",
            f"{name}/../../secret.txt",
            "..",
            "nobody",
            f"{name}/trial-0002/seed-0/report.html",
        ):
            assert ask(server, f"/sweep/{path}{'' if '.' in path[-6:] else '/'}")[0] == 404, path
    with serving(root / "s & <i>") as server:
        told = json.loads(ask(server, "/runs.json")[1])
        assert [run["name"] for run in told["runs"]] == ["trial-0001/seed-0", "trial-0000/seed-0"]
        assert told["sweeps"][0]["prefix"] == "" and ask(server, f"/sweep/{name}/")[0] == 200


# ---- stopping --------------------------------------------------------------------------------------------------------
@contextmanager
def training(run: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", TRAINING, str(run)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline() == "holding\n"
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_stop_ends_a_training_as_ctrl_c_does(root: Path) -> None:
    with training(root / "00000-a") as process, serving(root) as server:
        status, said = ask(server, "/stop", "POST", "00000-a", **from_page(server))
        assert status == 200 and b"as with Ctrl-C" in said
        assert process.wait(10) == 0 and process.stdout is not None and process.stdout.read() == "Ctrl-C\n"
        assert ask(server, "/stop", "POST", "00000-a", **from_page(server))[0] == 409, "nothing trains there now"


def test_a_second_click_is_no_second_ctrl_c(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second Ctrl-C would end the training at once, without its checkpoint."""
    sent: list[int] = []
    monkeypatch.setattr(home_module, "interrupt", sent.append)
    with training(root / "00000-a") as process, serving(root) as server:
        for _ in range(3):
            assert ask(server, "/stop", "POST", "00000-a", **from_page(server))[0] == 200
        assert sent == [process.pid]


def test_nobody_else_can_stop_anything(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(home_module, "interrupt", sent.append)
    with training(root / "00000-a"), serving(root) as server:
        good = from_page(server)
        cases: list[tuple[int, str, str, dict[str, str]]] = [
            (403, "/stop", "00000-a", {**good, "X_Ganscope_Token": ""}),
            (403, "/stop", "00000-a", {**good, "X_Ganscope_Token": server.token[:-1]}),
            (403, "/stop", "00000-a", {**good, "Origin": "http://evil.example"}),
            (403, "/stop", "00000-a", {**good, "Origin": "null"}),
            (403, "/stop", "00000-a", {key: value for key, value in good.items() if key != "Origin"}),
            (403, "/stop", "00000-a", {**good, "Host": "evil.example"}),
            (404, "/stop", "../runs/00000-a", good),
            (404, "/stop", str(root / "00000-a"), good),
            (404, "/stop", "", good),
            (404, "/start", "00000-a", good),
            (409, "/stop", ODD, good),
            (400, "/stop", "a" * 5000, good),
        ]
        for status, path, body, headers in cases:
            assert ask(server, path, "POST", body, **headers)[0] == status, (path, body[:20], headers)
        assert ask(server, "/stop", "GET")[0] == 404
        for name in ("/", "/runs.json", "/home.js"):
            assert server.token.encode() not in ask(server, name)[1], "the token is only in the printed address"
    assert sent == []


def test_a_lock_that_names_no_process_stops_nothing(root: Path) -> None:
    run = Run(root / "00000-a")
    for text in ("", "0", "1", "-1", "nonsense"):
        (run.path / ".lock").write_text(text)
        assert run.held_by() is None
    (run.path / ".lock").write_text(str(os.getpid()))
    assert run.held_by() is None, "a number in a lock that nobody holds is history"


# ---- in a browser ----------------------------------------------------------------------------------------------------
@pytest.mark.browser
def test_the_page_lists_filters_compares_and_stops(root: Path, visit: Callable[..., Any]) -> None:
    with training(root / "00000-a") as process, serving(root) as server:
        page = visit(server.address, wait=False)
        page.goto("about:blank")
        page.goto(server.address_with_token)
        page.wait_for_selector("html[data-ready=true]")
        assert "token" not in page.url
        assert page.locator(".run-row").count() == 2
        assert page.locator(".run-row h2").first.inner_text() == ODD
        assert NASTY not in page.title()
        page.get_by_label("Filter the runs").fill("00000")
        assert page.locator(".run-row").count() == 1
        stop = page.get_by_label("Stop the training 00000-a")
        stop.click()
        assert process.poll() is None, "one click only asks"
        stop.click()
        assert process.wait(10) == 0
        page.get_by_label("Filter the runs").fill("")
        for name in ("00000-a", ODD):
            page.get_by_label(f"Compare {name}", exact=True).check()
        page.get_by_role("button", name="Compare 2").click()
        page.wait_for_selector("html[data-ready=true] .run >> nth=1")
        assert page.locator(".run").count() == 2
        # Without the token everything can be looked at and nothing stopped.
    with training(root / "00000-a"), serving(root) as server:
        page = visit(server.address, wait=False)
        page.wait_for_selector("html[data-ready=true]")
        end = time.monotonic() + 10
        while page.locator(".run-state[data-life=live]").count() == 0:
            assert time.monotonic() < end
            page.wait_for_timeout(50)
        assert not page.get_by_label("Stop the training 00000-a").is_visible()
        make_sweep(root / "s")
        until(page, "document.querySelectorAll('.run-row').length === 4")
        page.get_by_role("button", name="Only its runs").click()
        assert page.locator(".run-row h2").all_inner_texts() == ["s/trial-0001/seed-0", "s/trial-0000/seed-0"]
        assert "g_lr 0.001" in page.locator(".run-row .hint").first.inner_text()
        page.locator(".sweep-row a").click()
        until(page, "document.title === 'all'")
