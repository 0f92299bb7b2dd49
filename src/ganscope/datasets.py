"""Data sets: a name, a folder, an archive or an array in; images decoded once, split, cached and memory-mapped out.

Legend: N images, C channels, H height, W width, S side, K classes. Images are `(N, C, H, W) uint8`.

What is decided when nothing is said:
- size: the data's own when all images share one that is square and at most 128, else 64.
- channels: 1 when no image has any colour (every header, and every picture in a colour mode, is looked at until one
  has), else 3.
- held-out part: the data's own test part where it has one. Otherwise images are grouped by the hash of their decoded
  pixels and the groups with the smallest hashes are held out, class by class: that depends on the pixels alone, not on
  names, order or a generator, and identical images are never on both sides.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ganscope import published
from ganscope.archives import printable, sniff
from ganscope.arrays import ArrayPart, read_idx, read_numpy, to_images, to_labels
from ganscope.decode import fit_array
from ganscope.errors import ConfigError, DataError, did_you_mean
from ganscope.imagecache import Dataset, Decoded, ImageSet, Mask, building, hold_out, load, pixel_hashes, store
from ganscope.imagefiles import ImageFiles, Survey, decode_into, file_identity, folder_labels, status, survey

__all__ = ["DATASETS", "Dataset", "ImageSet", "cache_root", "find_source", "load_dataset"]

Progress = Callable[[str], None]
U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]

CACHE_VERSION = 1  # raised whenever decoding or splitting changes: older caches are then not used
MAX_OWN_SIZE, DEFAULT_SIZE = 128, 64
DIGITS_HOLDOUT = 0.2
_GREY_TOLERANCE = 2  # levels between R, G and B that still count as grey


@dataclass(frozen=True)
class Arrays:
    """Images that are arrays already: `(N, C, H, W) uint8`, C 1 or 3, of any height and width."""

    images: U8
    labels: I64 | None  # (N,)
    class_names: tuple[str, ...]
    held_out: Mask | None  # (N,) bool: the data's own test part


@dataclass(frozen=True)
class Source:
    """A data set found but not read: either image files, or a function that reads arrays."""

    name: str
    identity: list[Any]  # changes when the content does; JSON
    files: ImageFiles | None = None
    arrays: Callable[[], Arrays] | None = None
    holdout: float | None = None  # the set's own share, instead of the caller's
    labelled: bool = True  # False: subfolders are no classes, whatever they look like
    num_images: int | None = None  # a published number, to be met exactly


def load_dataset(
    data: str,
    *,
    size: int | None = None,
    channels: int | None = None,
    holdout: float = 0.1,
    strict: bool = False,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """The data set `data`: a name of `DATASETS`, or the path of a folder, an archive, an `.npy`, `.npz` or IDX file.

    A name comes before a path: a folder called mnist is `./mnist`.
    `size` S in pixels and `channels` 1 or 3: see the head of this file for None. `holdout`: the share of images held
    out where the data has no test part of its own (at least one image; a single image is both parts; `digits` always
    holds out 0.2). `strict`: an unreadable file is an error instead of an entry in `skipped`. `cache`: default
    `$GANSCOPE_CACHE`, else the user's cache folder. The first call decodes, later ones map what was decoded.
    Raises `DataError`, and `ConfigError` for a setting out of range.
    """
    check_settings(size, channels, holdout)
    say = progress or (lambda _: None)
    root = cache_root() if cache is None else cache
    source = find_source(data, root, say)
    share = holdout if source.holdout is None else source.holdout
    settings = [CACHE_VERSION, source.name, source.identity, size, channels, share, source.labelled, source.num_images]
    key = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:16]
    folder = root / "datasets" / f"{source.name}-{key}"
    dataset = load(folder)
    if dataset is None:
        try:
            with building(folder) as scratch:
                _build(source, scratch, size, channels, share, say)
        except OSError as error:
            todo = "free some space there, or set GANSCOPE_CACHE to another folder"
            raise DataError(f"the decoded images cannot be kept in {root}", found=str(error), todo=todo) from error
        dataset = load(folder)
        if dataset is None:
            raise DataError(f"{folder} was damaged as soon as it was written", todo="check the disk")
    if dataset.skipped:
        name, reason = dataset.skipped[0]
        found = f"{len(dataset.skipped):,} unreadable; the first: {name}: {reason}"
        say(f"left out: {found}")
    if dataset.skipped and strict:
        todo = "mend or remove them, or leave out strict"
        raise DataError(f"{printable(data)}: not every file can be read", found=found, todo=todo)
    return dataset


def cache_root() -> Path:
    """`$GANSCOPE_CACHE`, else the user's cache folder."""
    value = os.environ.get("GANSCOPE_CACHE", "")
    if value:
        return Path(value).expanduser()
    import pooch

    return Path(pooch.os_cache("ganscope"))


