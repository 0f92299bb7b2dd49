"""A decoding that was killed goes on where it was, and ends with the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.data import folder as folders
from ganscope.data import unfinished
from ganscope.data.cache import building
from ganscope.data.load import load_dataset
from ganscope.data.unfinished import OWNER, PROGRESS, Rows, is_held

from .test_archive import make_tar, tar_info

fcntl = pytest.importorskip("fcntl", reason="this system has no locks that end with their process")

SHARDS, EACH = 5, 40
# Decodes at most so many images, telling of each, and is then killed as the machine kills.
CHILD = """
import os, signal, sys
from ganscope.data import decode, folder, load, unfinished
unfinished.KEEP_SECONDS = 0.0
data, cache, most = sys.argv[1], sys.argv[2], int(sys.argv[3])
put, count = unfinished.Rows.put, 0
def counted(self, row, pixels):
    global count
    put(self, row, pixels)
    count += 1
    print(row, flush=True)
    if count == most:
        os.kill(os.getpid(), signal.SIGKILL)
unfinished.Rows.put = counted
from pathlib import Path
load.load_dataset(data, size=16, cache=Path(cache), progress=lambda text: print(text, file=sys.stderr))
"""


def encoded(number: int) -> bytes:
    from io import BytesIO

    pixels = np.random.default_rng(number).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def shards(root: Path) -> Path:
    for shard in range(SHARDS):
        members = []
        for i in range(EACH):
            whole = encoded(shard * EACH + i)
            content = whole[: len(whole) // 2] if (shard, i) == (1, 7) else whole  # seen when it is decoded
            members.append((tar_info(f"{i:06d}.png"), content))
        root.mkdir(exist_ok=True)
        make_tar(root / f"set-{shard:05d}.tar", members, "w")
    return root


def parquet(root: Path) -> Path:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    import pyarrow.parquet as pq

    root.mkdir()
    for shard in range(SHARDS):
        rows = [{"bytes": encoded(shard * EACH + i)} for i in range(EACH)]
        pq.write_table(pa.table({"image": rows}), root / f"train-{shard:05d}-of-{SHARDS:05d}.parquet")
    return root


def array(root: Path) -> Path:
    root.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (SHARDS * EACH, 20, 20, 3), dtype=np.uint8)
    np.save(root / "set.npy", pixels)
    return root / "set.npy"


def child(data: Path, cache: Path, most: int) -> tuple[int, list[int], str]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(data), str(cache), str(most)], capture_output=True, text=True, timeout=120
    )
    return done.returncode, [int(row) for row in done.stdout.split()], done.stderr


def result(cache: Path) -> dict[str, bytes]:
    (folder,) = [path for path in (cache / "datasets").iterdir() if not path.name.startswith(".")]
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize(
    "kind", [array, pytest.param(shards, marks=pytest.mark.slow), pytest.param(parquet, marks=pytest.mark.slow)]
)
def test_killed_in_the_middle_it_goes_on_and_ends_with_the_same_bytes(kind: object, tmp_path: Path) -> None:
    assert callable(kind)
    data = kind(tmp_path / "data")
    most = SHARDS * EACH * 3 // 5
    status, first, _ = child(data, tmp_path / "cache", most)
    assert status == -signal.SIGKILL and len(first) == most
    (left,) = (tmp_path / "cache" / "datasets").glob(".*.tmp")
    assert not is_held(left)
    status, again, said = child(data, tmp_path / "cache", 10**9)
    assert status == 0, said
    assert "an earlier decoding goes on: 12" in said
    rows = set(range(SHARDS * EACH)) - ({EACH + 7} if kind is shards else set())
    assert sorted(first + again) == sorted(rows), "no row is decoded twice"
    load_dataset(str(data), size=16, cache=tmp_path / "whole")
    assert result(tmp_path / "cache") == result(tmp_path / "whole")


def test_finished_shards_are_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = shards(tmp_path / "data")
    child(data, tmp_path / "cache", EACH * 3 + 5)
    opened: list[str] = []
    read = folders.read_archive
    monkeypatch.setattr(folders, "read_archive", lambda path, wanted: opened.append(path.name) or read(path, wanted))
    load_dataset(str(data), size=16, cache=tmp_path / "cache")
    assert opened == ["set-00003.tar", "set-00004.tar"]


def broken_off(folder: Path, error: type[BaseException]) -> None:
    with building(folder) as scratch, Rows(scratch, 4, 3) as rows:
        rows.put(2, b"abc")
        raise error


def test_an_interrupted_decoding_is_kept_and_a_failed_one_is_not(tmp_path: Path) -> None:
    for error, kept in ((KeyboardInterrupt, True), (ValueError, False)):
        with pytest.raises(error):
            broken_off(tmp_path / "set", error)
        assert len(list(tmp_path.glob(f".*/{PROGRESS}"))) == kept
        with building(tmp_path / "set") as scratch:
            assert Rows(scratch, 4, 3).done.tolist() == [False, False, kept, False]


def test_what_another_holds_is_left_to_it(tmp_path: Path) -> None:
    with building(tmp_path / "set") as scratch:
        with Rows(scratch, 2, 1) as rows:
            rows.put(0, b"a")
        other = scratch.rename(tmp_path / ".set.1.1.tmp")  # as of another process
        assert is_held(other)
        with building(tmp_path / "set") as mine:
            assert mine != other and not (mine / PROGRESS).exists()
            assert (other / PROGRESS).exists()
        other.rename(scratch)


@pytest.mark.parametrize(
    "note",
    ["", "[]", "{}", '{"count": 3, "row_bytes": 1, "done": "AA==", "failed": {}}', "half", "more"],
)
def test_a_damaged_note_means_from_the_beginning(note: str, tmp_path: Path) -> None:
    with Rows(tmp_path, 4, 3) as rows:
        rows.put(3, b"abc")
    assert Rows(tmp_path, 4, 3).begun == 1
    record = json.loads((tmp_path / PROGRESS).read_text())
    if note == "half":
        record["done"] = record["done"][:2]
    if note == "more":
        os.truncate(tmp_path / unfinished.ROWS, 5)
    (tmp_path / PROGRESS).write_text(json.dumps(record) if note in ("half", "more") else note)
    assert Rows(tmp_path, 4, 3).begun == 0
    assert OWNER not in os.listdir(tmp_path)  # noqa: PTH208
