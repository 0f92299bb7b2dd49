"""What the files of a data set are before any is decoded: sizes, colour, depth, transparency; kept from run to run.

Legend: N images. One pass reads every header; a second looks into the pixels of deep images, and into a sample of the
others where there is transparency or a shape to fit.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import threading
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.data.archive import printable
from ganscope.data.conversions import conversion
from ganscope.data.decode import Header, background_facts, is_grey, read_header, value_range
from ganscope.data.folder import ImageFiles, Item, in_pool, reporter
from ganscope.errors import DataError
from ganscope.progress import Say

SURVEY_VERSION = 2  # raised whenever the facts below change
NUM_SAMPLED = 400  # images whose transparency and rims are looked at


@dataclass(frozen=True)
class Values:
    """The range of deep pixels over the whole set."""

    low: float
    high: float
    floats: bool
    num_images: int
    holes: int = 0  # values of arrays that are NaN or infinite


@dataclass(frozen=True)
class Backdrop:
    """What a sample of the images shows of transparency and rims. Shares are of the sampled images."""

    num: int = 0
    transparent: int = 0  # have a pixel that can be seen through
    lost: dict[str, float] = field(default_factory=dict)  # colour → share of the transparent that vanish on it
    rim: float = 0.0  # mean grey level of the outermost pixels of those that are opaque, 0 to 255


@dataclass(frozen=True)
class Facts:
    """What is decided from, whether the data are files or arrays."""

    sizes: Counter[tuple[int, int]]  # (width, height) → images
    grey: bool  # no image has any colour
    values: Values | None = None  # None: 8 bits
    backdrop: Backdrop = Backdrop()
    notes: tuple[tuple[str, str, str], ...] = ()  # what was decided about arrays: the fields of Decision


@dataclass(frozen=True)
class Survey:
    """What the headers say of files, and what a look into the pixels adds."""

    headers: dict[str, Header]  # readable files, sorted by name
    unreadable: dict[str, str]  # file → reason
    grey: bool  # no image has any colour
    others: dict[str, int]  # suffix → number of files that are not images by their name
    documents: tuple[str, ...] = ()  # files that may hold labels
    values: Values | None = None
    backdrop: Backdrop = Backdrop()

    def facts(self, names: tuple[str, ...]) -> Facts:
        """Of the images `names` alone, where that can be told apart."""
        sizes = Counter((self.headers[name].width, self.headers[name].height) for name in names)
        return Facts(sizes, self.grey, self.values, self.backdrop)


def kept_survey(files: ImageFiles, identity: list[Any], cache: Path, progress: Say | None = None) -> Survey:
    """The survey of these files, from the cache where it was made before. A full cache is no error."""
    path = cache / "surveys" / f"{_key(identity)}.json"
    try:
        return _from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    found = survey(files, progress)
    _keep(path, _to_json(found))
    return found


def kept_facts(identity: list[Any], cache: Path, look: Callable[[], Facts]) -> Facts:
    """The facts of arrays, from the cache where they were found before."""
    path = cache / "surveys" / f"{_key(['arrays', *identity])}.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        sizes = Counter({(int(width), int(height)): int(count) for width, height, count in record["sizes"]})
        values = None if record["values"] is None else Values(**record["values"])
        notes = tuple((str(what), str(why), str(option)) for what, why, option in record["notes"])
        return Facts(sizes, bool(record["grey"]), values, Backdrop(**record["backdrop"]), notes)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    found = look()
    record = {"sizes": [[*size, count] for size, count in found.sizes.items()], "grey": found.grey}
    record["values"] = None if found.values is None else dataclasses.asdict(found.values)
    _keep(path, record | {"backdrop": dataclasses.asdict(found.backdrop), "notes": found.notes})
    return found


def _key(identity: list[Any]) -> str:
    return hashlib.sha256(json.dumps([SURVEY_VERSION, identity]).encode()).hexdigest()[:16]


def _keep(path: Path, record: dict[str, Any]) -> None:
    """Write a record whole or not at all; a cache that cannot be written is no error."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(record), encoding="utf-8")
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def survey(files: ImageFiles, progress: Say | None = None) -> Survey:
    """Read every header. Raises `DataError` for an archive that is damaged as a whole, or where nothing is an image."""
    colour_seen = False
    headers: dict[str, Header] = {}
    unreadable: dict[str, str] = {}

    def look(item: Item) -> tuple[str, Header | str]:
        nonlocal colour_seen  # written by many threads, always to the same value: the order does not matter
        name, source = item
        try:
            if isinstance(source, DataError):
                raise source
            header = read_header(source)
            if not colour_seen and not is_grey(source):
                colour_seen = True
            return name, header
        except DataError as error:
            return name, error.what

    texts = Counter[str]()
    for name, found in in_pool(files.items(), look, reporter(progress, "looking at", None)):
        if isinstance(found, Header):
            headers[name] = found
        elif found.startswith("not an image") and "." not in name.rsplit("/", 1)[-1]:
            texts[name.rsplit("/", 1)[-1]] += 1  # LICENSE, README: tried because they might have been images
        else:
            unreadable[name] = found
    others = files.others + texts
    if not headers:
        raise nothing_found(files, unreadable, others)
    ordered = dict(sorted(headers.items(), key=lambda pair: os.fsencode(pair[0])))
    documents = tuple(sorted(files.documents))
    values, unreadable_deep = _values(files, ordered, progress)
    for name, reason in unreadable_deep.items():
        unreadable[name] = reason
        del ordered[name]
    if not ordered:
        raise nothing_found(files, unreadable, others)
    backdrop = _backdrop(files, ordered)
    return Survey(
        ordered, dict(sorted(unreadable.items())), not colour_seen, dict(others.most_common()), documents, values,
        backdrop,
    )  # fmt: skip


