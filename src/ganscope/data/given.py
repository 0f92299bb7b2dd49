"""Real images that a program hands over as arrays: kept in the cache, so that other processes find them again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from ganscope.arraytypes import I64, U8
from ganscope.config import Config, Watched
from ganscope.data.arrays import AnyArray, to_labels
from ganscope.data.cache import Decoded, building, cache_advice, hold_out, load, pixel_hashes, store
from ganscope.data.dataset import Dataset
from ganscope.data.load import cache_root, load_configured, load_dataset
from ganscope.errors import DataError
from ganscope.progress import Say

_BLOCK = 1024  # images hashed at a time


def keep_arrays(
    images: U8,
    labels: AnyArray | None = None,
    held_out: U8 | None = None,
    held_out_labels: AnyArray | None = None,
    *,
    name: str = "reals",
    class_names: tuple[str, ...] = (),
    holdout: float = 0.1,
    cache: Path | None = None,
) -> tuple[str, Dataset]:
    """Keep `(N, C, H, W) uint8` images as a data set; returns the name of its folder in the cache, and the data set.

    Args:
        labels: `(N,)` of integers or text. class_names: of integer labels 0…K-1.
        held_out: real images that are not trained on; None: a share `holdout` of `images`.

    Raises:
        DataError: labels that do not belong to the images, or a cache that cannot be written.
    """
    parts = [images] if held_out is None else [images, held_out]
    whole = images if held_out is None else np.concatenate(parts)
    found: I64 | None = None
    if labels is not None and (held_out is None or held_out_labels is not None):
        both = labels if held_out_labels is None else np.concatenate([np.asarray(labels), np.asarray(held_out_labels)])
        found, plain = to_labels(np.asarray(both), len(whole), name)
        # Names go by the labels' own numbers, of which some may not occur.
        named = class_names and all(text.isdecimal() and int(text) < len(class_names) for text in plain)
        class_names = tuple(class_names[int(text)] for text in plain) if named else plain
    else:
        class_names = ()
    digest = hashlib.blake2b(repr((whole.shape, len(images), holdout, class_names)).encode(), digest_size=8)
    for start in range(0, len(whole), _BLOCK):
        digest.update(np.ascontiguousarray(whole[start : start + _BLOCK]).data)
    digest.update(b"" if found is None else found.tobytes())
    stored = f"given-{digest.hexdigest()}"
    folder = (cache_root() if cache is None else cache) / "datasets" / stored
    dataset = load(folder)
    if dataset is None:
        mask = np.arange(len(whole)) >= len(images)
        rows = np.arange(len(whole))
        if held_out is None:
            mask = hold_out(pixel_hashes(whole, rows), found, holdout)
        try:
            with building(folder) as scratch:
                store(scratch, name, Decoded(whole, rows, found, class_names, None, mask, ()), mask)
        except OSError as error:
            todo = cache_advice(error)
            raise DataError(
                f"the real images cannot be kept in {folder.parent}", found=str(error), todo=todo
            ) from error
        dataset = load(folder)
        if dataset is None:
            raise DataError(f"{folder} was damaged as soon as it was written", todo="check the disk")
    return stored, dataset


def dataset_of(settings: Config | Watched, progress: Say | None = None) -> Dataset:
    """The data set that a run was trained on, from its settings.

    Raises:
        DataError: it is not there any more.
    """
    if isinstance(settings, Watched) and settings.stored:
        folder = cache_root() / "datasets" / settings.stored
        dataset = load(folder)
        if dataset is None:
            raise DataError(
                f"the real images of this run ({settings.data}) are no longer in the cache",
                found=str(folder),
                todo="start the watched training again for a moment: it hands them over anew",
            )
        return dataset
    if isinstance(settings, Config):
        return load_configured(settings, progress=progress)
    return load_dataset(
        settings.data, size=settings.size, channels=settings.channels, holdout=settings.holdout, progress=progress
    )
