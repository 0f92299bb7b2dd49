"""A folder of files: links, pipes, names that are no UTF-8; few large items wait at a time."""

from __future__ import annotations

import json
import os
from pathlib import Path

from fixtures.pictures import num_images, png, write
from ganscope.data.load import load_dataset


def test_names_that_are_not_utf8_do_not_break_printing_or_json(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "a")
    os.mkdir(folder)  # noqa: PTH102 (bytes)
    for name, content in ((b"na\xffme.png", png(0)), (b"b\xfe.png", png(1)), (b"bad\xff.png", b"")):
        with open(folder + b"/" + name, "wb") as file:  # noqa: PTH123 (bytes)
            file.write(content)
    data = load_dataset(str(tmp_path / "a"))
    names = [*(data.train.names or ()), *(data.test.names or ())]
    assert sorted(names) == ["b\\xfe.png", "na\\xffme.png"]
    assert data.skipped == (("bad\\xff.png", "empty: the file has 0 bytes"),)
    json.dumps([names, data.skipped], ensure_ascii=False).encode("utf-8")


def test_links_in_a_folder_are_followed_once_and_pipes_are_not_read(tmp_path: Path) -> None:
    write(tmp_path / "a", {"x/1.png": png(1), "x/2.png": png(2)})
    (tmp_path / "a/x/loop").symlink_to(tmp_path / "a")
    (tmp_path / "a/dead.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "a/pipe.png")
    data = load_dataset(str(tmp_path / "a"))
    assert num_images(data) == 2 and [name for name, _ in data.skipped] == ["dead.png", "pipe.png"]


def test_a_large_member_waits_alone(tmp_path: Path) -> None:
    """Members in memory are bounded by their bytes and not only by their number."""
    from ganscope.data.folder import _chunk

    items = iter([(str(i), bytes(2**23)) for i in range(10)])
    assert [len(_chunk(items)) for _ in range(5)] == [2] * 5
