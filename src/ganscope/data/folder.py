"""A folder or an archive of image files: what is in it, and all of it decoded in parallel.

Legend: N images, C channels, S side. Every file of a folder is a path, every file of an archive is its bytes; both are
read in a pool of threads (Pillow leaves Python's lock while it decodes), a bounded number at a time.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt

from ganscope.data.archive import printable, read_members
from ganscope.data.decode import Header, decode, is_grey, is_image_name, read_header
from ganscope.errors import DataError
from ganscope.progress import Say

Item = tuple[str, bytes | Path | DataError]
T = TypeVar("T")
R = TypeVar("R")

MIN_PER_CLASS = 10  # images a subfolder holds on average, so that subfolders are taken for classes
_TRAIN_NAMES, _TEST_NAMES = {"train", "training"}, {"test", "testing", "val", "valid", "validation"}
_CHUNK = 32  # files a task: a task costs about 50 µs, a small file 500 µs
_EDGE_BYTES = 1 << 16  # read from both ends of an archive to identify it


@dataclass(frozen=True)
class Survey:
    """What the headers say, before any pixel is kept."""

    headers: dict[str, Header]  # readable files, sorted by name
    unreadable: dict[str, str]  # file → reason
    grey: bool  # no image has any colour
    others: dict[str, int]  # suffix → number of files that are not images by their name

    def common_square(self) -> int | None:
        """The side that all images share when all are square and equal, else None."""
        sizes = {(h.width, h.height) for h in self.headers.values()}
        width, height = next(iter(sizes), (0, -1))
        return width if len(sizes) == 1 and width == height else None


@dataclass(frozen=True)
class ImageFiles:
    """A folder (nested, links followed once) or an archive, as named files in no particular order."""

    root: Path
    others: Counter[str] = field(default_factory=Counter)

    def items(self) -> Iterator[Item]:
        """(name with `/`, its path or bytes or why it is refused) of everything that is an image by its name."""
        self.others.clear()
        if self.root.is_dir():
            for name, path in _walk(self.root):
                if isinstance(path, DataError):
                    yield name, path
                elif self._wanted(name):
                    info = status(path)
                    regular = info is not None and stat.S_ISREG(info.st_mode)
                    yield name, path if regular else DataError("no regular file, or one that cannot be looked at")
        else:
            yield from read_members(self.root, self._wanted)

    def identity(self) -> list[object]:
        """What changes when the content changes: names, sizes, times of the files; for an archive also its two ends."""
        if not self.root.is_dir():
            return file_identity(self.root)
        digest = hashlib.sha256()
        for name, path in sorted((n, p) for n, p in _walk(self.root) if isinstance(p, Path)):
            info = status(path)
            facts = f"{info.st_size}\0{info.st_mtime_ns}" if info else "?"
            digest.update(f"{name}\0{facts}\0".encode("utf-8", "surrogateescape"))
        return ["folder", str(self.root.resolve()), digest.hexdigest()]

    def _wanted(self, name: str) -> bool:
        if is_image_name(name):
            return True
        self.others[Path(name).suffix.lower() or name.rsplit("/", 1)[-1]] += 1
        return False


def file_identity(path: Path) -> list[object]:
    """Path, size, time and a hash of the first and last 64 KiB of one file."""
    info = path.stat()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        digest.update(file.read(_EDGE_BYTES))
        file.seek(max(0, info.st_size - _EDGE_BYTES))
        digest.update(file.read(_EDGE_BYTES))
    return ["file", str(path.resolve()), info.st_size, info.st_mtime_ns, digest.hexdigest()]


def survey(files: ImageFiles, progress: Say | None = None) -> Survey:
    """Read every header. Raises `DataError` for an archive that is damaged as a whole, or where nothing is an image."""
    colour_seen = False
    headers: dict[str, Header] = {}
    unreadable: dict[str, str] = {}

    def look(item: Item) -> tuple[str, Header | str]:
        nonlocal colour_seen  # written by many threads, always to the same value: the order does not matter
        name, source = item
        try:
            if isinstance(source, DataError):
                raise source
            header = read_header(source)
            if not colour_seen and not is_grey(source):
                colour_seen = True
            return name, header
        except DataError as error:
            return name, error.what

    for name, found in in_pool(files.items(), look, _reporter(progress, "looking at", None)):
        if isinstance(found, Header):
            headers[name] = found
        else:
            unreadable[name] = found
    if not headers:
        raise _nothing(files, unreadable)
    ordered = dict(sorted(headers.items(), key=lambda pair: os.fsencode(pair[0])))
    return Survey(ordered, dict(sorted(unreadable.items())), not colour_seen, dict(files.others.most_common()))


def decode_all(
    files: ImageFiles, names: Iterable[str], *, size: int, channels: int, progress: Say | None = None
) -> Iterator[tuple[str, npt.NDArray[np.uint8] | str]]:
    """(name, `(C, S, S) uint8` or the reason why not) of the named files, in the order in which they lie there."""
    wanted = set(names)

    def one(item: Item) -> tuple[str, npt.NDArray[np.uint8] | str]:
        name, source = item
        try:
            if isinstance(source, DataError):
                raise source
            return name, decode(source, size=size, channels=channels)
        except DataError as error:
            return name, error.what

    items = (item for item in files.items() if item[0] in wanted)
    yield from in_pool(items, one, _reporter(progress, "decoding", len(wanted)))


def decode_into(
    files: ImageFiles, names: list[str], rows: BinaryIO, *, size: int, channels: int, progress: Say | None = None
) -> dict[str, str]:
    """Write image i of `names` as row i of `rows` (`C·S·S` bytes each); returns the files that failed, with reasons.

    Written and not mapped: a full disk then raises `OSError`, where a mapped file would kill the process.
    """
    index = {name: i for i, name in enumerate(names)}
    failed = dict.fromkeys(names, "it was gone when it was to be read")
    for name, found in decode_all(files, names, size=size, channels=channels, progress=progress):
        if isinstance(found, str):
            failed[name] = found
        else:
            rows.seek(index[name] * found.nbytes)
            rows.write(found.tobytes())
            del failed[name]
    rows.truncate(len(names) * channels * size * size)
    return failed


def folder_labels(names: list[str]) -> tuple[list[str] | None, list[bool]]:
    """The class of each file by its top-level folder, or None; and whether it lies in a test folder.

    Folders that all files share are passed over. A top level of only `train` and `test` (or `val`) is the split, and
    the classes are below it. Folders are classes when every file is in one, there are two or more, and they hold 10
    images or more on average.
    """
    paths = _without_common([[part for part in name.split("/") if part != "."] for name in names])
    held_out = [False] * len(paths)
    tops = {parts[0].lower() for parts in paths if len(parts) > 1}
    nested = all(len(parts) > 1 for parts in paths)
    if nested and tops & _TRAIN_NAMES and tops & _TEST_NAMES and tops <= _TRAIN_NAMES | _TEST_NAMES:
        held_out = [parts[0].lower() in _TEST_NAMES for parts in paths]
        paths = [parts[1:] for parts in paths]
    if not all(len(parts) > 1 for parts in paths):
        return None, held_out
    classes = [parts[0] for parts in paths]
    num_classes = len(set(classes))
    if num_classes < 2 or len(classes) < MIN_PER_CLASS * num_classes:
        return None, held_out
    return [printable(name) for name in classes], held_out


def in_pool(items: Iterable[T], work: Callable[[T], R], tick: Callable[[int], None] | None = None) -> Iterator[R]:
    """`work` on every item in threads, results in the items' order, with a bounded number of items in memory."""
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    source = iter(items)
    waiting: deque[Future[list[R]]] = deque()
    done = 0
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                while len(waiting) < 3 * workers and (chunk := list(islice(source, _CHUNK))):
                    waiting.append(pool.submit(lambda c: [work(item) for item in c], chunk))
                if not waiting:
                    return
                for result in waiting.popleft().result():
                    done += 1
                    yield result
                if tick:
                    tick(done)
        finally:
            for future in waiting:
                future.cancel()


