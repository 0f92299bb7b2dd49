"""A folder or an archive of image files: its files one by one, decoded in parallel.

Legend: N images, C channels, H height, W width. Every file of a folder is a path, every file of an archive is its
bytes; both are read in a pool of threads (Pillow leaves Python's lock while it decodes), a bounded number at a time.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ganscope.data.archive import printable, read_archive
from ganscope.data.decode import SUFFIXES, Recipe, decode, is_image_name, is_litter
from ganscope.data.unfinished import Rows
from ganscope.errors import DataError
from ganscope.progress import Say

Item = tuple[str, bytes | Path | DataError]
T = TypeVar("T")
R = TypeVar("R")

DOCUMENT_SUFFIXES = frozenset({".csv", ".tsv", ".json", ".jsonl"})  # may hold labels
# Lists of files with their classes, or of the files of a part; others of this suffix are captions and boxes.
_LISTS = re.compile(
    r"(train|trainval|val|valid|validation|dev|test|labels?|annotations|.*_annotations|list|file_?list)\.txt"
)
ARCHIVE_ENDINGS = (".zip", ".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz")
_SHARD = re.compile(r"(?P<name>.*?)[-_.]?(?P<number>\d{3,})(-of-\d+)?\.[a-z0-9.]+", re.IGNORECASE)
MAX_DOCUMENT_BYTES = 256 * 2**20
_CHUNK_BYTES = 16 * 2**20  # of encoded images a task
_CHUNK = 32  # files a task: a task costs about 50 µs, a small file 500 µs
_EDGE_BYTES = 1 << 16  # read from both ends of an archive to identify it


@dataclass(frozen=True)
class ImageFiles:
    """A folder (nested, links followed once) or an archive, as named files in no particular order."""

    root: Path
    others: Counter[str] = field(default_factory=Counter)  # suffix → files that are no images by their names
    documents: list[str] = field(default_factory=list)  # files that may hold labels

    def items(self, only: Collection[str] | None = None) -> Iterator[Item]:
        """(name with `/`, its path or bytes or why it is refused) of everything that is an image by its name.

        Where `only` some names are asked for, shards that hold none of them are not read.
        """
        self.others.clear()
        self.documents.clear()
        if self.root.is_dir() and not self._packed():
            for name, path in _walk(self.root):
                if isinstance(path, DataError):
                    yield name, path
                elif self._wanted(name):
                    info = status(path)
                    regular = info is not None and stat.S_ISREG(info.st_mode)
                    yield name, path if regular else DataError("no regular file, or one that cannot be looked at")
        else:
            yield from self._members(self._wanted, only)

    def _packed(self) -> list[Path]:
        """The archives of a folder that holds no image outside of them."""
        if not self.root.is_dir():
            return [self.root]
        files = [(name, path) for name, path in _walk(self.root) if isinstance(path, Path) and not is_litter(name)]
        if any(is_image_name(name) and Path(name).suffix for name, _ in files):
            return []
        return [path for name, path in files if name.lower().endswith(ARCHIVE_ENDINGS)]

    def _members(
        self, wanted: Callable[[str], bool], only: Collection[str] | None = None
    ) -> Iterator[tuple[str, bytes | DataError]]:
        """The wanted members of the archive, or of all archives of the folder, each under the archive's own name."""
        packed = self._packed()
        shards = all(_SHARD.fullmatch(path.name) for path in packed)
        asked = shards_of(only)
        for path in packed:
            stem, number = path.name.split(".")[0], ""
            if shards and len(packed) > 1 and (found := _SHARD.fullmatch(path.name)):
                stem, number = found["name"] or "data", found["number"] + "-"
                if asked is not None and f"{stem}/{number}" not in asked:
                    continue
            for name, content in read_archive(path, wanted):
                yield (name if path == self.root else f"{stem}/{number}{name}"), content

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

    def given_labels(self, others: dict[str, int]) -> dict[str, str] | None:
        """The labels that the container itself gives its images, None where it gives none.

        A WebDataset does: a file `000017.cls` beside `000017.jpg`. `others`: the survey's.
        """
        if ".cls" not in others or (self.root.is_dir() and not self._packed()):
            return None
        found = self._members(lambda name: name.endswith(".cls"))
        stems = {
            name.removesuffix(".cls"): content.decode("utf-8", "replace").strip()[:200]
            for name, content in found
            if isinstance(content, bytes)
        }
        return {f"{stem}{end}": printable(text) for stem, text in stems.items() for end in (*SUFFIXES, "")}

    def read_documents(self, names: Iterable[str]) -> dict[str, bytes]:
        """The content of some of `documents`; those that cannot be read, or are huge, are left out."""
        wanted = set(names)
        if self._packed():
            found = self._members(lambda name: name.rsplit("/", 1)[-1] in {n.rsplit("/", 1)[-1] for n in wanted})
            return {name: content for name, content in found if isinstance(content, bytes) and name in wanted}
        texts = {}
        for name in wanted:
            path = self.root / name
            info = status(path)
            if info is not None and stat.S_ISREG(info.st_mode) and info.st_size <= MAX_DOCUMENT_BYTES:
                texts[name] = path.read_bytes()
        return texts

    def _wanted(self, name: str) -> bool:
        if is_image_name(name):
            return True
        if not is_litter(name):
            suffix = Path(name).suffix.lower()
            self.others[suffix or name.rsplit("/", 1)[-1]] += 1
            if suffix in DOCUMENT_SUFFIXES or _LISTS.fullmatch(name.rsplit("/", 1)[-1].lower()):
                self.documents.append(name)
        return False


