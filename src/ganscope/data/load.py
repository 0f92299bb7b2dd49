"""Data sets: a name, a folder, an archive or an array in; images decoded once, split, cached and memory-mapped out.

Legend: N images, C channels, H height, W width, K classes. Images are `(N, C, H, W) uint8`.

What is decided when nothing is said is in `plan.py` (size, channels, shape, background, depth) and `layout.py` (parts,
classes, what is left out). The held-out part is the data's own test part where it has one. Otherwise images are grouped
by the hash of their decoded pixels and the groups with the smallest hashes are held out, class by class: that depends
on the pixels alone, not on names, order or a generator, and identical images are never on both sides.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ganscope.config import Config
from ganscope.data.archive import printable
from ganscope.data.arrays import BLOCK
from ganscope.data.cache import Decoded, building, cache_advice, hold_out, load, pixel_hashes, store
from ganscope.data.conversions import conversion
from ganscope.data.dataset import Dataset, ImageSet
from ganscope.data.decode import Recipe, fit_array
from ganscope.data.fit import Size
from ganscope.data.folder import decode_into
from ganscope.data.parts import TRAIN
from ganscope.data.plan import Wishes, wishes_of
from ganscope.data.sources import DATASETS, Arrays, find_source, wrong_number
from ganscope.data.understanding import Understanding, understand_data
from ganscope.data.unfinished import Rows
from ganscope.errors import ConfigError, DataError
from ganscope.progress import Say

__all__ = ["DATASETS", "Dataset", "ImageSet", "cache_root", "find_source", "load_dataset"]


CACHE_VERSION = 3  # raised whenever decoding or splitting changes: older caches are then not used


def load_dataset(
    data: str,
    *,
    size: int | Size | None = None,
    channels: int | None = None,
    holdout: float = 0.1,
    strict: bool = False,
    cache: Path | None = None,
    progress: Say | None = None,
    **wishes: str | int | None,
) -> Dataset:
    """The data set `data`: a name of `DATASETS`, or the path of a folder, an archive, an `.npy`, `.npz` or IDX file.

    A name comes before a path: a folder called mnist is `./mnist`.
    `size` in pixels of a square, or (H, W); `channels` 1, 3 or 4; the other `wishes` are the fields of `Wishes`.
    `holdout`: the share of images held out where the data has no test part of its own (at least one image; a single
    image is both parts; `digits` always holds out 0.2). `strict`: an unreadable file is an error instead of an entry
    in `skipped`. `cache`: default `$GANSCOPE_CACHE`, else the user's cache folder. The first call decodes, later ones
    map what was decoded. Raises `DataError`, and `ConfigError` for a setting out of range.
    """
    wanted = Wishes(size=size, channels=channels, holdout=holdout, **wishes)  # type: ignore[arg-type]
    say = progress or (lambda _: None)
    root = cache_root() if cache is None else cache
    dataset = read_understood(understand_data(data, wanted, root, say), wanted, root, say)
    if dataset.skipped and strict:
        todo = "mend or remove them, or leave out strict"
        found = _skipped_text(dataset.skipped)
        raise DataError(f"{printable(data)}: not every file can be read", found=found, todo=todo)
    return dataset


def load_configured(config: Config, data: str | None = None, progress: Say | None = None) -> Dataset:
    """The data set of a run's config; `data`: where it lies now, when it has moved. Raises as `load_dataset` does."""
    say = progress or (lambda _: None)
    wishes, root = wishes_of(config), cache_root()
    if GIVEN.fullmatch(data or config.data):
        return _given(data or config.data, root)
    return read_understood(understand_data(data or config.data, wishes, root, say), wishes, root, say)


def located(data: str) -> str:
    """A path as it can be found from any folder; names and addresses as they are."""
    known = data in DATASETS or data.startswith("hf://") or not Path(data).expanduser().exists()
    return data if known else str(Path(data).expanduser().absolute())


