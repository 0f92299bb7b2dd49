"""A file is absent or whole."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import IO

import pytest
import torch

from ganscope.config.plan import plan
from ganscope.config.presets import make_config
from ganscope.errors import RunError
from ganscope.files import advice, atomic, make_directory, write_json
from ganscope.runs.run import Run


def make(path: Path) -> Run:
    return Run.create(path, plan(make_config("digits", "mlp"), num_images=100, size=8, channels=1), {"a": 1}, "text")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"old": 1})

    def fail_halfway() -> None:
        with atomic(path) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert path.read_text() == '{\n  "old": 1\n}\n'
    assert [found.name for found in tmp_path.iterdir()] == ["x.json"]


def test_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full is a Linux device")
    run = make(tmp_path / "r")
    run.lines_path("history").symlink_to("/dev/full")
    with pytest.raises(RunError, match=r"(?s)cannot write .*history.jsonl.*No space left"):
        run.append("history", {"images_seen": 1})


class Filling:
    """A file on a disk that is full after so many bytes."""

    def __init__(self, file: IO[bytes], room: int) -> None:
        self.file, self.room = file, room

    def write(self, data: bytes) -> int:
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(data)

    def flush(self) -> None:
        self.file.flush()


@pytest.mark.parametrize("room", [0, 100, 3_000, 200_000])
def test_a_disk_that_fills_up_under_a_checkpoint_is_one_clear_error(tmp_path: Path, room: int) -> None:
    path = tmp_path / "000000010.pt"
    path.write_bytes(b"old")
    with pytest.raises(RunError, match=r"(?s)cannot write .*pt.*No space left"), atomic(path) as file:
        torch.save({"weights": torch.zeros(100_000)}, Filling(file, room))
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_a_run_that_is_removed_while_it_is_written_is_not_a_full_disk(tmp_path: Path) -> None:
    run = make(tmp_path / "r")
    shutil.rmtree(run.path)
    with pytest.raises(RunError, match=r"(?s)history.jsonl.*No such file.*removed or moved") as caught:
        run.append("history", {"images_seen": 1})
    assert "space" not in str(caught.value)


def test_only_a_full_disk_wants_space() -> None:
    said = {number: advice(OSError(number, os.strerror(number)), "free some space") for number in errno.errorcode}
    wanting = {number for number, text in said.items() if "space" in text}
    assert wanting == {errno.ENOSPC, errno.EDQUOT}


def test_a_file_in_the_place_of_a_folder_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("mine")
    for write in (lambda: write_json(tmp_path / "runs" / "a.json", 1), lambda: make_directory(tmp_path / "runs" / "a")):
        with pytest.raises(RunError, match=r"a file lies where a folder belongs"):
            write()
    (tmp_path / "a.json").mkdir()
    with pytest.raises(RunError, match="a folder lies where a file belongs"):
        write_json(tmp_path / "a.json", 1)
    assert list((tmp_path / "a.json").iterdir()) == []
