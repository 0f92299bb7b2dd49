"""What cannot be read is called by its name, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganscope.data.load import load_dataset
from ganscope.errors import DataError


@pytest.mark.parametrize(
    ("name", "content", "found", "todo"),
    [
        ("a.7z", b"7z\xbc\xaf\x27\x1c....", "7z archive", "unpack it"),
        ("a.rar", b"Rar!\x1a\x07\x00....", "rar archive", "unpack it"),
        ("a.pkl", b"\x80\x04K\x01.", "Python pickle", ".npz"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "single PNG", "folder"),
        ("a.zip", b"<!DOCTYPE html>", "web page", "download"),
        ("a.zip", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS", "git lfs pull"),
        ("a.zip", b"", "empty", "again"),
        ("a.zip", b"PK\x03\x04" + bytes(40), "cut short", "again"),
        ("a.pt", b"PK\x03\x04" + bytes(40), "PyTorch", ".npz"),
        ("a.tfrecord", bytes(99), "TensorFlow", "folder or a zip"),
        ("a.txt", b"a.png\nb.png\n", "text", "--labels"),
        ("a.bin", b"\x00\x01\x02\x03" * 20, "none of zip", "folder"),
    ],
)
def test_refusals_name_the_kind_and_the_way(tmp_path: Path, name: str, content: bytes, found: str, todo: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match="is not a data set") as caught:
        load_dataset(str(tmp_path / name))
    assert found in caught.value.found and todo in caught.value.todo