def shards_of(names: Collection[str] | None) -> set[str] | None:
    """How the names of files in shards begin, `data/00017-`; None: of all there are."""
    if names is None:
        return None
    return {begin[0] for name in names if (begin := re.match(r"[^/]*/\d{3,}-", name))}


def file_identity(path: Path) -> list[object]:
    """Path, size, time and a hash of the first and last 64 KiB of one file."""
    info = path.stat()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        digest.update(file.read(_EDGE_BYTES))
        file.seek(max(0, info.st_size - _EDGE_BYTES))
        digest.update(file.read(_EDGE_BYTES))
    return ["file", str(path.resolve()), info.st_size, info.st_mtime_ns, digest.hexdigest()]


def decode_all(
    files: ImageFiles, names: Iterable[str], recipe: Recipe, *, progress: Say | None = None
) -> Iterator[tuple[str, npt.NDArray[np.uint8] | str]]:
    """(name, `(C, H, W) uint8` or the reason why not) of the named files, in the order in which they lie there."""
    wanted = set(names)

    def one(item: Item) -> tuple[str, npt.NDArray[np.uint8] | str]:
        name, source = item
        try:
            if isinstance(source, DataError):
                raise source
            return name, decode(source, **recipe._asdict())
        except DataError as error:
            return name, error.what

    items = (item for item in files.items(wanted) if item[0] in wanted)
    yield from in_pool(items, one, reporter(progress, "decoding", len(wanted)))


def decode_into(
    files: ImageFiles, names: Sequence[str], rows: Rows, recipe: Recipe, *, progress: Say | None = None
) -> dict[str, str]:
    """Write image i of `names` as row i of `rows`, where it is not done; returns the files that failed, with reasons.

    Written and not mapped: a full disk then raises `OSError`, where a mapped file would kill the process.
    """
    index = {name: i for i, name in enumerate(names) if not rows.done[i]}
    for name, found in decode_all(files, index, recipe, progress=progress):
        if isinstance(found, str):
            rows.fail(index[name], found)
        else:
            rows.put(index[name], found.tobytes())
    gone = {names[i]: "it was gone when it was to be read" for i in np.flatnonzero(~rows.done).tolist()}
    return gone | {names[i]: reason for i, reason in rows.failed.items()}


def in_pool(items: Iterable[T], work: Callable[[T], R], tick: Callable[[int], None] | None = None) -> Iterator[R]:
    """`work` on every item in threads, results in the items' order, with a bounded number of items in memory."""
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    source = iter(items)
    waiting: deque[Future[list[R]]] = deque()
    done = 0
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                while len(waiting) < 3 * workers and (chunk := _chunk(source)):
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


def _chunk(source: Iterator[T]) -> list[T]:
    """The next items, fewer where they are large: those of an archive are bytes, and many wait at a time."""
    chunk: list[T] = []
    num_bytes = 0
    while len(chunk) < _CHUNK and num_bytes < _CHUNK_BYTES:
        item = next(source, None)
        if item is None:
            break
        chunk.append(item)
        if isinstance(item, tuple) and isinstance(item[1], bytes):
            num_bytes += len(item[1])
    return chunk


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


def reporter(progress: Say | None, verb: str, total: int | None) -> Callable[[int], None]:
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