def chosen_size(data: str, progress: Say | None = None, **settings: object) -> int:
    """The longer side to which `data` will be decoded with these fields of `Config`: what a preset is chosen by."""
    if GIVEN.fullmatch(data):
        return int(max(_given(data, cache_root()).train.images.shape[2:]))
    known = {field.name for field in dataclasses.fields(Wishes)}
    wishes = Wishes(**{name: value for name, value in settings.items() if name in known})  # type: ignore[arg-type]
    found = understand_data(data, wishes, cache_root(), progress or (lambda _: None))
    return max(found.plan.recipe.side)


GIVEN = re.compile(r"given-[0-9a-f]{16}")  # what `keep_arrays` calls images that came as arrays


def _given(name: str, root: Path) -> Dataset:
    """Images that a program handed over, from the cache. Raises DataError: they are no longer there."""
    dataset = load(root / "datasets" / name)
    if dataset is None:
        raise DataError(
            f"the images of {name} are no longer in the cache",
            found=str(root / "datasets"),
            todo="hand them to ganscope.train again: the same images are the same data",
        )
    return dataset


def require_variety(dataset: Dataset) -> None:
    """Raises `DataError`: there is nothing to learn, because all training images are the same."""
    num = len(dataset.train.images)
    if num > 1 and dataset.num_distinct == 1:
        image = np.asarray(dataset.train.images[0])
        flat = int(image.max()) == int(image.min())
        kind = f"every pixel of every one is {int(image.max())}" if flat else "each pixel for pixel the first"
        todo = "`ganscope check` shows what was read; transparent pictures may need another --background"
        raise DataError(f"{dataset.name}: nothing to learn, all {num:,} images are the same", found=kind, todo=todo)


def decoded_folder(found: Understanding, wishes: Wishes, root: Path) -> Path:
    """Where the decoded images are kept."""
    source, layout, share = found.source, found.layout, _share(found, wishes)
    chosen = None if layout is None else [layout.names, layout.parts, layout.classes]
    settings = [
        CACHE_VERSION, source.name, source.identity, found.plan.recipe._asdict(), share, source.num_images, chosen,
        wishes.labels == "none", *(["splits none"] if wishes.splits == "none" and source.arrays else []),
    ]  # fmt: skip
    key = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:16]
    return root / "datasets" / f"{source.name}-{key}"


def _share(found: Understanding, wishes: Wishes) -> float:
    return wishes.holdout if found.source.holdout is None else found.source.holdout


def read_understood(found: Understanding, wishes: Wishes, root: Path, say: Say) -> Dataset:
    """Decode what was understood, or map what was decoded before. Raises `DataError`."""
    folder = decoded_folder(found, wishes, root)
    dataset = load(folder)
    if dataset is None:
        try:
            with building(folder) as scratch:
                _build(found, scratch, wishes, say)
        except OSError as error:
            todo = cache_advice(error)
            raise DataError(f"the decoded images cannot be kept in {root}", found=str(error), todo=todo) from error
        dataset = load(folder)
        if dataset is None:
            raise DataError(f"{folder} was damaged as soon as it was written", todo="check the disk")
    if dataset.skipped:
        say(f"left out: {_skipped_text(dataset.skipped)}")
    if found.survey and (advice := conversion(found.survey.others)):
        say(f"left out: {advice}")
    return dataclasses.replace(dataset, decisions=tuple(map(str, found.decisions)))


def _skipped_text(skipped: Sequence[tuple[str, str]]) -> str:
    """How many files cannot be read, the first, and the reasons of most."""
    name, reason = skipped[0]
    text = f"{len(skipped):,} unreadable; the first: {name}: {reason}"
    reasons = Counter(why for _, why in skipped).most_common(1)[0]
    return text if reasons[1] < 2 or reasons[0] == reason else f"{text}; {reasons[1]:,} times: {reasons[0]}"


def cache_root() -> Path:
    """`$GANSCOPE_CACHE`, else the user's cache folder."""
    value = os.environ.get("GANSCOPE_CACHE", "")
    if value:
        return Path(value).expanduser()
    import pooch

    return Path(pooch.os_cache("ganscope"))


# Decoding


