"""The layout's process: it ends with the training that began it, also when that one is killed."""

from __future__ import annotations

import subprocess
import sys
import time

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
