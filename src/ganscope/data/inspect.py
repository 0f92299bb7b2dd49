"""The folder doctor: what is in a data set, what is wrong with it, and how it will be trained on.

Legend: N images, C channels, H height, W width, T tiles. `examine` looks, `render` writes it as text,
`draw_contact_sheet` draws it. What is looked at is the data set that `train` takes, decoded as it will be there.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.arraytypes import U8
from ganscope.config import auto_preset
from ganscope.data.archive import printable
from ganscope.data.cache import pixel_hashes
from ganscope.data.contact_sheet import draw_sheet
from ganscope.data.conversions import conversion
from ganscope.data.dataset import Dataset
from ganscope.data.decode import GREY_MODES, Header
from ganscope.data.duplicates import MAX_IMAGES, exact_groups, near_pairs, thumbnail
from ganscope.data.fit import Size
from ganscope.data.folder import decode_all
from ganscope.data.layout import MIN_PER_CLASS
from ganscope.data.load import cache_root, decoded_folder, read_understood
from ganscope.data.plan import CUT_ASPECT, Wishes
from ganscope.data.understanding import Understanding, understand_data
from ganscope.errors import DataError
from ganscope.files import advice
from ganscope.progress import Say

NUM_TILES = 60
MIN_NEAR_SIZE = 32  # below, different pictures look alike to the hash
FEW_IMAGES, IMBALANCE = 1000, 5
_FITS = ("crop", "pad", "stretch")
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
    num_images: int  # readable, and of the set
    num_held_out: int  # of these
    unreadable: tuple[tuple[str, str], ...]  # (file, why)
    left_out: dict[str, int]  # why → readable images that are not of the set
    others: dict[str, int]  # suffix → files that are not images by their name
    formats: dict[str, int]
    modes: dict[str, int]  # Pillow's mode → images
    sizes: dict[tuple[int, int], int]  # (width, height) → images, the most frequent first
    short_sides: tuple[tuple[str, int], ...]  # histogram in powers of two
    aspects: tuple[tuple[str, int], ...]  # histogram of width / height
    grey: bool  # no image has any colour
    channels: int
    classes: dict[str, int]  # class → images; {} without labels
    duplicates: tuple[tuple[str, ...], ...]  # groups with identical pixels at `size`
    near_duplicates: tuple[tuple[str, str], ...] | None  # None: not looked for
    size: Size  # (H, W) to which all was decoded
    suggested_size: int  # the longer side of it
    suggested_preset: str
    decisions: tuple[str, ...]  # what was decided, why, and the option that decides otherwise
    options: str  # what was asked for, to be asked for again in training
    warnings: tuple[str, ...]
    tiles: U8  # (T, C, H, W) uint8: a random sample, as the networks will see it
    captions: tuple[tuple[str, str], ...]  # of each tile: its name, its format and size
    fits: tuple[tuple[str, U8], ...]  # the same odd-shaped picture in each way of fitting it; () where all are square


def examine(
    data: str, *, size: int | Size | None = None, cache: Path | None = None, progress: Say | None = None,
    **wishes: Any,
) -> Report:  # fmt: skip
    """Look at every image of `data` (a name, folder, archive or array) as `load_dataset` with the same wishes reads it.

    Raises `DataError` where nothing can be read, `ConfigError` for a wish that cannot be met.
    """
    say = progress or (lambda _: None)
    root = cache_root() if cache is None else cache
    wanted = Wishes(size=size, **wishes)
    found = understand_data(data, wanted, root, say)
    dataset = read_understood(found, wanted, root, say)
    images = _Everything(dataset, found)
    recipe = found.plan.recipe
    exact, near = _kept_twins(images, min(recipe.side), decoded_folder(found, wanted, root))
    names = images.names
    headers = images.headers
    classes = Counter(images.classes) if images.classes else Counter[str]()
    suggested = max(recipe.side)
    shown = images.sample(NUM_TILES)
    tiles = np.stack([images.image(i) for i in shown])
    unreadable = dataset.skipped
    return Report(
        data=printable(data),
        num_images=len(names),
        num_held_out=len(dataset.test.images),
        unreadable=unreadable,
        left_out=dict(Counter(found.layout.left_out.values()).most_common()) if found.layout else {},
        others={printable(kind): count for kind, count in found.survey.others.items()} if found.survey else {},
        formats=_counted(header.format for header in headers),
        modes=_counted(header.mode for header in headers),
        sizes=dict(found.facts.sizes.most_common()),
        short_sides=_side_histogram(found.facts.sizes),
        aspects=_aspect_histogram(found.facts.sizes),
        grey=found.facts.grey,
        channels=recipe.channels,
        classes=dict(sorted(classes.items())),
        duplicates=tuple(tuple(names[i] for i in group) for group in exact),
        near_duplicates=None if near is None else tuple((names[i], names[j]) for i, j in near),
        size=recipe.side,
        suggested_size=suggested,
        suggested_preset=auto_preset(data, suggested),
        decisions=tuple(map(str, found.decisions)),
        options=_options(wanted),
        warnings=tuple(_warnings(found, headers, classes, recipe.side, exact, near, unreadable, tiles)),
        tiles=tiles,
        captions=tuple(images.caption(i) for i in shown),
        fits=_shown_fits(found),
    )


class _Everything:
    """Both parts of a data set as one, in the order of their source."""

    def __init__(self, dataset: Dataset, found: Understanding) -> None:
        parts = [dataset.train, dataset.test]
        if list(_rows(dataset.train)) == list(_rows(dataset.test)):
            parts = parts[:1]  # a single image is both parts
        places = [(row, part, i) for part in parts for i, row in enumerate(_rows(part))]
        self._places = [(part, i) for _, part, i in sorted(places, key=lambda place: place[0])]
        named = all(part.names is not None for part in parts)
        self.names = [part.names[i] if named and part.names else f"#{n}" for n, (part, i) in enumerate(self._places)]
        self.classes = (
            [part.class_names[part.labels[i]] for part, i in self._places if part.labels is not None]
            if all(part.labels is not None for part in parts)
            else []
        )
        if found.survey is not None and found.layout is not None:
            known = {printable(name): found.survey.headers[name] for name in found.layout.names}
            self.headers = [known[name] for name in self.names]
        else:
            width, height = next(iter(found.facts.sizes))
            mode = "L" if found.facts.grey else "RGB"
            self.headers = [Header("array", mode, width, height, animated=False)] * len(self.names)

    def __len__(self) -> int:
        return len(self._places)

    def image(self, i: int) -> U8:
        part, row = self._places[i]
        return np.asarray(part.images[row])

    def sample(self, num: int) -> list[int]:
        """A random choice, the same every time, by class and then in order."""
        chosen = random.Random(0).sample(range(len(self)), min(num, len(self)))
        return sorted(chosen, key=lambda i: (self.classes[i] if self.classes else "", i))

    def caption(self, i: int) -> tuple[str, str]:
        header, own = self.headers[i], self.names[i].rsplit("/", 1)[-1]
        what = f"{self.classes[i]} · {own}" if self.classes else own
        return what, f"{header.format} {header.mode} {header.width}×{header.height}"


def _rows(part: Any) -> Iterable[int]:
    return range(len(part.images)) if part.rows is None else part.rows.tolist()


def _kept_twins(images: _Everything, side: int, folder: Path) -> tuple[list[list[int]], list[tuple[int, int]] | None]:
    """Groups of identical and pairs of nearly identical images, kept beside the decoded ones."""
    path = folder / "twins.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        near = record["near"]
        return [list(map(int, group)) for group in record["exact"]], (
            None if near is None else [(int(i), int(j)) for i, j in near]
        )
    except (OSError, ValueError, KeyError, TypeError):
        pass
    wanted = side >= MIN_NEAR_SIZE and len(images) <= MAX_IMAGES
    hashes, thumbs = [], []
    for i in range(len(images)):
        image = images.image(i)
        hashes.append(pixel_hashes(image[None], np.zeros(1, np.int64))[0])
        if wanted:
            thumbs.append(thumbnail(image))
    exact = exact_groups(hashes)
    found = None
    if wanted:
        repeated = {i for group in exact for i in group[1:]}
        kept = [i for i in range(len(images)) if i not in repeated]
        found = [(kept[i], kept[j]) for i, j in near_pairs(np.stack([thumbs[i] for i in kept]))]
    temporary = path.with_name(".twins.tmp")
    try:
        temporary.write_text(json.dumps({"exact": exact, "near": found}), encoding="utf-8")
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
    return exact, found


def _shown_fits(found: Understanding) -> tuple[tuple[str, U8], ...]:
    """The picture whose shape is oddest, cut, padded and stretched."""
    recipe, files, layout, survey = found.plan.recipe, found.source.files, found.layout, found.survey
    if files is None or layout is None or survey is None:
        return ()
    height, width = recipe.side

    def oddness(name: str) -> float:
        ratio = survey.headers[name].width * height / (survey.headers[name].height * width)
        return max(ratio, 1 / ratio)

    odd = sorted((name for name in layout.names if oddness(name) > 1.02), key=oddness)
    if not odd:
        return ()
    name = odd[len(odd) // 2]
    shown = []
    for fit in _FITS:
        for _, image in decode_all(files, [name], recipe._replace(fit=fit)):
            if not isinstance(image, str):
                shown.append((fit, image))
    return tuple(shown)


def _options(wishes: Wishes) -> str:
    """The wishes as options of the command line, the size apart."""
    given = []
    for name in ("channels", "fit", "background", "value_range", "labels", "label_column", "splits", "only", "every"):
        value = getattr(wishes, name)
        if value not in (None, "auto"):
            text = str(value)
            given.append(f"--{name.replace('_', '-')} {text if text.isalnum() else repr(text)}")
    if wishes.holdout != Wishes().holdout:
        given.append(f"--holdout {wishes.holdout:g}")
    return " ".join(given)


def draw_contact_sheet(report: Report, path: Path) -> Path:
    """Write the sheet of sample tiles as a PNG at `path`; returns the path. Raises `DataError` where it cannot."""
    width, height = next(iter(report.sizes))
    sizes = f"{width} × {height} pixels" if len(report.sizes) == 1 else f"{len(report.sizes):,} sizes"
    facts = [
        f"{report.num_images:,} images, {report.num_held_out:,} of them held out · {sizes} · "
        f"{'grey' if report.grey else 'colour'} · {len(report.classes) or 'no'} classes · "
        f"{len(report.unreadable):,} unreadable · shown as the networks see them at {_side_text(report.size)}",
        *report.decisions,
    ]
    bad = [f"unreadable: {name}: {why}" for name, why in report.unreadable[:5]]
    tiles, captions = list(report.tiles), list(report.captions)
    for fit, tile in reversed(report.fits):
        tiles.insert(0, tile)
        captions.insert(0, (f"--fit {fit}", "the same picture"))
    page = draw_sheet(tiles, captions, title=report.data, facts=facts, warnings=[*report.warnings, *bad])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        page.save(path, "PNG")
    except OSError as error:
        todo = f"{advice(error, 'free some space')} (--sheet)"
        raise DataError(f"the contact sheet cannot be written to {path}", found=str(error), todo=todo) from error
    return path


def render(report: Report) -> str:
    """The report as text of at most about 100 columns."""
    kept = report.num_images - report.num_held_out if report.num_images > 1 else 1
    lines = [
        f"{report.data}: {_images(report.num_images)} readable, {kept:,} to train on and "
        f"{report.num_held_out:,} held out, at {_side_text(report.size)} pixels",
        "",
    ]
    lines += _listed("decided", list(report.decisions), counted=False)
    lines += _table("formats", list(report.formats.items()))
    lines += _table("modes", [(f"{mode} ({_MODES.get(mode, 'other')})", n) for mode, n in report.modes.items()])
    colour = {1: "1 channel", 3: "3 channels", 4: "4 channels, the last is opacity"}[report.channels]
    lines += ["  " + (f"no image has any colour: {colour}" if report.grey else f"colour: {colour}"), ""]
    top = [(f"{width} × {height}", n) for (width, height), n in list(report.sizes.items())[:5]]
    others = len(report.sizes) - len(top)
    lines += _table(f"sizes ({len(report.sizes):,} different)", top, more=others, bars=False)
    lines += _table("short side, pixels", list(report.short_sides))
    lines += _table("width : height", list(report.aspects))
    classes = sorted(report.classes.items(), key=lambda pair: -pair[1])
    more = len(classes) - 20
    lines += _table(f"classes ({len(classes):,})", classes[:20], more=more) if classes else ["no labels", ""]
    lines += _listed("unreadable", [f"{name}: {why}" for name, why in report.unreadable])
    lines += _listed("left out", [f"{count:,}: {why}" for why, count in report.left_out.items()], counted=False)
    lines += _listed("other files", [f"{count:,} {kind}" for kind, count in report.others.items()], counted=False)
    lines += _listed(
        f"identical at {_side_text(report.size)} pixels", [" = ".join(_few(group)) for group in report.duplicates]
    )
    lines += _listed("nearly identical", [" ≈ ".join(pair) for pair in report.near_duplicates or ()])
    lines += [f"warning: {text}" for text in report.warnings]
    name = f"'{report.data}'" if " " in report.data else report.data
    height, width = report.size
    size = str(height) if height == width else f"{height}x{width}"
    command = f"  ganscope train {name} --preset {report.suggested_preset} --size {size} {report.options}"
    return "\n".join([*lines, *([] if report.warnings else ["nothing to warn of"]), "suggested:", command.rstrip()])


def _warnings(
    found: Understanding, headers: list[Header], classes: Counter[str], size: Size, exact: list[list[int]],
    near: list[tuple[int, int]] | None, unreadable: tuple[tuple[str, str], ...], tiles: U8,
) -> Iterator[str]:  # fmt: skip
    num = len(headers)
    extra = sum(len(group) - 1 for group in exact)
    if num > 1 and extra == num - 1:
        yield "all images are the same: there is nothing to learn, and training refuses them"
    if unreadable:
        why, count = Counter(reason for _, reason in unreadable).most_common(1)[0]
        yield f"unreadable, left out: {_files(len(unreadable))}" + (f"; {count:,} times: {why}" if count > 1 else "")
    if len(np.unique(tiles)) == 2:
        yield "only two values occur, as black and white: a generator draws greys between them, by which it is told"
    if found.survey and (advice := conversion(found.survey.others)):
        yield f"not read: {advice}"
    if num < FEW_IMAGES:
        yield f"only {_images(num)}: a GAN may learn them by heart; some thousands are better"
    if extra:
        yield f"copies of other images: {extra:,} ({extra / num:.1%}); copied images weigh more than the rest"
    if near:
        yield f"pairs that are nearly the same picture: {len(near):,}"
    sizes, (height, width) = found.facts.sizes, size
    if small := sum(n for (w, h), n in sizes.items() if min(w / width, h / height) < 1):
        yield f"smaller than {_side_text(size)} pixels, to be enlarged and soft: {_images(small)} ({small / num:.1%})"
    cut = sum(n for (w, h), n in sizes.items() if max(w * height, h * width) > CUT_ASPECT * min(w * height, h * width))
    if cut and found.plan.recipe.fit == "crop":
        yield f"more than a third lost to the centre crop: {_images(cut)} ({cut / num:.1%})"
    if not found.facts.grey and (grey_modes := sum(header.mode in GREY_MODES for header in headers)):
        yield f"grey among coloured ones: {grey_modes:,} of {_images(num)}"
    if animated := sum(header.animated for header in headers):
        yield f"animated or of many pages, only the first frame is used: {_files(animated)}; split them for the others"
    if classes:
        (most, num_most), (least, num_least) = classes.most_common()[0], classes.most_common()[-1]
        if num_most > IMBALANCE * num_least:
            yield f"the classes are unbalanced: {most} has {num_most:,}, {least} has {num_least:,}"
        if few := sum(count < MIN_PER_CLASS for count in classes.values()):
            yield f"classes of fewer than {MIN_PER_CLASS} images: {few:,}"


def _side_text(size: Size) -> str:
    return f"{size[0]} × {size[1]}" if size[0] != size[1] else str(size[0])


def _images(count: int) -> str:
    return f"{count:,} image{'s' if count != 1 else ''}"


def _files(count: int) -> str:
    return f"{count:,} file{'s' if count != 1 else ''}"


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _side_histogram(sizes: Counter[tuple[int, int]]) -> tuple[tuple[str, int], ...]:
    """Of the short sides; `sizes` are (width, height)."""
    bins = [(f"{low}–{high - 1}", low, high) for low, high in pairwise(_SIDES)]
    bins.append((f"{_SIDES[-1]} and more", _SIDES[-1], 2**62))
    counts = [(label, sum(n for pair, n in sizes.items() if low <= min(pair) < high)) for label, low, high in bins]
    return tuple((label, count) for label, count in counts if count)


def _aspect_histogram(sizes: Counter[tuple[int, int]]) -> tuple[tuple[str, int], ...]:
    counts = Counter[str]()
    for (width, height), num in sizes.items():
        label = next(label for label, top in _ASPECTS if width / height <= top)
        counts["square" if width == height else label] += num
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


def _listed(title: str, rows: list[str], limit: int = 10, counted: bool = True) -> list[str]:
    title = f"{title}: {len(rows):,}" if counted else title
    more = [f"  and {len(rows) - limit:,} more"] if len(rows) > limit else []
    return [title, *(f"  {row}" for row in rows[:limit]), *more, ""] if rows else []


def _few(group: tuple[str, ...]) -> list[str]:
    return [*group[:3], f"and {len(group) - 3:,} more"] if len(group) > 4 else list(group)
