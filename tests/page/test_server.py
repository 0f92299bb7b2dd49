"""The live page's server: GET, from this machine, for these runs, and nothing else."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from fixtures.synthetic import Synthetic, build_run, write_snapshot
from ganscope.errors import RunError
from ganscope.page import container, contents
from ganscope.page import server as server_module
from ganscope.page.server import Viewer
from ganscope.runs.run import Run

SPEC = Synthetic(num_real=200, num_fake=60, snapshots=3, history=40)


@contextmanager
def serving(*runs: Path, port: int = 0) -> Iterator[Viewer]:
    with Viewer(list(runs), port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return build_run(tmp_path_factory.mktemp("view") / "live", SPEC)


@pytest.fixture(scope="module")
def server(run: Run) -> Iterator[Viewer]:
    with serving(run.path) as found:
        yield found


class Answer:
    def __init__(self, server: Viewer, path: str, method: str = "GET", **headers: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
        try:
            # The path goes out as it is: no client tidies `..` away on the way.
            connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            found = connection.getresponse()
            self.status, self.headers, self.content = found.status, found.headers, found.read()
        finally:
            connection.close()


def test_the_page_and_its_program_are_served_with_a_policy(server: Viewer) -> None:
    page = Answer(server, "/")
    assert page.status == 200 and b'src="viewer.js"' in page.content
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert b'rel="icon"' in page.content  # otherwise every visit asks for /favicon.ico
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    for path, kind in (("/viewer.js", "text/javascript"), ("/viewer.css", "text/css")):
        found = Answer(server, path)
        assert found.status == 200 and found.headers["Content-Type"].startswith(kind) and len(found.content) > 1000


def test_the_index_is_the_run_s(server: Viewer, run: Run) -> None:
    answer = Answer(server, "/index.json")
    assert answer.headers["Cache-Control"] == "no-store"
    found = json.loads(answer.content)
    assert found["runs"] == [json.loads(json.dumps(contents.index(run)))]
    assert found["revision"]


def test_containers_are_the_exhibit_s_and_may_be_kept_for_ever(server: Viewer, run: Run) -> None:
    seen = contents.snapshots(run)[1]
    for path, wanted in (
        ("/0/base.glv?k=1", contents.base(run)),
        ("/0/log.glv?k=1", contents.log(run)),
        (f"/0/snap/{seen}.glv?k=1", contents.snapshot(run, seen)),
        ("/0/atlas/0.webp?k=1", run.atlas_pages()[0].read_bytes()),
    ):
        answer = Answer(server, path)
        assert answer.status == 200 and answer.content == wanted, path
        assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT"])
def test_only_get_is_answered(server: Viewer, method: str) -> None:
    assert Answer(server, "/index.json", method).status == 405


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "192.168.1.5"])
def test_another_host_s_name_is_refused(server: Viewer, host: str) -> None:
    answer = Answer(server, "/index.json", Host=host)
    assert answer.status == 403 and b"runs" not in answer.content


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_this_machine_s_names_are_taken(server: Viewer, host: str) -> None:
    assert Answer(server, "/index.json", Host=f"{host}:{server.server_address[1]}").status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
def test_another_origin_is_refused(server: Viewer, origin: str) -> None:
    assert Answer(server, "/index.json", Origin=origin).status == 403


def raw(server: Viewer, request: bytes) -> bytes:
    """What the server answers to these bytes until it hangs up."""
    with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=20) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /index.json HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", b"403"),
        (b"GET /index.json HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n\r\n", b"403"),
        (
            b"GET /index.json HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nOrigin: http://e.com\r\n\r\n",
            b"403",
        ),
        (b"GET /index.json HTTP/1.1\r\n\r\n", b"403"),
        (b"NONSENSE\r\n\r\n", b"400"),
        (b"GET / HTTP/9.x\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000 + b"\r\n\r\n", b"431"),
        (b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"501"),
        (b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"405"),
    ],
)
def test_what_is_refused_is_refused_under_the_policy(server: Viewer, request_: bytes, status: bytes) -> None:
    answer = raw(server, request_)
    head, _, body = answer.partition(b"\r\n\r\n")
    first = head.split(b"\r\n")[0]
    assert status in first or b"HTTP" not in first
    assert b"default-src 'none'" in head and b"nosniff" in head and b"<" not in body and b"runs" not in body


def test_who_asks_too_slowly_is_hung_up_on_and_many_of_them_keep_nobody_out(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "ASK_SECONDS", 0.6)
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 20)
    with serving(run.path) as server:
        before = threading.active_count()
        slow = [socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=20) for _ in range(120)]
        for one in slow:
            one.sendall(b"GET / HT")
        began = time.monotonic()
        assert Answer(server, "/index.json").status == 200
        assert time.monotonic() - began < 5
        assert threading.active_count() - before <= 25, "the oldest of too many give up their threads"
        for one in slow:
            with suppress(ConnectionResetError):
                assert one.recv(10) == b""
            one.close()
        deadline = time.monotonic() + 10
        while threading.active_count() > before and time.monotonic() < deadline:
            time.sleep(0.05)
        assert threading.active_count() <= before


def test_two_hundred_at_once_are_all_answered(server: Viewer) -> None:
    found: list[int] = []
    readers = [threading.Thread(target=lambda: found.append(Answer(server, "/index.json").status)) for _ in range(200)]
    for one in readers:
        one.start()
    for one in readers:
        one.join()
    assert found == [200] * 200


def test_the_page_s_own_origin_is_taken(server: Viewer) -> None:
    assert Answer(server, "/index.json", Origin=server.address.rstrip("/")).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../config.json",
        "/config.json",
        "/0/../../config.json",
        "/0/../config.json",
        "/0/config.json",
        "/%2e%2e/config.json",
        "/0/snap/../base.glv",
        "/0/snap/99.glv",
        "/0/atlas/99.webp",
        "/1/base.glv",
        "/0/snap/-1.glv",
        "//etc/passwd",
        "/static/viewer.js",
        "/0/snap/0.glv/",
        "/0/atlas/0.webp%00",
    ],
)
def test_what_is_not_there_is_404_whatever_the_path(server: Viewer, path: str) -> None:
    answer = Answer(server, path)
    assert answer.status == 404 and answer.content == b"nothing here\n"


def test_a_new_snapshot_is_a_new_revision_and_the_clock_alone_is_none(tmp_path: Path) -> None:
    run = build_run(tmp_path / "growing", SPEC)
    with serving(run.path) as server:
        first, again = (json.loads(Answer(server, "/index.json").content) for _ in range(2))
        assert first["revision"] == again["revision"] and abs(time.time() - again["now"]) < 60
        write_snapshot(run, SPEC, 3)
        later = json.loads(Answer(server, "/index.json").content)
        assert later["revision"] != first["revision"]
        assert [seen for seen, _ in later["runs"][0]["snapshots"]][-1] == 3 * SPEC.every


def test_a_training_that_was_killed_does_not_count_as_alive(tmp_path: Path) -> None:
    run = build_run(tmp_path / "killed", SPEC)
    hours_ago = time.time() - 7200
    for name in ("history", "test", "evals", "timing"):
        os.utime(run.lines_path(name), (hours_ago, hours_ago))
    with serving(run.path) as server:

        def entry() -> dict[str, object]:
            return dict(json.loads(Answer(server, "/index.json").content)["runs"][0])

        assert entry()["writing"] is None and entry()["written"] == pytest.approx(hours_ago, abs=1)
        hold = (
            "from ganscope.runs import Run; import time\n"
            f"with Run.open({str(run.path)!r}).locked():\n  print(1, flush=True)\n  time.sleep(60)"
        )
        trainer = subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE)
        assert trainer.stdout is not None and trainer.stdout.readline()
        assert entry()["writing"] is True
        trainer.send_signal(signal.SIGKILL)
        trainer.wait()
        trainer.stdout.close()
        assert entry()["writing"] is False and entry()["finished"] is False


def test_asking_whether_it_is_in_use_never_refuses_a_training(tmp_path: Path) -> None:
    run = build_run(tmp_path / "asked", SPEC)
    stop = threading.Event()
    askers = [
        threading.Thread(target=lambda: [run.in_use() for _ in iter(lambda: stop.wait(0.002), True)]) for _ in range(2)
    ]
    for one in askers:
        one.start()
    try:
        for _ in range(100):
            with run.locked():
                assert run.in_use() is True
    finally:
        stop.set()
        for one in askers:
            one.join()


def test_a_snapshot_half_written_is_served_without_its_points_and_comes_whole_under_a_new_key(tmp_path: Path) -> None:
    run = build_run(tmp_path / "half", SPEC)
    seen = contents.snapshots(run)[-1]
    whole = run.map_path(seen).read_bytes()
    run.map_path(seen).write_bytes(whole[:1000])
    with serving(run.path) as server:
        key = server.index()["runs"][0]["snapshots"][-1][1]
        assert container.decode(Answer(server, f"/0/snap/{seen}.glv").content)[0]["points"] == 0
        run.map_path(seen).write_bytes(whole)
        assert server.index()["runs"][0]["snapshots"][-1][1] != key
        assert container.decode(Answer(server, f"/0/snap/{seen}.glv").content)[0]["points"] == SPEC.num_fake


def test_two_runs_are_served_under_their_numbers(run: Run, tmp_path: Path) -> None:
    other = build_run(tmp_path / "other", num_real=50, num_fake=20, snapshots=1)
    with serving(run.path, other.path) as server:
        assert [entry["name"] for entry in server.index()["runs"]] == ["live", "other"]
        assert Answer(server, "/1/base.glv").content == contents.base(other)


def test_a_port_that_is_taken_is_a_run_error_that_says_what_to_do(server: Viewer, run: Run) -> None:
    port = server.server_address[1]
    with pytest.raises(RunError, match=f"port {port}") as caught:
        Viewer([run.path], port)
    assert "--port" in str(caught.value)


def test_the_server_is_on_the_loopback_interface_alone(server: Viewer) -> None:
    assert server.server_address[0] == "127.0.0.1"


def test_a_reader_who_leaves_says_nothing_in_the_terminal(server: Viewer, capfd: pytest.CaptureFixture[str]) -> None:
    for path in ("/index.json", "/0/base.glv"):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
        connection.request("GET", path)
        connection.close()
    assert Answer(server, "/").status == 200
    assert capfd.readouterr() == ("", "")
