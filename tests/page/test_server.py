"""The live page's server: GET, from this machine, for these runs, and nothing else."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixtures.synthetic import Synthetic, build_run, write_snapshot
from ganscope.errors import RunError
from ganscope.page import container, contents
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


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
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


def test_a_new_snapshot_is_told_on_the_event_stream(tmp_path: Path) -> None:
    run = build_run(tmp_path / "growing", SPEC)
    with serving(run.path) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
        connection.request("GET", "/events")
        stream = connection.getresponse()
        assert stream.headers["Content-Type"] == "text/event-stream"

        def next_revision() -> str:
            return next(line for line in iter(stream.readline, b"") if line.startswith(b"data: ")).decode()[6:].strip()

        first = next_revision()
        assert first == json.loads(Answer(server, "/index.json").content)["revision"]
        write_snapshot(run, SPEC, 3)
        later = next(found for _ in range(20) if (found := next_revision()) != first)
        index = json.loads(Answer(server, "/index.json").content)
        # The files of a snapshot come one after the other, so the stream may be a revision behind; never the first.
        assert later != first and index["revision"] != first
        assert [seen for seen, _ in index["runs"][0]["snapshots"]][-1] == 3 * SPEC.every
        connection.close()


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
    for path in ("/events", "/0/base.glv"):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
        connection.request("GET", path)
        connection.close()
    assert Answer(server, "/").status == 200
    assert capfd.readouterr() == ("", "")