def _build(found: Understanding, scratch: Path, wishes: Wishes, say: Say) -> None:
    """Decode, split and store what was understood in the folder `scratch`."""
    source, recipe = found.source, found.plan.recipe
    decoded = (
        _decode_arrays(source.arrays(), scratch, recipe, say)
        if source.arrays
        else _decode_files(found, scratch, recipe, say)
    )
    if wishes.labels == "none":
        decoded = dataclasses.replace(decoded, labels=None, class_names=())
    hashes = pixel_hashes(decoded.images, decoded.rows)
    held_out = None if wishes.splits == "none" else decoded.held_out
    if held_out is None or held_out.all() or not held_out.any():
        held_out = hold_out(hashes, decoded.labels, _share(found, wishes))
    store(scratch, source.name, decoded, held_out, hashes)


def _begun(scratch: Path, count: int, recipe: Recipe, say: Say) -> Rows:
    """The rows of `count` images, with what an earlier decoding has left of them."""
    rows = Rows(scratch, count, recipe.num_bytes())
    if rows.begun:
        say(f"an earlier decoding goes on: {rows.begun:,} of {count:,} images are there")
    return rows


def _decode_arrays(arrays: Arrays, scratch: Path, recipe: Recipe, say: Say) -> Decoded:
    """A block at a time, through a file where anything has to be changed: an array need not fit into the memory."""
    images = arrays.images.with_scale(recipe.scale)
    num, rows = len(images), np.arange(len(images))
    if images.shape[1:] == (recipe.channels, *recipe.side) and recipe.channels != 4:
        return Decoded(images, rows, arrays.labels, arrays.class_names, None, arrays.held_out, ())
    with _begun(scratch, num, recipe, say) as out:
        for start in range(0, num, BLOCK):
            if out.done[start : start + BLOCK].all():
                continue
            for row, image in enumerate(images[start : start + BLOCK], start):
                if not out.done[row]:
                    out.put(row, fit_array(image, **recipe._asdict()).tobytes())
    mapped = out.mapped((recipe.channels, *recipe.side))
    return Decoded(mapped, rows, arrays.labels, arrays.class_names, None, arrays.held_out, ())


def _decode_files(found: Understanding, scratch: Path, recipe: Recipe, say: Say) -> Decoded:
    source, layout, survey = found.source, found.layout, found.survey
    files = source.files
    assert files is not None and layout is not None and survey is not None
    names = layout.names
    with _begun(scratch, len(names), recipe, say) as out:
        failed = decode_into(files, names, out, recipe, progress=say)
    good = [i for i, name in enumerate(names) if name not in failed]
    if not good:
        name, reason = next(iter(failed.items()))
        raise DataError(f"{files.root}: no image can be read", found=f"{printable(name)}: {reason}")
    if source.num_images is not None and failed:
        raise wrong_number(len(good), source.num_images, files.root)
    images = out.mapped((recipe.channels, *recipe.side))
    classes = None if layout.classes is None else [layout.classes[i] for i in good]
    class_names = tuple(sorted(set(classes))) if classes else ()
    class_names = class_names if len(class_names) > 1 else ()
    index = {name: k for k, name in enumerate(class_names)}
    labels = np.array([index[name] for name in classes], np.int64) if classes and class_names else None
    unreadable = sorted((survey.unreadable | failed).items())
    skipped = tuple((printable(name), reason) for name, reason in unreadable)
    held_out = np.array([layout.parts[i] != TRAIN for i in good])
    kept = tuple(printable(names[i]) for i in good)
    own_test = held_out if held_out.any() else None
    return Decoded(images, np.array(good), labels, class_names, kept, own_test, skipped)


def require_outside(data: str, path: Path, todo: str) -> None:
    """Raises ConfigError: what is to be written at `path` would become part of the folder of images `data`."""
    folder = Path(data).expanduser()
    if data not in DATASETS and folder.is_dir() and path.resolve().is_relative_to(folder.resolve()):
        raise ConfigError(f"{path} lies among the images of {printable(data)}", found=str(path.resolve()), todo=todo)
