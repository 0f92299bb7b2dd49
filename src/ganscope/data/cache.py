"""The decoded images of a data set on disk: split into two parts, written whole or not at all, mapped back read-only.

Legend: N images, C channels, H height, W width, K classes. A cache is a folder of `train.npy`, `test.npy`, their labels
and `dataset.json`, which is written last; the folder gets its name only when it is complete.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.arraytypes import I64, U8
from ganscope.data.arrays import ImageArray
from ganscope.data.dataset import Dataset, ImageSet, Mask
from ganscope.data.unfinished import OWNER, PROGRESS, ROWS, is_held, owned
from ganscope.files import advice

_MARKER = "dataset.json"
_ABANDONED_SECONDS = 3600  # an unfinished cache of that age was left by a process that was killed
_SILENT_SECONDS = 120  # without a byte written, where the process no longer runs
_RESUMABLE_SECONDS = 3 * 86_400  # a decoding that can be gone on with is kept
_BLOCK_IMAGES = 1024


@dataclass(frozen=True)
class Decoded:
    """All images at their final size, before they are split."""

    images: U8 | ImageArray  # (rows, C, H, W); may be mapped, and may have rows that are no images
    rows: I64  # (N,) the rows that are
    labels: I64 | None  # (N,)
    class_names: tuple[str, ...]
    names: tuple[str, ...] | None  # (N,)
    held_out: Mask | None  # (N,) the data's own test part
    skipped: tuple[tuple[str, str], ...]


def cache_advice(error: OSError) -> str:
    """What to do when the cache cannot be written."""
    return f"{advice(error, 'free some space there')} (GANSCOPE_CACHE names another place for the cache)"


def pixel_hashes(images: U8 | ImageArray, rows: I64) -> list[bytes]:
    """16 bytes for each of the `rows` (N,) of `images`: equal exactly when the pixels are."""
    blocks = (images[rows[start : start + _BLOCK_IMAGES]] for start in range(0, len(rows), _BLOCK_IMAGES))
    return [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for block in blocks for image in block]


def hold_out(hashes: list[bytes], labels: I64 | None, share: float) -> Mask:
    """Which of N images are held out, (N,) bool: about `share` of each class, at least one image, at most N - 1.

    Images of equal hash stay on one side, unless all N are equal. The smallest hashes are held out, so the choice
    depends on the pixels alone.
    """
    groups: dict[bytes, list[int]] = {}
    for i, digest in enumerate(hashes):
        groups.setdefault(digest, []).append(i)
    held = np.zeros(len(hashes), bool)
    if len(groups) == 1:
        held[1:2] = True  # nothing but copies of one image
        return held
    classes: dict[int, list[bytes]] = {}
    for digest in sorted(groups):
        first = groups[digest][0]
        classes.setdefault(0 if labels is None else int(labels[first]), []).append(digest)
    for digests in classes.values():
        held[_chosen([groups[digest] for digest in digests], share)] = True
    if not held.any():  # every class is copies of one image: the classes are taken together
        held[_chosen([groups[digest] for digest in sorted(groups)], share)] = True
    return held


def _chosen(groups: list[list[int]], share: float) -> list[int]:
    """Images of whole groups, in their order, up to `share` of all; the smallest group where none is small enough."""
    if len(groups) < 2:
        return []
    target = max(1, round(share * sum(map(len, groups))))
    chosen: list[int] = []
    for group in groups:
        if len(chosen) + len(group) <= target:
            chosen += group
    return chosen or min(groups, key=len)


@contextmanager
def building(folder: Path) -> Iterator[Path]:
    """A scratch folder that becomes `folder` when the block ends well, else goes. May raise `OSError`.

    Where a decoding was interrupted or killed its folder stays, and is what the next one for `folder` is given.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(".*.tmp"):
        if _abandoned(left):
            shutil.rmtree(left, ignore_errors=True)
    scratch = folder.with_name(f".{folder.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    keep = False
    try:
        with owned(scratch, folder.parent.glob(f".{glob.escape(folder.name)}.*.tmp")):
            yield scratch
            for name in (PROGRESS, ROWS):
                (scratch / name).unlink(missing_ok=True)
        (scratch / OWNER).unlink(missing_ok=True)
        if load(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)
            try:
                scratch.rename(folder)
            except OSError:
                if load(folder) is None:  # else another process was faster, with the same images
                    raise
    except (KeyboardInterrupt, SystemExit):
        keep = (scratch / PROGRESS).is_file()
        raise
    finally:
        if not keep:
            shutil.rmtree(scratch, ignore_errors=True)


def _abandoned(left: Path) -> bool:
    """Whether a scratch folder is nobody's: old, or silent and of a process that is gone from this machine."""
    try:
        silent = time.time() - max(path.stat().st_mtime for path in (left, *left.iterdir()))
    except OSError:
        return False
    if is_held(left):
        return False
    if (left / PROGRESS).is_file():
        return silent > _RESUMABLE_SECONDS
    if silent > _ABANDONED_SECONDS:
        return True
    pid = left.name.split(".")[-3]
    return silent > _SILENT_SECONDS and pid.isdecimal() and not _alive(int(pid))


def _alive(pid: int) -> bool:
    """Whether a process runs here; where that cannot be told, it does."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def store(folder: Path, name: str, decoded: Decoded, held_out: Mask, hashes: list[bytes] | None = None) -> None:
    """Write both parts into `folder`, the marker last. A single image becomes both parts. May raise `OSError`.

    `hashes` (N,) of the pixels, where they are known.
    """
    hashes = hashes or pixel_hashes(decoded.images, decoded.rows)
    sides = {"train": np.flatnonzero(~held_out), "test": np.flatnonzero(held_out)}
    if len(decoded.rows) == 1:
        sides = {"train": np.array([0]), "test": np.array([0])}
    record: dict[str, Any] = {"name": name, "class_names": decoded.class_names, "skipped": decoded.skipped}
    record["num_distinct"] = len({hashes[i] for i in sides["train"]})
    for side, chosen in sides.items():
        labels = None if decoded.labels is None else decoded.labels[chosen]
        np.save(folder / f"{side}-rows.npy", chosen)
        if labels is not None:
            np.save(folder / f"{side}-labels.npy", labels)
        digest = hashlib.sha256(json.dumps([decoded.class_names, decoded.images.shape[1:], len(chosen)]).encode())
        digest.update(b"" if labels is None else labels.astype("<i8").tobytes())
        _write_rows(folder / f"{side}.npy", decoded.images, decoded.rows[chosen], digest)
        names = None if decoded.names is None else [decoded.names[i] for i in chosen]
        record[side] = {"content_hash": digest.hexdigest()[:16], "labelled": labels is not None, "names": names}
    marker = folder / f"{_MARKER}.new"
    marker.write_text(json.dumps(record))
    marker.replace(folder / _MARKER)


def load(folder: Path) -> Dataset | None:
    """The data set in `folder`; None when there is none, or it is damaged."""
    try:
        record = json.loads((folder / _MARKER).read_text())
        skipped = tuple((str(name), str(why)) for name, why in record["skipped"])
        train, test = (_load_side(folder, side, record) for side in ("train", "test"))
        return Dataset(str(record["name"]), train, test, skipped, num_distinct=int(record["num_distinct"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _load_side(folder: Path, side: str, record: dict[str, Any]) -> ImageSet:
    stored = record[side]
    images = np.load(folder / f"{side}.npy", mmap_mode="r")
    labels = np.load(folder / f"{side}-labels.npy") if stored["labelled"] else None
    names = None if stored["names"] is None else tuple(stored["names"])
    rows = np.load(folder / f"{side}-rows.npy")
    return ImageSet(images, labels, tuple(record["class_names"]), str(stored["content_hash"]), names, rows)


def _write_rows(path: Path, images: U8 | ImageArray, rows: I64, digest: Any) -> None:
    """`images[rows]` as an `.npy`, a block at a time, through the digest.

    Written and not mapped: a full disk then raises `OSError`, where a mapped file would kill the process.
    """
    header = {"descr": "|u1", "fortran_order": False, "shape": (len(rows), *images.shape[1:])}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(rows), _BLOCK_IMAGES):
            block = np.ascontiguousarray(images[rows[start : start + _BLOCK_IMAGES]])
            digest.update(block.data)
            file.write(block.data)
        file.flush()
        os.fsync(file.fileno())
