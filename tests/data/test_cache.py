"""The cache: the split depends on the pixels alone; a cache is whole or made anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from fixtures.pictures import num_images, png, write
from ganscope.data import cache
from ganscope.data.cache import hold_out
from ganscope.data.load import load_dataset
from ganscope.errors import DataError

RNG = np.random.default_rng(0)


def test_copies_across_classes_stay_together() -> None:
    hashes = [bytes([i // 2]) for i in range(40)]
    labels = np.arange(40) % 2  # both members of every pair, in different classes
    held = hold_out(hashes, labels, 0.25)
    assert (held[0::2] == held[1::2]).all() and held.sum() == 10


def test_the_split_does_not_depend_on_names_or_order() -> None:
    hashes = [RNG.bytes(16) for _ in range(200)]
    held = hold_out(hashes, None, 0.1)
    order = RNG.permutation(200)
    np.testing.assert_array_equal(hold_out([hashes[i] for i in order], None, 0.1), held[order])
    assert held.sum() == 20


def test_a_damaged_cache_is_built_again(tmp_path: Path) -> None:
    path, cache = write(tmp_path / "a", {f"{i}.png": png(i) for i in range(4)}), tmp_path / "cache"
    expected = load_dataset(path, cache=cache).train.images.copy()
    (entry,) = (cache / "datasets").iterdir()
    for name in ("train.npy", "dataset.json"):
        content = (entry / name).read_bytes()
        (entry / name).write_bytes(content[: len(content) // 2])
        np.testing.assert_array_equal(load_dataset(path, cache=cache).train.images, expected)
    (entry / "dataset.json").unlink()
    np.testing.assert_array_equal(load_dataset(path, cache=cache).train.images, expected)


def test_two_at_once_build_one_cache(tmp_path: Path) -> None:
    path, cache = write(tmp_path / "a", {f"{i}.png": png(i) for i in range(200)}), tmp_path / "cache"
    with ThreadPoolExecutor(4) as pool:
        hashes = {data.train.content_hash for data in pool.map(lambda _: load_dataset(path, cache=cache), range(4))}
    assert len(hashes) == 1 and len(list((cache / "datasets").iterdir())) == 1


def test_a_process_killed_while_decoding_does_no_harm(tmp_path: Path) -> None:
    path, cache = write(tmp_path / "a", {f"{i}.png": png(i) for i in range(40)}), tmp_path / "cache"
    code = (
        "import os, signal, sys, pathlib, ganscope.data.cache as c, ganscope.data.load as d;"
        "c._write_rows = lambda *a: os.kill(os.getpid(), signal.SIGKILL);"
        "d.load_dataset(sys.argv[1], cache=pathlib.Path(sys.argv[2]))"
    )
    assert subprocess.run([sys.executable, "-c", code, path, str(cache)]).returncode == -signal.SIGKILL
    assert [entry.name[0] for entry in (cache / "datasets").iterdir()] == ["."], "only its scratch folder is there"
    assert num_images(load_dataset(path, cache=cache)) == 40


def test_what_killed_processes_left_is_cleared_away(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    folder, now = tmp_path / "cache/datasets", time.time()
    ages = {f".old.{os.getpid()}.7.tmp": 7200, ".new.2.7.tmp": 0, f".dead.{dead.pid}.7.tmp": 300,
            f".slow.{os.getpid()}.7.tmp": 300}  # fmt: skip
    for name, age in ages.items():
        (folder / name).mkdir(parents=True)
        os.utime(folder / name, (now - age, now - age))
    load_dataset(write(tmp_path / "a", {"1.png": png(1)}), cache=tmp_path / "cache")
    assert {name[1:4] for name in ages if (folder / name).exists()} == {"new", "slo"}


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "_write_rows", full)
    with pytest.raises(DataError, match="cannot be kept") as caught:
        load_dataset(write(tmp_path / "a", {"1.png": png(1)}), cache=tmp_path / "cache")
    assert "No space left" in caught.value.found and "GANSCOPE_CACHE" in caught.value.todo
    assert list((tmp_path / "cache/datasets").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the way")
    with pytest.raises(DataError, match="cannot be kept"):
        load_dataset("digits", cache=tmp_path / "cache")
