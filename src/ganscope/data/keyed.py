"""Which of some named arrays are the images, which the labels, and of which part: keys of `.npz`, HDF5, `.npy` files.

Legend: N images. A key says what it is by its words (`x_train`, `test_labels`, `train/data`); where keys say nothing,
the only array that can be images is, and the only one of N whole numbers or texts is its labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np

from ganscope.data.archive import printable
from ganscope.data.arrays import AnyArray, ArrayPart, image_array
from ganscope.data.parts import TEST, TRAIN, VALID
from ganscope.errors import DataError

Parts = tuple[ArrayPart, ArrayPart | None]

# In the order of preference.
_IMAGES = ("images", "image", "x", "imgs", "img", "data", "pixels", "pictures", "arr0", "features")
_LABELS = ("labels", "label", "y", "targets", "target", "finelabels", "classes", "class", "arr1")
_PART_WORDS = {
    "train": TRAIN, "training": TRAIN, "trn": TRAIN, "tr": TRAIN, "val": VALID, "valid": VALID, "validation": VALID,
    "dev": VALID, "test": TEST, "testing": TEST, "tst": TEST, "te": TEST,
}  # fmt: skip
MAX_CLASS_SHARE = 0.5  # classes an image, beyond which numbers are no classes


def part_and_kind(key: str) -> tuple[str, str]:
    """(TRAIN, VALID, TEST or ``; what is left of the key in lower case without separators)."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", str(key))]
    part = next((_PART_WORDS[word] for word in words if word in _PART_WORDS), "")
    return part, "".join(word for word in words if word not in _PART_WORDS)


def looks_keyed(keys: Iterable[str]) -> bool:
    """Whether names, such as those of `.npy` files in a folder, say images and labels, or images of parts."""
    found = [part_and_kind(key) for key in keys]
    images = [part for part, kind in found if kind in _IMAGES]
    labels = [part for part, kind in found if kind in _LABELS]
    return bool(images) and len(images) + len(labels) == len(found) and (bool(labels) or len(set(images)) > 1)


def by_keys(arrays: Mapping[str, AnyArray], name: str) -> Parts:
    """Images and labels among named arrays. Raises `DataError` where it is not plain which is which."""
    keys = {key: part_and_kind(key) for key in arrays}
    train_key = _chosen(keys, ("", TRAIN), _IMAGES) or _only_images(arrays, keys)
    if train_key is None:
        todo = "name it one of images, train_images, x_train, x, data"
        found = f"keys {', '.join(printable(str(k)) for k in sorted(arrays))}"[:300]
        raise DataError(f"{name}: which array holds the images?", found=found, todo=todo)
    train = _part(arrays, keys, train_key, ("", TRAIN), name)
    for part in (TEST, VALID):
        test_key = _chosen(keys, (part,), _IMAGES)
        if test_key is not None and test_key != train_key:
            return train, _part(arrays, keys, test_key, (part,), name)
    return train, None


def _chosen(keys: Mapping[str, tuple[str, str]], parts: tuple[str, ...], kinds: tuple[str, ...]) -> str | None:
    """The key of one of the `parts` that is of the first of the `kinds` there is."""
    for kind in kinds:
        found = [key for key, (part, what) in keys.items() if what == kind and part in parts]
        if found:
            return min(found, key=lambda key: (parts.index(keys[key][0]), key))
    parted = [key for key, (part, what) in keys.items() if not what and part and part in parts]
    return parted[0] if parted and kinds is _IMAGES else None  # `train` and `test` alone are images


def _only_images(arrays: Mapping[str, AnyArray], keys: Mapping[str, tuple[str, str]]) -> str | None:
    """The key of the only array that can be images: three or four axes, or all there is."""
    if len(keys) == 1:
        return next(iter(keys))
    likely = [key for key in keys if len(_shape(arrays, key)) in (3, 4)]
    return likely[0] if len(likely) == 1 else None


def _shape(arrays: Mapping[str, AnyArray], key: str) -> tuple[int, ...]:
    shapes = getattr(arrays, "shapes", None)  # of a file whose arrays are read one by one
    return tuple(shapes[key]) if shapes is not None else tuple(arrays[key].shape)


def _part(
    arrays: Mapping[str, AnyArray], keys: Mapping[str, tuple[str, str]], key: str, parts: tuple[str, ...], name: str
) -> ArrayPart:
    images = image_array(arrays[key], name)
    label_key = _chosen(keys, parts, _LABELS)
    sure = label_key is not None
    if label_key is None and parts[0] == "":
        alone = [
            other for other in keys if other != key and _shape(arrays, other) in ((len(images),), (len(images), 1))
        ]
        label_key = alone[0] if len(alone) == 1 else None
    if label_key is None:
        return ArrayPart(images, None)
    labels, why = class_labels(np.asarray(arrays[label_key]), len(images), sure)
    shown = printable(str(label_key))
    return ArrayPart(images, labels, f"{shown}: {why}" if why else shown)


def class_labels(labels: AnyArray, num: int, sure: bool = True) -> tuple[AnyArray | None, str]:
    """(labels `(N,)`, ``), of one-hot rows their places; or (None, why these are no classes).

    Labels whose number is not that of the images are left as they are, for `to_labels` to refuse.
    """
    if labels.ndim == 2 and labels.shape[0] == num and labels.shape[1] > 1:
        if labels.dtype.kind in "biuf" and np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all():
            return labels.argmax(axis=1), ""
        return None, f"{labels.shape[1]} values an image are no class"
    if labels.ndim > 2:
        return None, f"labels of shape {labels.shape} are no classes"
    flat = labels.reshape(-1)
    if len(flat) != num:
        return labels, ""
    if flat.dtype.kind == "f" and not np.all(flat == np.floor(flat)):
        return None, "numbers with fractions are no classes"
    if flat.dtype.kind not in "biufUSO":
        return None, f"values of type {flat.dtype} are no classes"
    if not sure and len(np.unique(flat)) > max(2, MAX_CLASS_SHARE * num):
        return None, "nearly every image has another value"
    return flat, ""
