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
from pathlib import Path

import numpy as np

from ganscope.arraytypes import U8
from ganscope.data.archive import printable
from ganscope.data.cache import Decoded, building, hold_out, load, pixel_hashes, store
from ganscope.data.dataset import Dataset, ImageSet
from ganscope.data.decode import fit_array
from ganscope.data.folder import decode_into, folder_labels, survey
from ganscope.data.sources import DATASETS, Arrays, Source, expect_number, find_source, wrong_number
from ganscope.errors import ConfigError, DataError
from ganscope.progress import Say

__all__ = ["DATASETS", "Dataset", "ImageSet", "cache_root", "find_source", "load_dataset"]


CACHE_VERSION = 1  # raised whenever decoding or splitting changes: older caches are then not used
MAX_OWN_SIZE, DEFAULT_SIZE = 128, 64
_GREY_TOLERANCE = 2  # levels between R, G and B that still count as grey


def load_dataset(
    data: str,
    *,
    size: int | None = None,
    channels: int | None = None,
    holdout: float = 0.1,
    strict: bool = False,
    cache: Path | None = None,
    progress: Say | None = None,
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


# Decoding


def _build(source: Source, scratch: Path, size: int | None, channels: int | None, share: float, say: Say) -> None:
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


def _decode_files(source: Source, rows_file: Path, size: int | None, channels: int | None, say: Say) -> Decoded:
    files = source.files
    assert files is not None
    found = survey(files, say)
    if source.num_images is not None:
        expect_number(found, source.num_images, files.root)
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
        raise wrong_number(len(good), source.num_images, files.root)
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
