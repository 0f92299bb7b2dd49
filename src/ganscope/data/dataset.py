"""Images with their labels, and a data set of two parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ganscope.arraytypes import I64, U8

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ImageSet:
    """Images of one part of a data set."""

    images: U8  # (N, C, H, W) uint8, memory-mapped read-only, C-contiguous
    labels: I64 | None  # (N,) int64, None when there are no usable labels
    class_names: tuple[str, ...]  # K names, () without labels
    content_hash: str  # 16 hex digits of the decoded images, their shape, labels and class names
    names: tuple[str, ...] | None  # the source file of each image, printable; None for arrays
    rows: I64 | None = None  # (N,) the place of each image among all that the source gave


@dataclass(frozen=True)
class Dataset:
    """Training images, held-out real images, and what could not be read."""

    name: str
    train: ImageSet
    test: ImageSet
    skipped: tuple[tuple[str, str], ...]  # unreadable: (file, why), printable
    decisions: tuple[str, ...] = ()  # what was decided about the data, why, and the option that decides otherwise
    num_distinct: int | None = None  # different training images; None: not counted
