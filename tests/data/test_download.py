"""Downloads against a server on this machine: whole, wrong, cut short, and taken up again."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from ganscope.data import load, sources
from ganscope.data.download import MIRROR_VARIABLE, Remote, fetch
from ganscope.data.published import IdxFile, IdxSet, verify_idx
from ganscope.errors import DataError

CONTENT = np.random.default_rng(0).bytes(400_000)


class Server:
    """Serves `files`; `cut` breaks the connection after so many bytes, so often; `requests` are (path, Range) seen."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: list[int] = []
        self.ranges = True
        self.requests: list[tuple[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = self.headers.get("Range", "")
                server.requests.append((self.path, wanted))
                content = server.files.get(self.path)
                if content is None:
                    self.send_error(404)
                    return
                start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and server.ranges else 0
                if start and start >= len(content):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(content)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206 if start else 200)
                if start:
                    self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
                self.send_header("Content-Length", str(len(content) - start))
                self.end_headers()
                length = server.cut.pop(0) if server.cut else len(content)
                self.wfile.write(content[start : start + length])

            def log_message(self, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    running.files["/set/file.bin"] = CONTENT
    yield running
    running.stop()


def verify(path: Path) -> None:
    if hashlib.sha256(path.read_bytes()).digest() != hashlib.sha256(CONTENT).digest():
        raise DataError("the content is wrong", found="another hash")


def remote(server: Server) -> Remote:
    return Remote("set/file.bin", (f"{server.url}/set/file.bin",))


def test_a_download_arrives_whole_and_only_once(server: Server, tmp_path: Path) -> None:
    path = fetch(remote(server), tmp_path, verify=verify)
    assert path == tmp_path / "set/file.bin" and path.read_bytes() == CONTENT
    assert fetch(remote(server), tmp_path, verify=verify) == path
    assert server.requests == [("/set/file.bin", "")]
    assert [p.name for p in path.parent.iterdir()] == ["file.bin"], "no part and no temporary file is left"


def test_a_wrong_content_is_one_clear_error_and_leaves_nothing(server: Server, tmp_path: Path) -> None:
    server.files["/set/file.bin"] = CONTENT[:-1] + b"?"
    with pytest.raises(DataError, match="the content is wrong"):
        fetch(remote(server), tmp_path, verify=verify)
    assert list((tmp_path / "set").iterdir()) == []


def test_a_connection_that_always_breaks_is_cut_short(server: Server, tmp_path: Path) -> None:
    server.cut = [1000] * 3
    with pytest.raises(DataError, match="could not be downloaded") as caught:
        fetch(remote(server), tmp_path, verify=verify)
    assert "cut short: got 3,000 of 400,000 bytes" in caught.value.found
    assert "3,000 bytes already here" in caught.value.todo
    assert not (tmp_path / "set/file.bin").exists()


def test_an_interrupted_download_goes_on_where_it_was(server: Server, tmp_path: Path) -> None:
    server.cut = [100_000] * 3
    with pytest.raises(DataError):
        fetch(remote(server), tmp_path, verify=verify)
    server.requests.clear()
    assert fetch(remote(server), tmp_path, verify=verify).read_bytes() == CONTENT
    assert server.requests == [("/set/file.bin", "bytes=300000-")], "nothing is fetched twice"


def test_a_connection_that_breaks_once_is_taken_up_in_the_same_call(server: Server, tmp_path: Path) -> None:
    server.cut = [150_000]
    said: list[str] = []
    assert fetch(remote(server), tmp_path, verify=verify, progress=said.append).read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == ["", "bytes=150000-"]
    assert any("broke off" in line for line in said)


def test_a_server_without_ranges_starts_again(server: Server, tmp_path: Path) -> None:
    server.ranges, server.cut = False, [150_000]
    assert fetch(remote(server), tmp_path, verify=verify).read_bytes() == CONTENT


@pytest.mark.parametrize("part", [b"foreign" * 100, CONTENT + b"more", b"x" * len(CONTENT), CONTENT])
def test_a_part_of_something_else_does_no_harm(server: Server, tmp_path: Path, part: bytes) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/file.bin.part").write_bytes(part)
    assert fetch(remote(server), tmp_path, verify=verify).read_bytes() == CONTENT


def test_the_next_mirror_is_tried(server: Server, tmp_path: Path) -> None:
    two = Remote("set/file.bin", (f"{server.url}/gone.bin", f"{server.url}/set/file.bin"))
    assert fetch(two, tmp_path, verify=verify).read_bytes() == CONTENT


def test_the_users_mirror_comes_first(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MIRROR_VARIABLE, server.url + "/")
    nowhere = Remote("set/file.bin", ("http://127.0.0.1:9/none",))
    assert fetch(nowhere, tmp_path, verify=verify).read_bytes() == CONTENT


def test_a_server_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="could not be downloaded") as caught:
        fetch(Remote("a.bin", ("http://127.0.0.1:9/a.bin",)), tmp_path, verify=verify)
    assert "127.0.0.1:9" in caught.value.found and "GANSCOPE_DATA" in caught.value.todo


def test_only_http_addresses_are_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(CONTENT)
    with pytest.raises(DataError, match="only http"):
        fetch(Remote("a.bin", (f"file://{secret}",)), tmp_path, verify=verify)


def test_a_folder_that_cannot_be_written_is_one_clear_error(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set").write_text("a file in the way")
    with pytest.raises(DataError, match="cannot write"):
        fetch(remote(server), tmp_path, verify=verify)


def tiny_published(server: Server, wrong: str = "") -> IdxSet:
    """A published set of 20 images, on the server as gzip; the file named `wrong` has one byte changed."""
    rng = np.random.default_rng(3)
    files = []
    for stem, shape in (("a-images", (16, 4, 4)), ("a-labels", (16,)), ("b-images", (4, 4, 4)), ("b-labels", (4,))):
        values = rng.integers(0, 256, shape) if len(shape) > 1 else np.arange(shape[0]) % 2
        head = bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
        content = head + values.astype(np.uint8).tobytes()
        name = f"tiny/{stem}.gz"
        files.append(IdxFile(Remote(name, (f"{server.url}/{name}",)), shape, hashlib.sha256(content).hexdigest()))
        server.files[f"/{name}"] = gzip.compress(content[:-1] + b"\7" if stem == wrong else content)
    return IdxSet("tiny", *files, class_names=("even", "odd"))


def test_a_published_set_is_downloaded_verified_and_read(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GANSCOPE_DATA", raising=False)
    monkeypatch.setitem(sources.DATASETS, "tiny", partial(sources._idx_set, tiny_published(server)))
    for _ in range(2):
        dataset = load.load_dataset("tiny", cache=tmp_path, size=4)
        assert dataset.train.images.shape == (16, 1, 4, 4) and dataset.test.images.shape == (4, 1, 4, 4)
        assert dataset.train.class_names == ("even", "odd") and dataset.train.labels is not None
        assert dataset.train.labels.tolist() == [0, 1] * 8
    assert len(server.requests) == 4, "the second time everything is there"


@pytest.mark.parametrize("wrong", ["a-images", "b-labels"])
def test_a_published_set_of_wrong_content_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.delenv("GANSCOPE_DATA", raising=False)
    monkeypatch.setitem(sources.DATASETS, "tiny", partial(sources._idx_set, tiny_published(server, wrong)))
    with pytest.raises(DataError, match=f"is not the published tiny/{wrong}") as caught:
        load.load_dataset("tiny", cache=tmp_path)
    assert "content SHA-256" in caught.value.found and "expected" in caught.value.found
    assert list(tmp_path.glob("datasets/*")) == []


def test_a_set_known_in_several_orders_passes_by_shape_and_is_said_to_be_unverified(tmp_path: Path) -> None:
    """As the images of Fashion-MNIST do; its labels, and any other shape, do not."""
    content = bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 6])
    (tmp_path / "file").write_bytes(content)
    packed = hashlib.md5(content).hexdigest()
    said: list[str] = []
    verify_idx(tmp_path / "file", IdxFile(Remote("a", ()), (2,), "0" * 64, packed), said.append)
    assert said == [], "the published packed file is known"
    verify_idx(tmp_path / "file", IdxFile(Remote("a", ()), (2,), "0" * 64, "0" * 32), said.append)
    assert len(said) == 1 and "not verified" in said[0]
    for unlike in (IdxFile(Remote("a", ()), (3,), "0" * 64, "0" * 32), IdxFile(Remote("a", ()), (2,), "0" * 64)):
        with pytest.raises(DataError, match="is not the published"):
            verify_idx(tmp_path / "file", unlike, said.append)


def test_a_wrong_file_in_the_data_folder_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANSCOPE_DATA", str(tmp_path / "data"))
    monkeypatch.setitem(sources.DATASETS, "tiny", partial(sources._idx_set, tiny_published(server, "a-images")))
    for name, content in server.files.items():
        path = tmp_path / "data" / name.lstrip("/").removesuffix(".gz")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.decompress(content) if name.endswith(".gz") else content)
    with pytest.raises(DataError, match="is not the published tiny/a-images"):
        load.load_dataset("tiny", cache=tmp_path / "cache")
    assert server.requests == []
