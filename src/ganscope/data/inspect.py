"""The folder doctor: what is in a data set, what is wrong with it, and which size and preset suit it.

Legend: N images, C channels, S side, T tiles. `examine` looks, `render` writes it as text, `contact_sheet` draws it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from ganscope.arraytypes import U8
from ganscope.config import auto_preset
from ganscope.data.archive import printable
from ganscope.data.cache import pixel_hashes
from ganscope.data.contact_sheet import draw_sheet
from ganscope.data.decode import GREY_MODES, Header, fit_array
from ganscope.data.duplicates import MAX_IMAGES, exact_groups, near_pairs, thumbnail
from ganscope.data.folder import MIN_PER_CLASS, decode_all, folder_labels, survey
from ganscope.data.load import DEFAULT_SIZE, MAX_OWN_SIZE, cache_root, check_settings, is_grey_array
from ganscope.data.sources import Arrays, Source, find_source  # fmt: skip
from ganscope.errors import DataError
from ganscope.progress import Say

NUM_TILES = 60
MIN_NEAR_SIZE = 32  # below, different pictures look alike to the hash
FEW_IMAGES, IMBALANCE, CUT_ASPECT = 1000, 5, 1.5
_SIDES = (0, 8, 16, 32, 64, 128, 256, 512, 1024)
_ASPECTS = (("below 1:2", 0.5), ("tall", 0.8), ("nearly square", 1.25), ("wide", 2.0), ("above 2:1", float("inf")))
_MODES = {
    "1": "black and white", "L": "grey", "LA": "grey with transparency", "I;16": "16-bit grey", "I;16B": "16-bit grey",
    "I": "32-bit grey", "F": "float grey", "P": "palette", "RGB": "colour", "RGBA": "colour with transparency",
    "CMYK": "print colours", "YCbCr": "colour", "PA": "palette with transparency",
}  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What `examine` found. Names are printable; counts are of images unless said otherwise."""

    data: str
    num_images: int  # readable
    unreadable: tuple[tuple[str, str], ...]  # (file, why)
    others: dict[str, int]  # suffix → files that are not images by their name
    formats: dict[str, int]
    modes: dict[str, int]  # Pillow's mode → images
    sizes: dict[tuple[int, int], int]  # (width, height) → images, the most frequent first
    short_sides: tuple[tuple[str, int], ...]  # histogram in powers of two
    aspects: tuple[tuple[str, int], ...]  # histogram of width / height
    grey: bool  # no image has any colour
    classes: dict[str, int]  # class → images; {} without labels
    duplicates: tuple[tuple[str, ...], ...]  # groups with identical pixels at `size`
    near_duplicates: tuple[tuple[str, str], ...] | None  # None: not looked for
    size: int  # S at which all was decoded: the asked one, else the suggested
    suggested_size: int
    suggested_preset: str
    warnings: tuple[str, ...]
    tiles: U8  # (T, C, S, S) uint8: an even sample, as the networks will see it
    captions: tuple[tuple[str, str], ...]  # of each tile: its name, its format and size


@dataclass(frozen=True)
class _Contents:
    """A data set as named headers, and a way to decode them."""

    headers: dict[str, Header]
    unreadable: dict[str, str]
    others: dict[str, int]
    grey: bool
    labels: dict[str, str]  # name → class, {} without labels
    decode: Callable[[int, int], Iterator[tuple[str, U8 | str]]]  # (size, channels) → (name, image or reason)