def find_source(data: str, cache: Path, progress: Progress) -> Source:
    """What `data` means; published files that are nowhere are downloaded. Raises `DataError`."""
    if data in DATASETS:
        return DATASETS[data](cache, progress)
    path = Path(data).expanduser()
    if status(path) is None:
        todo = did_you_mean(data, DATASETS) + "; or give the path of a folder, archive or array"
        raise DataError(f"no data set {printable(data)!r}", found="neither a name nor a file or folder", todo=todo)
    stem = re.sub(r"(\.tar)?\.\w+$", "", path.resolve().name) if path.is_file() else path.resolve().name
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.") or "data"
    kind = "folder" if path.is_dir() else sniff(path)
    four = [_packed_or_not(path / file) for file in _IDX_NAMES] if kind == "folder" else []
    if kind == "idx" or (four and all(status(file) for file in four)):
        idx = four or _with_labels(path)
        return Source(name, [file_identity(file) for file in idx], arrays=partial(_read_idx_files, idx))
    if kind in ("folder", "zip", "tar"):
        files = ImageFiles(path)
        return Source(name, files.identity(), files=files)
    if kind in ("npy", "npz"):
        return Source(name, file_identity(path), arrays=partial(_read_numpy_file, path))
    found = "its first bytes are none of zip, tar, npy, npz, IDX"
    todo = "give a folder or an archive of images, or an array"
    raise DataError(f"{printable(str(path))} is not a data set", found=found, todo=todo)


# The named sets


def _digits(cache: Path, progress: Progress) -> Source:
    return Source("digits", ["digits", version("scikit-learn")], arrays=_read_digits, holdout=DIGITS_HOLDOUT)


def _idx_set(files: published.IdxSet, cache: Path, progress: Progress) -> Source:
    paths = [published.locate_idx(file, cache, progress) for file in files.files()]

    def read() -> Arrays:
        for path, file in zip(paths, files.files(), strict=True):
            published.verify_idx(path, file, progress)
        found = _read_idx_files(paths)
        return Arrays(found.images, found.labels, files.class_names, found.held_out)

    return Source(files.name, [file_identity(path) for path in paths], arrays=read)


def _lfw(cache: Path, progress: Progress) -> Source:
    expected = published.LFW_NUM_IMAGES

    def verify(path: Path) -> None:
        _expect_number(survey(ImageFiles(path), progress), expected, path)

    files = ImageFiles(published.locate(published.LFW, cache, verify, progress, *published.LFW_FOLDERS))
    return Source("lfw", files.identity(), files=files, labelled=False, num_images=expected)


DATASETS: dict[str, Callable[[Path, Progress], Source]] = {
    "digits": _digits,  # 1,797 handwritten digits, 8×8 grey, bundled with scikit-learn
    "mnist": partial(_idx_set, published.MNIST),  # 70,000 handwritten digits, 28×28 grey
    "fashion-mnist": partial(_idx_set, published.FASHION_MNIST),  # 70,000 garments, 28×28 grey
    "lfw": _lfw,  # 13,233 faces, deep-funneled, 250×250 colour
}


# Reading arrays

_IDX_NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def _read_digits() -> Arrays:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)  # stored as 0…16
    return Arrays(images[:, None], bunch.target.astype(np.int64), tuple("0123456789"), None)


def _read_numpy_file(path: Path) -> Arrays:
    train, test = read_numpy(path)
    return _join(train, test, str(path))


def _read_idx_files(paths: list[Path]) -> Arrays:
    """From [images], [images, labels] or [images, labels, test images, test labels]."""
    parts = [
        ArrayPart(to_images(read_idx(images), str(images)), read_idx(labels[0]) if labels else None)
        for images, *labels in (paths[i : i + 2] for i in range(0, len(paths), 2))
    ]
    return _join(parts[0], parts[1] if parts[1:] else None, str(paths[0]))


def _join(train: ArrayPart, test: ArrayPart | None, name: str) -> Arrays:
    """One array of both parts, so that they share class names; labels count when there are two classes or more."""
    parts = [train] if test is None else [train, test]
    if len({part.images.shape[1:] for part in parts}) > 1:
        found = " and ".join(str(part.images.shape) for part in parts)
        raise DataError(f"{name}: training and test images differ in shape", found=found)
    images = np.concatenate([part.images for part in parts]) if test else train.images
    held_out = np.repeat([False, True], [len(part.images) for part in parts]) if test else None
    given = [part.labels.reshape(-1) for part in parts if part.labels is not None]
    if len(given) < len(parts):
        return Arrays(images, None, (), held_out)
    labels, class_names = to_labels(np.concatenate(given), len(images), name)
    return Arrays(images, labels, class_names, held_out) if len(class_names) > 1 else Arrays(images, None, (), held_out)


def _packed_or_not(path: Path) -> Path:
    return path if status(path) else path.with_name(path.name + ".gz")


def _with_labels(path: Path) -> list[Path]:
    """An IDX file of images and, where there is one of the usual name beside it, its labels."""
    name = path.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    labels = _packed_or_not(path.with_name(name))
    return [path, labels] if labels.exists() and labels != path else [path]


