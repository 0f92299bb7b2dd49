"""A set of many images from end to end: looked at, decoded, trained on, mapped, and its page opened.

    python benchmarks/large_data.py                              a million images of 64 x 64 x 3
    python benchmarks/large_data.py --images 50000
    python benchmarks/large_data.py --data photos/               crops of these instead of the faces of LFW

The images are made of those of a smaller set (LFW; see GANSCOPE_DATA): each is one of them, shifted by up to 6 pixels,
turned over or not, in another light, with noise; no two are equal. They are one `.npy` (N, 64, 64, 3) under the scratch
folder, where the cache of decoded images is put as well: the disk holds the images twice, and nothing is left of
either afterwards. The training is a short one, with its metrics and its map.

Of every command: processor seconds of it and the processes it started, wall seconds, the most memory that was resident
(pages of mapped files counted, which the system drops when it needs them), and the most that no file stands behind.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from ganscope.data import load_dataset

SIDE, BLOCK, SHIFT = 64, 1024, 6
FLAGS = ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader"]


@dataclass
class Cost:
    """What a stage took. Memory in bytes."""

    name: str
    cpu: float
    wall: float
    resident: int = 0
    private: int = 0
    note: str = ""

    def row(self) -> str:
        memory = [f"{size / 1e9:.2f} GB" if size else "" for size in (self.resident, self.private)]
        return f"| {self.name} | {self.cpu:.0f} s | {self.wall:.0f} s | {memory[0]} | {memory[1]} | {self.note} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--trained", type=int, default=30_000, help="images that the training sees")
    parser.add_argument("--snapshots", type=int, default=3)
    parser.add_argument("--data", default="lfw", help="a set whose images the many are made of")
    parser.add_argument("--scratch", type=Path, help="where the images and the run are put")
    parser.add_argument("--keep", action="store_true", help="leave the run and its page (the images go all the same)")
    arguments = parser.parse_args()
    if arguments.scratch:
        arguments.scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="large-", dir=arguments.scratch))
    need = 2.1 * arguments.images * SIDE * SIDE * 3 + 2**30
    if (free := shutil.disk_usage(folder).free) < need:
        sys.exit(f"{folder} has {free / 1e9:.1f} GB free, {need / 1e9:.1f} are needed: name another place by --scratch")
    try:
        costs = measure(arguments, folder)
    finally:
        (folder / "many.npy").unlink(missing_ok=True)
        shutil.rmtree(folder / "cache", ignore_errors=True)
        if not arguments.keep:
            shutil.rmtree(folder)
    print(f"{arguments.images:,} images\n\n| stage | CPU | wall | resident | private | |\n|---|--:|--:|--:|--:|---|")
    print("\n".join(cost.row() for cost in costs))
    if arguments.keep:
        print(f"\nkept: {folder}")


def measure(arguments: argparse.Namespace, folder: Path) -> list[Cost]:
    data, run, page = folder / "many.npy", folder / "run", folder / "run" / "report.html"
    start, cpu = time.monotonic(), time.process_time()
    make(data, arguments.images, np.asarray(small(arguments.data)))
    costs = [Cost("making them", time.process_time() - cpu, time.monotonic() - start, note=size_of(data))]
    surroundings = os.environ | {"GANSCOPE_CACHE": str(folder / "cache")}

    def command(name: str, *words: str) -> Cost:
        cost = timed(name, [sys.executable, "-m", "ganscope", *words], folder, surroundings)
        print(cost.row(), file=sys.stderr, flush=True)
        costs.append(cost)
        return cost

    command("`check`: looked at, decoded, split, stored", "check", str(data)).note = size_of(folder / "cache")
    command("`check` once more", "check", str(data))
    epochs = arguments.trained / (0.9 * arguments.images)
    plan = ["--epochs", f"{epochs:.6f}", "--snapshots", str(arguments.snapshots), "--seed", "0"]
    command(f"`train` on {arguments.trained:,} of them, map and page", "train", str(data), *plan, "--run", str(run))
    command("`report`", "report", str(run)).note = size_of(page)
    costs.append(opened(page, folder))
    print(costs[-1].row(), file=sys.stderr, flush=True)
    return costs


def small(data: str) -> np.ndarray:
    """The images that the many are made of, `(n, 3, 64, 64) uint8`."""
    return load_dataset(data, size=SIDE, channels=3).train.images


def make(path: Path, count: int, few: np.ndarray) -> None:
    """`count` images made of `few (n, 3, H, W) uint8`, as an `.npy` of `(count, H, W, 3) uint8`, a block at a time."""
    wide = [(0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)]
    few = np.pad(few.transpose(0, 2, 3, 1), wide, mode="reflect")
    out = open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, SIDE, SIDE, 3))
    for begin in range(0, count, BLOCK):
        source = np.random.default_rng([0, begin])
        size = min(BLOCK, count - begin)
        block = np.empty((size, SIDE, SIDE, 3), np.int16)
        chosen, shifts = source.integers(len(few), size=size), source.integers(2 * SHIFT + 1, size=(size, 2))
        for image, which, (down, right) in zip(block, chosen.tolist(), shifts.tolist(), strict=True):
            image[:] = few[which, down : down + SIDE, right : right + SIDE]
        mirrored = source.random(size) < 0.5
        block[mirrored] = block[mirrored, :, ::-1]
        light = source.integers(90, 165, (size, 1, 1, 3), dtype=np.int16)  # of 128
        block = (block >> 1) * light >> 6  # 127 x 165 fits into 16 bits
        block += source.integers(-12, 13, (size, 1, 1, 3), dtype=np.int16)
        block += source.integers(-4, 5, (size, SIDE, SIDE, 1), dtype=np.int8)
        out[begin : begin + size] = np.clip(block, 0, 255)
    out.flush()


@dataclass
class Memory:
    """The most that a process and those it started held together, looked at every half second. Bytes."""

    process: int
    resident: int = 0
    private: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self.over.wait(0.5):
            found = [status_of(process) for process in self.family()]
            self.resident = max(self.resident, sum(status.get("VmRSS", 0) for status in found))
            self.private = max(self.private, sum(status.get("RssAnon", 0) for status in found))

    def family(self) -> list[int]:
        known, new = [self.process], [self.process]
        while new:
            new = [child for process in new for child in children_of(process)]
            known += new
        return known


def children_of(process: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def status_of(process: int) -> dict[str, int]:
    """The memory of a process by the names of /proc, bytes; `{}` where it has ended."""
    try:
        lines = [line.split() for line in Path(f"/proc/{process}/status").read_text().splitlines()]
    except OSError:
        return {}
    return {words[0].rstrip(":"): 1024 * int(words[1]) for words in lines if words[-1:] == ["kB"]}


def timed(name: str, command: list[str], folder: Path, surroundings: dict[str, str]) -> Cost:
    """Run a command to its end. Exits with its last words where it fails."""
    start = time.monotonic()
    with (folder / "said.txt").open("w+b") as said:
        process = subprocess.Popen(command, cwd=folder, env=surroundings, stdout=said, stderr=subprocess.STDOUT)
        memory = Memory(process.pid)
        watcher = threading.Thread(target=memory.watch)
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        memory.over.set()
        watcher.join()
        said.seek(0)
        words = said.read().decode(errors="replace")
    if status:
        sys.exit(f"{' '.join(command)} failed:\n{words[-3000:]}")
    print(words[-1500:], file=sys.stderr, flush=True)
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(name, cpu, time.monotonic() - start, max(memory.resident, 1024 * usage.ru_maxrss), memory.private)


def opened(page: Path, folder: Path) -> Cost:
    """The page in headless Chromium: when its map was first drawn, and what its script holds in memory."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    start = time.monotonic()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        tab = browser.new_page(viewport={"width": 1280, "height": 800})
        tab.goto(page.resolve().as_uri(), wait_until="commit")
        tab.wait_for_selector("html[data-drawn]", timeout=300_000)
        drawn = int(tab.evaluate("document.documentElement.dataset.drawn"))
        tab.wait_for_selector("html[data-ready=true]", timeout=300_000)
        ready = time.monotonic() - start
        heap = int(tab.evaluate("performance.memory ? performance.memory.usedJSHeapSize : 0"))
        tab.screenshot(path=folder / "page.png")
        browser.close()
    note = f"map drawn after {drawn} ms, all there after {ready:.1f} s with the start; {heap / 1e6:.0f} MB of heap"
    return Cost("page in Chromium", 0.0, time.monotonic() - start, note=note)


def size_of(path: Path) -> str:
    """Bytes of a file or of all files of a folder, in words."""
    files = [path] if path.is_file() else [found for found in path.rglob("*") if found.is_file()]
    size = sum(found.stat().st_size for found in files)
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


if __name__ == "__main__":
    main()
