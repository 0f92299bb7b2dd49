"""Where a data set comes from: a published one by its name, a folder, an archive, an array file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.arraytypes import I64
from ganscope.data import published
from ganscope.data.archive import printable
from ganscope.data.array_files import (
    read_cifar,
    read_hdf5,
    read_mat,
    read_npy,
    read_npy_folder,
    read_npz,
)
from ganscope.data.arrays import ArrayPart, ImageArray, image_array, read_idx, to_labels
from ganscope.data.containers import ContainerFiles, LmdbFiles, TableFiles, VideoFiles
from ganscope.data.dataset import Mask
from ganscope.data.decision import Decision
from ganscope.data.decode import SUFFIXES
from ganscope.data.download import download_hub
from ganscope.data.folder import ImageFiles, file_identity, status
from ganscope.data.keyed import Parts
from ganscope.data.kinds import VIDEO_SUFFIXES, kind_of
from ganscope.data.pixel_tables import is_pixel_table, read_pixel_table
from ganscope.data.survey import Survey, survey
from ganscope.data.unpacked import holds_arrays, unpack_arrays
from ganscope.errors import DataError, did_you_mean
from ganscope.progress import Say

DIGITS_HOLDOUT = 0.2


@dataclass(frozen=True)
class Arrays:
    """Images that are arrays already, of any height and width."""

    images: ImageArray
    labels: I64 | None  # (N,)
    class_names: tuple[str, ...]
    held_out: Mask | None  # (N,) bool: the data's own test part
    notes: tuple[Decision, ...] = ()


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


def find_source(data: str, cache: Path, progress: Say, every: int | None = None) -> Source:
    """What `data` means; published files that are nowhere are downloaded. `every`: of a video, which frames.

    Raises `DataError`, and `DependencyError` for a format whose package is not installed.
    """
    if data in DATASETS:
        return DATASETS[data](cache, progress)
    if data.startswith("hf://"):
        return replace(
            _source_at(download_hub(data, cache, progress), every, cache), name=_plain_name(data.rpartition("/")[2])
        )
    path = Path(data).expanduser()
    if status(path) is None:
        todo = did_you_mean(data, DATASETS) + "; or give the path of a folder, archive or array"
        raise DataError(f"no data set {printable(data)!r}", found="neither a name nor a file or folder", todo=todo)
    if not path.is_dir() and not path.is_file():
        raise DataError(f"{printable(data)} is not a data set", found="no regular file", todo="give a folder or a file")
    return _source_at(path, every, cache)


def _plain_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.") or "data"


def _source_at(path: Path, every: int | None, cache: Path) -> Source:
    stem = re.sub(r"(\.tar)?\.\w+$", "", path.resolve().name) if path.is_file() else path.resolve().name
    name = _plain_name(stem)
    if path.is_dir() and (found := _known_folder(path, name, every, cache)):
        return found
    kind = "folder" if path.is_dir() else kind_of(path)
    if kind in ("zip", "tar") and holds_arrays(path):
        return replace(_source_at(unpack_arrays(path, cache), every, cache), name=name)
    if kind in ("folder", "zip", "tar"):
        files = ImageFiles(path)
        return Source(name, files.identity(), files=files)
    if kind == "parquet":
        return _contained(name, TableFiles(path, paths=(path,)))
    if kind == "video":
        return _contained(name, VideoFiles(path, paths=(path,), every=every))
    if kind == "idx":
        paths = _with_labels(path)
        return _arrays(name, paths, partial(_idx_parts, paths))
    if path.name.startswith(("data_batch", "test_batch")):
        return _arrays(name, [path], partial(read_cifar, [path], None, None))
    readers = {"npy": read_npy, "npz": read_npz, "mat": read_mat, "hdf5": read_hdf5, "table": read_pixel_table}
    return _arrays(name, [path], partial(readers[kind], path))


def _contained(name: str, files: ContainerFiles) -> Source:
    return Source(name, files.identity(), files=files)


def _arrays(name: str, paths: list[Path], read: Callable[[], Parts]) -> Source:
    identity: list[Any] = [fact for path in paths for fact in file_identity(path)]

    def joined() -> Arrays:
        return _join(*read(), printable(str(paths[0])))

    return Source(name, identity, arrays=joined)


def _known_folder(path: Path, name: str, every: int | None, cache: Path) -> Source | None:
    """A folder that is no folder of images: MNIST's four files, CIFAR's batches, LMDB, tables, arrays, videos."""
    if status(path / "data.mdb"):
        return _contained(name, LmdbFiles(path, paths=(path / "data.mdb",)))
    if idx := _idx_files(path):
        return _arrays(name, idx, partial(_idx_parts, idx))
    batches = sorted(path.glob("data_batch_[0-9]*")) or [p for p in (path / "train", path / "train.bin") if p.is_file()]
    if batches and all(_is_batch(batch) for batch in batches):
        tests = [
            p for p in (path / "test_batch", path / "test_batch.bin", path / "test", path / "test.bin") if p.is_file()
        ]
        metas = ("batches.meta", "meta", "batches.meta.txt", "fine_label_names.txt")
        meta = next((path / meta for meta in metas if (path / meta).is_file()), None)
        test = tests[0] if tests else None
        return _arrays(name, [*batches, *tests], partial(read_cifar, batches, test, meta))
    names = [found for found in sorted(path.rglob("*")) if found.is_file() and not found.name.startswith(".")][:100_000]
    if any(found.suffix.lower() in SUFFIXES for found in names):
        return None
    by_kind = {
        suffix: [found for found in names if found.suffix.lower() == suffix]
        for suffix in (".parquet", ".arrow", ".npy", ".mat")
    }
    tables = by_kind[".parquet"] or by_kind[".arrow"]
    if tables:
        return _contained(name, TableFiles(path, paths=tuple(tables)))
    videos = tuple(found for found in names if found.suffix.lower() in VIDEO_SUFFIXES)
    if videos:
        return _contained(name, VideoFiles(path, paths=videos, every=every))
    if by_kind[".npy"]:
        return _arrays(name, by_kind[".npy"], partial(read_npy_folder, by_kind[".npy"], path))
    csv = {found.stem.lower(): found for found in names if found.suffix.lower() == ".csv"}
    if "train" in csv and is_pixel_table(csv["train"]):
        return _arrays(name, [csv["train"]], partial(read_pixel_table, csv["train"]))
    parts = {found.stem.lower().split("_")[0]: found for found in by_kind[".mat"]}
    if "train" in parts:
        pair = [parts["train"], *([parts["test"]] if "test" in parts else [])]
        return _arrays(name, pair, lambda: (read_mat(pair[0])[0], read_mat(pair[1])[0] if pair[1:] else None))
    alone = [found for found in names if found.suffix.lower() in (".npz", ".h5", ".hdf5", ".mat")]
    return _source_at(alone[0], every, cache) if len(alone) == 1 else None


def _is_batch(path: Path) -> bool:
    """Whether a file begins like a pickle or has the size of binary batches."""
    with path.open("rb") as file:
        start = file.read(2)
    size = path.stat().st_size
    return start[:1] == b"\x80" or (path.suffix == ".bin" and (size % 3073 == 0 or size % 3074 == 0))


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

_IDX_IMAGES = re.compile(r"(?P<before>.*)images?(?P<after>[-.]idx3[-.]ubyte(?:\.gz)?)", re.IGNORECASE)


def _idx_files(folder: Path) -> list[Path]:
    """[images, labels, test images, test labels] of MNIST and its kin in a folder; only the first two where no more.

    Names differ by what stands before: `emnist-letters-train-images-idx3-ubyte.gz`, `train-images.idx3-ubyte`.
    [] where it is not plain which files are meant, such as in a folder of several sets.
    """
    found = [
        (path, match) for path in sorted(folder.glob("*images*idx3*")) if (match := _IDX_IMAGES.fullmatch(path.name))
    ]
    pairs = {
        part: [path, labels]
        for path, match in found
        for part in [_idx_part(match["before"])]
        if (labels := _idx_labels(path)) is not None
    }
    if len(pairs) < len(found) or "train" not in pairs:
        return []
    return [*pairs["train"], *pairs.get("test", [])]


def _idx_part(before: str) -> str:
    words = re.split(r"[^a-z0-9]+", before.lower())
    return "test" if {"t10k", "test"} & set(words) else "train" if "train" in words else before


def _idx_labels(path: Path) -> Path | None:
    """The file of labels that goes with one of images."""
    plain = re.sub("images?", "labels", path.name.removesuffix(".gz"), flags=re.IGNORECASE).replace("idx3", "idx1")
    return next((path.with_name(name) for name in (plain, f"{plain}.gz") if path.with_name(name).is_file()), None)


def _read_digits() -> Arrays:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)  # stored as 0…16
    return Arrays(image_array(images, "digits"), bunch.target.astype(np.int64), tuple("0123456789"), None)


def _read_idx_files(paths: list[Path]) -> Arrays:
    return _join(*_idx_parts(paths), str(paths[0]))


def _idx_parts(paths: list[Path]) -> Parts:
    """From [images], [images, labels] or [images, labels, test images, test labels]."""
    parts = [
        ArrayPart(image_array(read_idx(images), str(images)), read_idx(labels[0]) if labels else None)
        for images, *labels in (paths[i : i + 2] for i in range(0, len(paths), 2))
    ]
    return parts[0], parts[1] if parts[1:] else None


def _join(train: ArrayPart, test: ArrayPart | None, name: str) -> Arrays:
    """One array of both parts, so that they share class names; labels count when there are two classes or more."""
    parts = [train] if test is None else [train, test]
    images = train.images if test is None else train.images.joined(test.images, name)
    held_out = np.repeat([False, True], [len(part.images) for part in parts]) if test else None
    notes = []
    if held_out is not None:
        text = f"{len(train.images):,} images to train on, {held_out.sum():,} held out"
        notes.append(Decision(text, "its own parts", "--splits none takes all together"))
    given = [part.labels.reshape(-1) for part in parts if part.labels is not None]
    labels: I64 | None = None
    class_names: tuple[str, ...] = ()
    if len(given) == len(parts):
        labels, class_names = to_labels(np.concatenate(given), len(images), name)
    if len(class_names) < 2:
        if len(given) < len(parts) and train.label_note:
            notes.append(Decision("no classes", train.label_note, "save one whole number or word an image"))
        return Arrays(images, None, (), held_out, tuple(notes))
    why = train.label_note or "its own labels"
    notes.insert(0, Decision(f"{len(class_names):,} classes", why, "--labels none ignores them"))
    return Arrays(images, labels, class_names, held_out, tuple(notes))


def _with_labels(path: Path) -> list[Path]:
    """An IDX file of images and, where there is one of the usual name beside it, its labels."""
    labels = _idx_labels(path)
    return [path] if labels is None or labels == path else [path, labels]


def expect_number(found: Survey, expected: int, path: Path) -> None:
    if len(found.headers) != expected or found.unreadable:
        raise wrong_number(len(found.headers), expected, path)


def wrong_number(readable: int, expected: int, path: Path) -> DataError:
    what = f"{path} is not the published set of {expected:,} images"
    todo = "delete it and run again, or give its path instead"
    return DataError(what, found=f"{readable:,} that can be read", todo=todo)
