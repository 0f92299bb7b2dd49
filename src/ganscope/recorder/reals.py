"""The real images of somebody's training, in whatever form the training has them: as a data set in the cache.

Legend: N images, C channels, H height, W width, S side.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.arraytypes import U8
from ganscope.config import Size, sides_of, size_text
from ganscope.data import Dataset, fit_array, keep_arrays, load_dataset
from ganscope.errors import DataError
from ganscope.progress import Say
from ganscope.recorder.latents import undisturbed
from ganscope.recorder.pictures import BYTES, Range, as_array, channels_first, over_white, range_of

MOST_REALS = 60_000  # of a stream or a larger data set; the metrics use 10,000 of them, copies are sought among all
RANGE_IMAGES = 2_000  # looked at before a range is settled
LARGEST_SIDE = 128  # pixels at which pictures are measured; larger ones are reduced
IMAGE_KEYS = ("image", "img", "images", "pixel_values", "x", "jpg", "png")
LABEL_KEYS = ("label", "labels", "fine_label", "target", "y", "cls")


@dataclass(frozen=True)
class Reals:
    """What was found out about the reals.

    Attributes:
        name, stored: as in `Watched`. dataset: both parts.
        value_range: of the values they came with; None where they came from files.
        batch_size: of the loader, where there was one. shape: `(C, H, W)` as they came.
        said: one line about all of that.
    """

    name: str
    stored: str
    dataset: Dataset
    value_range: Range | None
    batch_size: int | None
    shape: tuple[int, int, int]
    said: str


def read_reals(
    reals: Any,
    labels: Any = None,
    held_out: Any = None,
    *,
    name: str | None = None,
    size: Size | None = None,
    channels: int | None = None,
    value_range: Range | None = None,
    class_names: tuple[str, ...] = (),
    holdout: float = 0.1,
    progress: Say,
) -> Reals:
    """The data set of `reals`: an array, a tensor, a list of pictures, a Dataset, a loader, or what `train` takes.

    Args:
        held_out: the same for real images that are not trained on; None: a share `holdout`.
        size, channels: at which they are measured; None: their own, at most `LARGEST_SIDE`.

    Raises:
        DataError: no images in it, or none whose range a generator can share.
    """
    if isinstance(reals, str | Path):
        if isinstance(size, int) and size > LARGEST_SIDE:
            size = LARGEST_SIDE
        dataset = load_dataset(
            str(reals), size=size, channels=channels, holdout=holdout, progress=progress, square=True
        )
        images = dataset.train.images
        said = f"{reals}: {_count(dataset)} of {_shape(images.shape)}"
        return Reals(str(reals), "", dataset, None, None, images.shape[1:], said)
    reals, labels = _with_labels(reals, labels)
    held_out, held_labels = _with_labels(held_out, None)
    with undisturbed([]):  # a shuffling loader draws from the program's own random numbers
        found = _gather(reals, labels, value_range, progress)
        others = None if held_out is None else _held_out(held_out, held_labels, found.value_range, progress)
    if found.labels is not None and len(found.labels) >= 20 and len(np.unique(found.labels)) > len(found.labels) / 2:
        progress(f"{len(np.unique(found.labels)):,} different labels of {len(found.labels):,} images: no classes")
        found = dataclasses.replace(found, labels=None)
    if found.labels is not None and others is not None and others.labels is None:
        progress("the held-out images have no labels: those of the others are not used (held_out=(images, labels))")
    shape = found.images.shape[1:]
    side: Size = size or min(LARGEST_SIDE, *shape[1:])
    depth, sides = channels or shape[0], sides_of(side)
    classes = class_names or _class_names(reals)
    called = name or _name_of(reals)
    stored, dataset = keep_arrays(
        fitted(found.images, side, depth), found.labels, None if others is None else fitted(others.images, side, depth),
        None if others is None else others.labels, name=called, class_names=classes, holdout=holdout,
    )  # fmt: skip
    said = f"{called}: {_count(dataset)} of {_shape(found.images.shape)}, values {found.value_range}"
    if shape != (depth, *sides):
        said += f", measured at {size_text(side)}×{depth}"
    return Reals(called, stored, dataset, found.value_range, _batch_size(reals), shape, said)


def _with_labels(source: Any, labels: Any) -> tuple[Any, Any]:
    """A pair of arrays `(images, labels)` as two; everything else as it is."""
    if isinstance(source, tuple | list) and len(source) == 2 and labels is None and all(map(_is_array, source)):
        images, marks = source
        if len(images.shape) >= 2 and len(marks.shape) <= 2 and len(images) == len(marks) and len(images) > 2:
            return images, marks
    return source, labels


def _held_out(source: Any, labels: Any, known: Range, progress: Say) -> _Gathered:
    """Held-out images: in the range of the others, or, where they were not scaled alike, in their own.

    Raises:
        DataError: their own is none that is known.
    """
    found = _gather(source, labels, None if _plain_range(source) else known, progress)
    if found.value_range != known:
        progress(f"the held-out images have values {found.value_range}, the others {known}: each is read as it is")
    return found


def _plain_range(source: Any) -> bool:
    """Whether an array holds whole numbers, which are levels of 0 to 255 whatever the others are."""
    return _is_array(source) and (as_array(source[:1]).dtype.kind in "iu")


def fitted(images: U8, size: Size, channels: int) -> U8:
    """`(N, C, H, W) uint8` as `(N, channels, *size)`: the largest centred part of that shape, reduced or enlarged."""
    if images.shape[1:] == (channels, *sides_of(size)):
        return images
    return np.stack([fit_array(image, size=size, channels=channels) for image in images])


@dataclass(frozen=True)
class _Gathered:
    images: U8
    labels: np.ndarray | None
    value_range: Range


def _gather(source: Any, labels: Any, value_range: Range | None, progress: Say) -> _Gathered:
    """Everything of one source, at most `MOST_REALS` images."""
    if _is_array(source):
        array = as_array(source)
        if labels is not None:
            labels = _as_many(as_labels(labels), len(array))
        if len(array) > MOST_REALS:
            chosen = np.linspace(0, len(array) - 1, MOST_REALS).astype(int)
            progress(f"of {len(array):,} real images every {len(array) / MOST_REALS:.3g}th is measured against")
            array, labels = array[chosen], None if labels is None else labels[chosen]
        return _finish([array], [] if labels is None else [labels], value_range)
    images: list[np.ndarray] = []
    seen: list[np.ndarray] = []
    count, labelled = 0, True
    settled = value_range
    for item in _items(source, progress):
        pictures, marks = _split(item)
        if settled is None and count >= RANGE_IMAGES:
            settled = range_of(np.concatenate(images))
            images = [settled.to_uint8(np.concatenate(images))]
        images.append(pictures if settled is None else _to_bytes(pictures, settled))
        labelled = labelled and marks is not None
        if marks is not None:
            seen.append(marks)
        count += len(pictures)
        if count // 10_000 > (count - len(pictures)) // 10_000:
            progress(f"reading the real images: {count:,}")
        if count >= MOST_REALS:
            break
    if not count:
        raise DataError("there are no real images", found=f"an empty {type(source).__name__}")
    if labels is not None:
        seen, labelled = [_as_many(as_labels(labels), count)], True
    if settled is not None:
        return _finish(images, seen if labelled else [], BYTES, settled)
    return _finish(images, seen if labelled else [], value_range)


def _to_bytes(pictures: np.ndarray, known: Range) -> U8:
    return pictures if pictures.dtype == np.uint8 and known != BYTES else known.to_uint8(pictures)


def _finish(
    images: list[np.ndarray], labels: list[np.ndarray], value_range: Range | None, said: Range | None = None
) -> _Gathered:
    shapes = {one.shape[1:] for one in images}
    if len(shapes) > 1:
        images = _same_size(images)
    whole = images[0] if len(images) == 1 else np.concatenate(images)
    found = value_range or range_of(whole)
    pixels = over_white(channels_first(found.to_uint8(whole), what="the real images"))
    marks = np.concatenate(labels) if labels else None
    return _Gathered(pixels, marks if marks is None or len(marks) == len(pixels) else None, said or found)


def _same_size(images: list[np.ndarray]) -> list[np.ndarray]:
    """Pictures of several sizes: all at the most frequent one, where they are bytes; else an error."""
    if any(one.dtype != np.uint8 for one in images):
        sizes = sorted({str(one.shape[1:]) for one in images})
        raise DataError("the real images differ in size", found=", ".join(sizes[:4]), todo="resize them to one size")
    first = channels_first(images[0])
    return [fitted(over_white(channels_first(one)), min(first.shape[2:]), min(3, first.shape[1])) for one in images]


def _is_array(thing: Any) -> bool:
    return hasattr(thing, "shape") and hasattr(thing, "dtype") and not isinstance(thing, type)


def _items(source: Any, progress: Say) -> Iterator[Any]:
    """What a Dataset, a loader or any other collection holds, in an order that does not change."""
    inner = getattr(source, "dataset", None)
    plain = getattr(getattr(source, "collate_fn", None), "__name__", "default_collate") == "default_collate"
    if inner is not None and plain and hasattr(inner, "__getitem__") and hasattr(inner, "__len__"):
        source = inner  # a loader shuffles; its data set does not
    if hasattr(source, "__getitem__") and hasattr(source, "__len__") and not isinstance(source, dict):
        length = len(source)
        chosen: Any = range(length)
        if length > MOST_REALS:
            progress(f"of {length:,} real images every {length / MOST_REALS:.3g}th is measured against")
            chosen = np.linspace(0, length - 1, MOST_REALS).astype(int).tolist()
        for index in chosen:
            yield source[index]
        return
    if not hasattr(source, "__iter__"):
        todo = "give an array, a tensor, a folder, a Dataset or a loader"
        raise DataError("the real images cannot be read", found=f"type {type(source).__name__}", todo=todo)
    yield from itertools.islice(iter(source), MOST_REALS)


def _split(item: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Images `(N, …)` of one item, which may be one picture or a batch, and their labels."""
    image, label = item, None
    if isinstance(item, dict):
        image = next((item[key] for key in IMAGE_KEYS if key in item), None)
        label = next((item[key] for key in LABEL_KEYS if key in item), None)
        if image is None:
            keys = f"keys {sorted(map(str, item))[:8]}"
            raise DataError("which entry holds the image?", found=keys, todo=f"call it {IMAGE_KEYS[0]!r}")
    elif isinstance(item, tuple | list) and item:
        image, label = item[0], item[1] if len(item) > 1 else None
    array = as_array(image)
    single = array.ndim == 2 or (array.ndim == 3 and (array.shape[0] in (1, 3, 4) or array.shape[-1] in (1, 3, 4)))
    if array.ndim == 1 or (single and not (array.ndim == 2 and label is not None and np.ndim(_plain(label)) == 1)):
        array = array[None]
        marks = None if label is None or np.ndim(_plain(label)) > 0 else as_labels([_plain(label)])
        return array, marks
    found = None if label is None else _plain(label)
    return array, as_labels(found) if found is not None and len(np.atleast_1d(found)) == len(array) else None