@dataclass
class _Looked:
    """What one pass over the pixels leaves."""

    hashes: dict[str, bytes] = field(default_factory=dict)
    thumbs: dict[str, U8] = field(default_factory=dict)
    tiles: dict[str, U8] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def examine(data: str, *, size: int | None = None, cache: Path | None = None, progress: Say | None = None) -> Report:
    """Look at every image of `data` (a name, folder, archive or array, as in `load_dataset`), decoded to `size` pixels.

    `size=None`: the suggested one. Raises `DataError` where nothing can be read, `ConfigError` for a size out of range.
    """
    say = progress or (lambda _: None)
    check_settings(size, None, 0.1)
    source = find_source(data, cache_root() if cache is None else cache, say)
    contents = _contents_of_arrays(source.arrays()) if source.arrays else _contents_of_files(source, say)
    suggested = suggest_size(list(contents.headers.values()))
    side = suggested if size is None else size
    looked = _look(contents, side)
    names = [name for name in contents.headers if name in looked.hashes]
    unreadable = sorted((contents.unreadable | looked.failed).items())
    if not names:
        name, reason = unreadable[0]
        raise DataError(f"{printable(data)}: no image can be read", found=f"{printable(name)}: {reason}")
    headers = [contents.headers[name] for name in names]
    order = {name: i for i, name in enumerate(names)}
    exact = [tuple(names[i] for i in group) for group in exact_groups([looked.hashes[name] for name in names])]
    near = _near(looked.thumbs, exact) if looked.thumbs else None
    classes = Counter(contents.labels[name] for name in names) if contents.labels else Counter[str]()
    shown = sorted(looked.tiles, key=lambda name: (contents.labels.get(name, ""), order[name]))
    return Report(
        data=printable(data),
        num_images=len(names),
        unreadable=tuple((printable(name), why) for name, why in unreadable),
        others={printable(kind): count for kind, count in contents.others.items()},
        formats=_counted(header.format for header in headers),
        modes=_counted(header.mode for header in headers),
        sizes=dict(Counter((header.width, header.height) for header in headers).most_common()),
        short_sides=_side_histogram(headers),
        aspects=_aspect_histogram(headers),
        grey=contents.grey,
        classes=dict(sorted(classes.items())),
        duplicates=tuple(tuple(map(printable, group)) for group in exact),
        near_duplicates=near,
        size=side,
        suggested_size=suggested,
        suggested_preset=auto_preset(data, suggested),
        warnings=tuple(_warnings(headers, classes, contents.grey, side, exact, near, len(unreadable))),
        tiles=np.stack([looked.tiles[name] for name in shown]),
        captions=tuple(_caption(name, contents) for name in shown),
    )


