"""Where a data set comes from: a published one by its name, a folder, an archive, an array file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.arraytypes import I64, U8
from ganscope.data import published
from ganscope.data.archive import printable, sniff
from ganscope.data.arrays import ArrayPart, read_idx, read_numpy, to_images, to_labels
from ganscope.data.dataset import Mask
from ganscope.data.folder import ImageFiles, file_identity, status
from ganscope.data.survey import Survey, survey
from ganscope.errors import DataError, did_you_mean
from ganscope.progress import Say

DIGITS_HOLDOUT = 0.2


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


def find_source(data: str, cache: Path, progress: Say) -> Source:
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


def _digits(cache: Path, progress: Say) -> Source:
    return Source("digits", ["digits", version("scikit-learn")], arrays=_read_digits, holdout=DIGITS_HOLDOUT)


def _idx_set(files: published.IdxSet, cache: Path, progress: Say) -> Source:
    paths = [published.locate_idx(file, cache, progress) for file in files.files()]

    def read() -> Arrays:
        for path, file in zip(paths, files.files(), strict=True):
            published.verify_idx(path, file, progress)
        found = _read_idx_files(paths)
        return Arrays(found.images, found.labels, files.class_names, found.held_out)

    return Source(files.name, [file_identity(path) for path in paths], arrays=read)


def _lfw(cache: Path, progress: Say) -> Source:
    expected = published.LFW_NUM_IMAGES

    def verify(path: Path) -> None:
        expect_number(survey(ImageFiles(path), progress), expected, path)

    files = ImageFiles(published.locate(published.LFW, cache, verify, progress, *published.LFW_FOLDERS))
    return Source("lfw", files.identity(), files=files, labelled=False, num_images=expected)


DATASETS: dict[str, Callable[[Path, Say], Source]] = {
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


def expect_number(found: Survey, expected: int, path: Path) -> None:
    if len(found.headers) != expected or found.unreadable:
        raise wrong_number(len(found.headers), expected, path)


def wrong_number(readable: int, expected: int, path: Path) -> DataError:
    what = f"{path} is not the published set of {expected:,} images"
    todo = "delete it and run again, or give its path instead"
    return DataError(what, found=f"{readable:,} that can be read", todo=todo)