def _plain(label: Any) -> Any:
    return label if isinstance(label, str | int | float) else as_array(label)


def _as_many(labels: np.ndarray, count: int) -> np.ndarray:
    """Labels of so many images.

    Raises:
        DataError: there are more or fewer.
    """
    if len(labels) != count:
        found = f"{len(labels):,} labels for {count:,} images"
        raise DataError(
            "labels do not belong to the real images", found=found, todo="give one label an image, in order"
        )
    return labels


def as_labels(labels: Any) -> np.ndarray:
    """Labels `(N,)` of integers or text; one-hot rows become their class.

    Raises:
        DataError: rows of several attributes, which are no classes.
    """
    if isinstance(labels, list | tuple) and labels and isinstance(labels[0], str):
        return np.asarray(labels)
    array = np.asarray(labels) if np.asarray(labels).dtype.kind in "US" else as_array(labels)
    if array.ndim == 2 and array.shape[1] > 1:
        if not (array.max(axis=1) > 0.5).all() or not np.allclose(array.sum(axis=1), 1, atol=0.5):
            found = f"shape {array.shape}, up to {np.nanmax(array.sum(axis=1)):g} a row"
            todo = "choose the column that is to be the class: labels[:, 3]"
            raise DataError("labels of several columns are classes only if one is 1", found=found, todo=todo)
        return np.asarray(array.argmax(axis=1))
    return array.reshape(-1) if array.ndim == 2 else array


def _class_names(source: Any) -> tuple[str, ...]:
    names = getattr(source, "classes", None) or getattr(getattr(source, "dataset", None), "classes", None)
    features = getattr(source, "features", None)  # Hugging Face's data sets
    if names is None and isinstance(features, dict):
        names = next((getattr(f, "names", None) for key, f in features.items() if key in LABEL_KEYS), None)
    return tuple(map(str, names)) if isinstance(names, list | tuple) else ()


def _name_of(source: Any) -> str:
    inner = getattr(source, "dataset", source)
    kind = type(inner).__name__
    return kind if kind not in ("ndarray", "Tensor", "list", "TensorDataset", "Subset") else "reals"


def _batch_size(source: Any) -> int | None:
    found = getattr(source, "batch_size", None)
    return int(found) if isinstance(found, int) and found > 0 else None


def _count(dataset: Dataset) -> str:
    classes = len(dataset.train.class_names)
    kinds = f" in {classes} classes" if classes else ""
    return f"{len(dataset.train.images):,} real images{kinds}, {len(dataset.test.images):,} more held out,"


def _shape(shape: tuple[int, ...]) -> str:
    return f"{shape[2]}×{shape[3]}×{shape[1]}"
