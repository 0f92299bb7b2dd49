"""The layout's process: it ends with the training that began it, also when that one is killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from ganscope.maps.maker import keep_layout
from ganscope.maps.placement import FittedMap

CHILD = """
import os, subprocess, sys, time
code = "import sys, time; from ganscope.maps.maker import end_with; end_with(int(sys.argv[1])); time.sleep(120)"
worker = subprocess.Popen([sys.executable, "-c", code, str(os.getpid())], start_new_session=True)
print(worker.pid, flush=True)
time.sleep(120)
"""


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and that nobody waited for does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_worker_ends_with_its_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    time.sleep(3.0)  # the worker imports
    assert alive(worker)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 30
    while alive(worker) and time.monotonic() < end:
        time.sleep(0.2)
    assert not alive(worker)


def test_a_layout_that_the_cache_cannot_hold_stays_in_the_run(tmp_path: Path) -> None:
    """A cache that cannot be written (full, closed, here a file in the place of a folder) costs no map."""
    features = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    images = np.random.default_rng(1).integers(0, 255, (60, 1, 8, 8)).astype(np.uint8)
    fitted = FittedMap.fit(features, images, method="pca", held_out_features=features[:9], held_out_images=images[:9])
    cache, own = tmp_path / "cache", tmp_path / "run" / "layout.npz"
    cache.write_text("not a folder")
    keep_layout(fitted, cache / "maps" / "a.npz", own)
    assert np.array_equal(FittedMap.load(own).xy, fitted.xy)
    keep_layout(fitted, tmp_path / "free" / "a.npz", tmp_path / "run" / "other.npz")
    assert (tmp_path / "free" / "a.npz").is_file() and not (tmp_path / "run" / "other.npz").exists()
