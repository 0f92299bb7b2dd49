"""Downloads against a server on this machine: whole, wrong, cut short, and taken up again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from fixtures.serving import CONTENT, Server
from ganscope.data.download import MIRROR_VARIABLE, Remote, fetch
from ganscope.errors import DataError


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