def suggest_size(headers: list[Header]) -> int:
    """A size that the networks of every preset can make.

    Where all images share one square of 8 to 128 pixels: that, or the next smaller one that can be made. Otherwise the
    largest of 8, 16, 32 and 64 that nine images in ten have without enlargement.
    """
    sides = sorted(min(header.width, header.height) for header in headers)
    side = sides[len(sides) // 10]
    same = len({(header.width, header.height) for header in headers}) == 1 and headers[0].width == headers[0].height
    known = range(MAX_OWN_SIZE, 7, -1) if same and side <= MAX_OWN_SIZE else (DEFAULT_SIZE, 32, 16, 8)
    return next((size for size in known if size <= side and _halves_well(size)), 8)


def draw_contact_sheet(report: Report, path: Path) -> Path:
    """Write the sheet of sample tiles as a PNG at `path`; returns the path. Raises `DataError` where it cannot."""
    width, height = next(iter(report.sizes))
    sizes = f"{width} × {height} pixels" if len(report.sizes) == 1 else f"{len(report.sizes):,} sizes"
    facts = [
        f"{report.num_images:,} images · {sizes} · {'grey' if report.grey else 'colour'} · "
        f"{len(report.classes) or 'no'} classes · {len(report.unreadable):,} unreadable · "
        f"shown as the networks see them at {report.size} × {report.size}"
    ]
    bad = [f"unreadable: {name}: {why}" for name, why in report.unreadable[:5]]
    page = draw_sheet(report.tiles, report.captions, title=report.data, facts=facts, warnings=[*report.warnings, *bad])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        page.save(path, "PNG")
    except OSError as error:
        raise DataError(f"the contact sheet cannot be written to {path}", found=str(error)) from error
    return path


def render(report: Report) -> str:
    """The report as text of at most about 100 columns."""
    lines = [f"{report.data}: {_images(report.num_images)} readable", ""]
    lines += _table("formats", list(report.formats.items()))
    lines += _table("modes", [(f"{mode} ({_MODES.get(mode, 'other')})", n) for mode, n in report.modes.items()])
    lines += ["  " + ("no image has any colour: 1 channel" if report.grey else "colour: 3 channels"), ""]
    top = [(f"{width} × {height}", n) for (width, height), n in list(report.sizes.items())[:5]]
    others = len(report.sizes) - len(top)
    lines += _table(f"sizes ({len(report.sizes):,} different)", top, more=others, bars=False)
    lines += _table("short side, pixels", list(report.short_sides))
    lines += _table("width : height", list(report.aspects))
    classes = sorted(report.classes.items(), key=lambda pair: -pair[1])
    more = len(classes) - 20
    lines += _table(f"classes ({len(classes):,})", classes[:20], more=more) if classes else ["no labels", ""]
    lines += _listed("unreadable", [f"{name}: {why}" for name, why in report.unreadable])
    lines += _listed("not images by their names", [f"{count:,} {kind}" for kind, count in report.others.items()])
    lines += _listed(f"identical at {report.size} pixels", [" = ".join(_few(group)) for group in report.duplicates])
    lines += _listed("nearly identical", [" ≈ ".join(pair) for pair in report.near_duplicates or ()])
    lines += [f"warning: {text}" for text in report.warnings]
    name = f"'{report.data}'" if " " in report.data else report.data
    lines += ["" if report.warnings else "nothing to warn of", "suggested:"]
    lines += [f"  ganscope train {name} --preset {report.suggested_preset} --size {report.suggested_size}"]
    return "\n".join(lines)


def _contents_of_files(source: Source, say: Say) -> _Contents:
    files = source.files
    assert files is not None
    found = survey(files, say)
    names = list(found.headers)
    classes, _ = folder_labels(names)
    labels = dict(zip(names, classes, strict=True)) if classes and source.labelled else {}

    def decode(size: int, channels: int) -> Iterator[tuple[str, U8 | str]]:
        return decode_all(files, names, size=size, channels=channels, progress=say)

    return _Contents(found.headers, found.unreadable, found.others, found.grey, labels, decode)


def _contents_of_arrays(arrays: Arrays) -> _Contents:
    num, channels, height, width = arrays.images.shape
    header = Header("array", "L" if channels == 1 else "RGB", width, height, animated=False)
    names = [f"#{i}" for i in range(num)]
    labels: dict[str, str] = {}
    if arrays.labels is not None:
        labels = {name: arrays.class_names[label] for name, label in zip(names, arrays.labels, strict=True)}

    def decode(size: int, channels: int) -> Iterator[tuple[str, U8 | str]]:
        return zip(names, map(partial(fit_array, size=size, channels=channels), arrays.images), strict=True)

    return _Contents(dict.fromkeys(names, header), {}, {}, is_grey_array(arrays.images), labels, decode)


def _look(contents: _Contents, size: int) -> _Looked:
    """Decode everything once at `size`."""
    names = sorted(contents.headers, key=lambda name: contents.labels.get(name, ""))  # stable: by class, then by name
    step = max(1.0, len(names) / NUM_TILES)
    wanted = {names[int(i * step)] for i in range(min(NUM_TILES, len(names)))}
    near = size >= MIN_NEAR_SIZE and len(names) <= MAX_IMAGES
    looked = _Looked()
    for name, image in contents.decode(size, 1 if contents.grey else 3):
        if isinstance(image, str):
            looked.failed[name] = image
            continue
        looked.hashes[name] = pixel_hashes(image[None], np.zeros(1, np.int64))[0]
        if near:
            looked.thumbs[name] = thumbnail(image)
        if name in wanted:
            looked.tiles[name] = image
    return looked


def _near(thumbs: dict[str, U8], exact: list[tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    """Pairs that are nearly and not exactly the same; one of each exact group stands for all."""
    repeated = {name for group in exact for name in group[1:]}
    names = sorted(name for name in thumbs if name not in repeated)
    pairs = near_pairs(np.stack([thumbs[name] for name in names]))
    return tuple((printable(names[i]), printable(names[j])) for i, j in pairs)


def _warnings(
    headers: list[Header], classes: Counter[str], grey: bool, size: int,
    exact: list[tuple[str, ...]], near: tuple[tuple[str, str], ...] | None, num_unreadable: int,
) -> Iterator[str]:  # fmt: skip
    num = len(headers)
    if num_unreadable:
        yield f"unreadable, left out: {_files(num_unreadable)}"
    if num < FEW_IMAGES:
        yield f"only {_images(num)}: a GAN may learn them by heart; some thousands are better"
    if extra := sum(len(group) - 1 for group in exact):
        yield f"copies of other images: {extra:,} ({extra / num:.1%}); copied images weigh more than the rest"
    if near:
        yield f"pairs that are nearly the same picture: {len(near):,}"
    if small := sum(min(header.width, header.height) < size for header in headers):
        yield f"smaller than {size} pixels, to be enlarged and soft: {_images(small)} ({small / num:.1%})"
    if cut := sum(max(h.width, h.height) > CUT_ASPECT * min(h.width, h.height) for h in headers):
        yield f"more than a third lost to the centre crop: {_images(cut)} ({cut / num:.1%})"
    if not grey and (grey_modes := sum(header.mode in GREY_MODES for header in headers)):
        yield f"grey among coloured ones: {grey_modes:,} of {_images(num)}"
    if animated := sum(header.animated for header in headers):
        yield f"animated, only the first frame is used: {_files(animated)}"
    if classes:
        (most, num_most), (least, num_least) = classes.most_common()[0], classes.most_common()[-1]
        if num_most > IMBALANCE * num_least:
            yield f"the classes are unbalanced: {most} has {num_most:,}, {least} has {num_least:,}"
        if few := sum(count < MIN_PER_CLASS for count in classes.values()):
            yield f"classes of fewer than {MIN_PER_CLASS} images: {few:,}"


def _images(count: int) -> str:
    return f"{count:,} image{'s' if count != 1 else ''}"


def _files(count: int) -> str:
    return f"{count:,} file{'s' if count != 1 else ''}"


def _halves_well(size: int) -> bool:
    """Whether a convolutional network reaches a side of 4 to 7 from `size` by halving."""
    side = size
    while side > 7 and side % 2 == 0:
        side //= 2
    return size >= 8 and 4 <= side <= 7


def _caption(name: str, contents: _Contents) -> tuple[str, str]:
    header = contents.headers[name]
    label = contents.labels.get(name)
    own = printable(name.rsplit("/", 1)[-1])
    return (f"{label} · {own}" if label else own), f"{header.format} {header.mode} {header.width}×{header.height}"


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _side_histogram(headers: list[Header]) -> tuple[tuple[str, int], ...]:
    sides = np.array([min(header.width, header.height) for header in headers])
    bins = [(f"{low}–{high - 1}", (sides >= low) & (sides < high)) for low, high in pairwise(_SIDES)]
    bins.append((f"{_SIDES[-1]} and more", sides >= _SIDES[-1]))
    return tuple((label, int(inside.sum())) for label, inside in bins if inside.any())


def _aspect_histogram(headers: list[Header]) -> tuple[tuple[str, int], ...]:
    counts = Counter(
        "square" if h.width == h.height else next(label for label, top in _ASPECTS if h.width / h.height <= top)
        for h in headers
    )
    order = ["square", *(label for label, _ in _ASPECTS)]
    return tuple((label, counts[label]) for label in order if counts[label])


def _table(title: str, rows: list[tuple[str, int]], *, more: int = 0, bars: bool = True) -> list[str]:
    """Lines of label, count and bar, the longest bar 30 wide."""
    width = max(len(label) for label, _ in rows)
    greatest = max(count for _, count in rows)
    lines = [title]
    for label, count in rows:
        bar = "█" * max(1, round(30 * count / greatest)) if bars else ""
        lines.append(f"  {label:<{width}}  {count:>9,}  {bar}".rstrip())
    return [*lines, *([f"  and {more:,} more"] if more > 0 else []), ""]


def _listed(title: str, rows: list[str], limit: int = 10) -> list[str]:
    more = [f"  and {len(rows) - limit:,} more"] if len(rows) > limit else []
    return [f"{title}: {len(rows):,}", *(f"  {row}" for row in rows[:limit]), *more, ""] if rows else []


def _few(group: tuple[str, ...]) -> list[str]:
    return [*group[:3], f"and {len(group) - 3:,} more"] if len(group) > 4 else list(group)