def status(path: Path) -> os.stat_result | None:
    """What the system says of a file, None where there is none or it may not be looked at."""
    try:
        return path.stat()
    except OSError:
        return None


def _walk(root: Path) -> Iterator[tuple[str, Path | DataError]]:
    """(name below the root with `/`, path) of every file; a folder reached twice through links is walked once.

    A folder that cannot be opened comes with the reason, at the end.
    """
    seen: set[tuple[int, int]] = set()
    closed: list[OSError] = []
    for folder, subfolders, names in os.walk(root, followlinks=True, onerror=closed.append):
        info = Path(folder).stat()
        if (info.st_dev, info.st_ino) in seen:
            subfolders.clear()
            continue
        seen.add((info.st_dev, info.st_ino))
        subfolders.sort()
        below = Path(folder).relative_to(root).as_posix()
        for name in sorted(names):
            yield (name if below == "." else f"{below}/{name}"), Path(folder) / name
    for error in closed:
        name = Path(os.fsdecode(error.filename)).relative_to(root).as_posix()
        yield f"{name}/", DataError(f"the folder cannot be opened: {error.strerror}")


def _without_common(paths: list[list[str]]) -> list[list[str]]:
    while paths and all(len(parts) > 1 for parts in paths) and len({parts[0] for parts in paths}) == 1:
        paths = [parts[1:] for parts in paths]
    return paths


def _nothing(files: ImageFiles, unreadable: dict[str, str]) -> DataError:
    if unreadable:
        name, reason = next(iter(unreadable.items()))
        found = f"{len(unreadable):,} files, none readable; the first: {printable(name)}: {reason}"
    elif files.others:
        kinds = ", ".join(f"{count:,} {printable(kind)}" for kind, count in files.others.most_common(5))
        found = f"files of other kinds: {kinds}"
    else:
        found = "no files"
    todo = "give a folder or archive of images (JPEG, PNG, GIF, BMP, WebP, TIFF, …), or an .npz or IDX file by its path"
    return DataError(f"{files.root} holds no image that can be read", found=found, todo=todo)


def _reporter(progress: Say | None, verb: str, total: int | None) -> Callable[[int], None]:
    """Says how far it is, about every two seconds."""
    start = time.monotonic()
    last = start

    def tick(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if progress is None or now - last < 2:
            return
        last = now
        share = f" of {total:,}" if total else ""
        progress(f"{verb} images: {done:,}{share} ({done / (now - start):,.0f}/s)")

    return tick