# Decoding


def _build(source: Source, scratch: Path, size: int | None, channels: int | None, share: float, say: Progress) -> None:
    """Decode, split and store `source` in the folder `scratch`."""
    rows_file = scratch / "rows.u8"
    decoded = (
        _decode_arrays(source.arrays(), size, channels)
        if source.arrays
        else _decode_files(source, rows_file, size, channels, say)
    )
    held_out = decoded.held_out
    if held_out is None or held_out.all() or not held_out.any():
        held_out = hold_out(pixel_hashes(decoded.images, decoded.rows), decoded.labels, share)
    store(scratch, source.name, decoded, held_out)
    rows_file.unlink(missing_ok=True)


def _decode_arrays(arrays: Arrays, size: int | None, channels: int | None) -> Decoded:
    num, _, height, width = arrays.images.shape
    size = size or own_size(height if height == width else None)
    channels = channels or (1 if is_grey_array(arrays.images) else 3)
    images = arrays.images
    if images.shape[1:] != (channels, size, size):
        images = np.stack([fit_array(image, size=size, channels=channels) for image in images])
    return Decoded(images, np.arange(num), arrays.labels, arrays.class_names, None, arrays.held_out, ())


def _decode_files(source: Source, rows_file: Path, size: int | None, channels: int | None, say: Progress) -> Decoded:
    files = source.files
    assert files is not None
    found = survey(files, say)
    if source.num_images is not None:
        _expect_number(found, source.num_images, files.root)
    size = size or own_size(found.common_square())
    channels = channels or (1 if found.grey else 3)
    names = list(found.headers)
    with rows_file.open("wb") as out:
        failed = decode_into(files, names, out, size=size, channels=channels, progress=say)
    good = [i for i, name in enumerate(names) if name not in failed]
    if not good:
        name, reason = next(iter(failed.items()))
        raise DataError(f"{files.root}: no image can be read", found=f"{printable(name)}: {reason}")
    if source.num_images is not None and failed:
        raise _wrong_number(len(good), source.num_images, files.root)
    images = np.memmap(rows_file, np.uint8, "r", shape=(len(names), channels, size, size))
    kept = [names[i] for i in good]
    classes, held_out = folder_labels(kept)
    class_names = tuple(sorted(set(classes))) if classes and source.labelled else ()
    index = {name: k for k, name in enumerate(class_names)}
    labels = np.array([index[name] for name in classes], np.int64) if classes and class_names else None
    unreadable = sorted((found.unreadable | failed).items())
    skipped = tuple((printable(name), reason) for name, reason in unreadable)
    own_test = np.array(held_out) if any(held_out) else None
    return Decoded(images, np.array(good), labels, class_names, tuple(map(printable, kept)), own_test, skipped)


def own_size(side: int | None) -> int:
    """The side to decode to when none is asked for: the images' common one up to 128 pixels, else 64."""
    return side if side is not None and side <= MAX_OWN_SIZE else DEFAULT_SIZE


def is_grey_array(images: U8) -> bool:
    """Whether no image of `(N, C, H, W) uint8`, C 1 or 3, has any colour: R = G = B within 2 levels."""
    if images.shape[1] == 1:
        return True
    for start in range(0, len(images), 1024):
        block = images[start : start + 1024]
        if int((block.max(axis=1).astype(np.int16) - block.min(axis=1)).max()) > _GREY_TOLERANCE:
            return False
    return True


def _expect_number(found: Survey, expected: int, path: Path) -> None:
    if len(found.headers) != expected or found.unreadable:
        raise _wrong_number(len(found.headers), expected, path)


def _wrong_number(readable: int, expected: int, path: Path) -> DataError:
    what = f"{path} is not the published set of {expected:,} images"
    todo = "delete it and run again, or give its path instead"
    return DataError(what, found=f"{readable:,} that can be read", todo=todo)


def require_outside(data: str, path: Path, todo: str) -> None:
    """Raises ConfigError: what is to be written at `path` would become part of the folder of images `data`."""
    folder = Path(data).expanduser()
    if data not in DATASETS and folder.is_dir() and path.resolve().is_relative_to(folder.resolve()):
        raise ConfigError(f"{path} lies among the images of {printable(data)}", found=str(path.resolve()), todo=todo)


def check_settings(size: int | None, channels: int | None, holdout: float) -> None:
    """Raises ConfigError: a setting out of range."""
    if size is not None and not 1 <= size <= 4096:
        raise ConfigError("the image size is out of range", found=f"size={size}", todo="give 1 to 4096 pixels")
    if channels not in (None, 1, 3):
        raise ConfigError("images have 1 channel (grey) or 3 (colour)", found=f"channels={channels}")
    if not 0 < holdout < 1:
        found = f"holdout={holdout}"
        raise ConfigError("the held-out share is out of range", found=found, todo="give a share such as 0.1")