def _values(
    files: ImageFiles, headers: dict[str, Header], progress: Say | None
) -> tuple[Values | None, dict[str, str]]:
    """The range of all deep pixels; and the deep images that cannot be read, with reasons."""
    deep = {name for name, header in headers.items() if header.deep}
    if not deep:
        return None, {}

    def look(item: Item) -> tuple[str, tuple[float, float, bool] | str]:
        name, source = item
        try:
            return name, "cannot be read" if isinstance(source, DataError) else value_range(source)
        except DataError as error:
            return name, error.what

    items = (item for item in files.items() if item[0] in deep)
    found = dict(in_pool(items, look, reporter(progress, "measuring", len(deep))))
    good = [value for value in found.values() if not isinstance(value, str)]
    failed = {name: reason for name, reason in found.items() if isinstance(reason, str)}
    if not good:
        return None, failed
    low, high = min(value[0] for value in good), max(value[1] for value in good)
    return Values(low, high, any(value[2] for value in good), len(good)), failed


def _backdrop(files: ImageFiles, headers: dict[str, Header]) -> Backdrop:
    """A look at a sample of the images that may be transparent, or, where none is, that are not square."""
    odd = [name for name, header in headers.items() if header.alpha]
    odd = odd or [name for name, header in headers.items() if header.width != header.height and not header.deep]
    if not odd:
        return Backdrop()
    # Which are looked at depends on their names alone, so that an archive and a folder of the same files agree.
    sample = set(sorted(odd, key=lambda name: zlib.crc32(os.fsencode(name)))[:NUM_SAMPLED])

    def look(item: Item) -> tuple[bool, dict[str, bool], float] | None:
        try:
            return None if isinstance(item[1], DataError) else background_facts(item[1])
        except DataError:
            return None  # its reason is found when it is decoded

    items = (item for item in files.items() if item[0] in sample)
    found = [facts for facts in in_pool(items, look) if facts is not None]
    return backdrop_of(found)


def backdrop_of(found: list[tuple[bool, dict[str, bool], float]]) -> Backdrop:
    """The sum of what `background_facts` says of single images."""
    clear = [lost for transparent, lost, _ in found if transparent]
    shares = {name: sum(lost[name] for lost in clear) / len(clear) for name in clear[0]} if clear else {}
    rims = [rim for transparent, _, rim in found if not transparent]
    return Backdrop(len(found), len(clear), shares, float(np.mean(rims)) if rims else 0.0)


def nothing_found(files: ImageFiles, unreadable: dict[str, str], others: Counter[str]) -> DataError:
    advice = ""
    if unreadable:
        name, reason = next(iter(unreadable.items()))
        found = f"{len(unreadable):,} files, none readable; the first: {printable(name)}: {reason}"
        advice = "unpack it with its password, and give the folder" if reason == "encrypted" else ""
    elif others:
        kinds = ", ".join(f"{count:,} {printable(kind)}" for kind, count in others.most_common(5))
        found = f"files of other kinds: {kinds}"
        advice = conversion(dict(others))
    else:
        found = "no files"
    todo = (
        advice
        or "give a folder or archive of images (JPEG, PNG, GIF, BMP, WebP, TIFF, …), or an .npz or IDX file by its path"
    )
    return DataError(f"{printable(str(files.root))} holds no image that can be read", found=found, todo=todo)


def _to_json(found: Survey) -> dict[str, Any]:
    record = {key: getattr(found, key) for key in ("unreadable", "grey", "others", "documents")}
    record["headers"] = [[name, *dataclasses.astuple(header)] for name, header in found.headers.items()]
    record["values"] = None if found.values is None else dataclasses.asdict(found.values)
    record["backdrop"] = dataclasses.asdict(found.backdrop)
    return record


def _from_json(record: dict[str, Any]) -> Survey:
    return Survey(
        {str(name): Header(*rest) for name, *rest in record["headers"]},
        dict(record["unreadable"]),
        bool(record["grey"]),
        dict(record["others"]),
        tuple(record["documents"]),
        None if record["values"] is None else Values(**record["values"]),
        Backdrop(**record["backdrop"]),
    )
