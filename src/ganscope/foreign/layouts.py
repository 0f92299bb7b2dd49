"""Whose files lie in a folder: the pictures by moment, the numbers, and what is known of the trainer that wrote them.

Only names and sizes of pictures are looked at here, and small text files. A `.pkl` runs code when it is loaded, and a
`.pth` may: neither is ever opened.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganscope.errors import DataError
from ganscope.foreign import numbers
from ganscope.foreign.names import UNITS, files_below, may_be_samples, numbered_pictures
from ganscope.foreign.numbers import Row

EPOCH_IMAGES = 1000  # where nobody says how many images an epoch has
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json")
LOOKED_AT = 200  # files of numbers


class NothingYetError(DataError):
    """A folder in which nothing lies yet that could be read: its training may not have begun."""


@dataclass
class Found:
    """What lies in a folder.

    Attributes:
        trainer: as pages name it. moments: `(images_seen, files)`, oldest first. reals: a sheet of real images.
        data: the training data that the options name, where it is on this machine. side: pixels of an image, if known.
        rows, metrics: numbers by images seen. num_images: of its training data.
        fixed: whether the latents are the same every time.
        said: what a reader should know of all that. several: whether other trainings lie beside this one.
    """

    trainer: str
    folder: Path
    moments: list[tuple[int, list[Path]]] = field(default_factory=list)
    reals: Path | None = None
    data: str | None = None
    side: int | None = None
    rows: list[Row] = field(default_factory=list)
    metrics: list[Row] = field(default_factory=list)
    objective: str = "unknown"
    batch_size: int | None = None
    num_images: int | None = None
    fixed: bool = True
    said: list[str] = field(default_factory=list)
    several: bool = False
    counted: tuple[str, dict[float, list[Path]]] = ("images", {})  # what the names count, and the files at each count


@dataclass(frozen=True)
class Clock:
    """Images seen at a number of epochs, steps, or thousands of images."""

    images_per_epoch: int | None
    batch_size: int | None
    first: float = 0.0  # the smallest number of an epoch: those that count from 0 name the epoch that has ended

    def images(self, unit: str, value: float, first: float | None = None) -> int:
        """`first`: the smallest number of what is counted, where that is not this clock's."""
        kind = UNITS.get(unit.lower(), "epoch" if unit == "row" else unit.lower())
        if kind == "kimg":
            return round(1000 * value)
        if kind in ("epoch", "passes"):
            ended = kind == "epoch" and (self.first if first is None else first) == 0
            return round((value + ended) * (self.images_per_epoch or EPOCH_IMAGES))
        return round(value * (self.batch_size or 1)) if kind == "step" else round(value)


def find(
    folder: Path,
    *,
    pattern: str | None = None,
    scalars: Path | None = None,
    images_per_epoch: int | None = None,
    batch_size: int | None = None,
) -> Found:
    """What lies in `folder`.

    Args:
        pattern: where the pictures lie, as `out/{epoch}.png`; the name in braces says what the number counts (epoch,
            step, kimg, images), and `*` stands for anything.

    Raises:
        NothingYetError: no such folder beside others, or no picture and no file of numbers in it.
        DataError: no folder can be there, or nothing in it is known.
    """
    if not folder.is_dir():
        kind = NothingYetError if not os.path.lexists(folder) and folder.absolute().parent.is_dir() else DataError
        raise kind(
            f"there is no folder {folder}" if kind is NothingYetError else f"{folder} is no folder",
            todo="name the folder that the other trainer writes into",
        )
    found = None
    if pattern:
        found = _by_pattern(folder, pattern)
    else:
        known = images_per_epoch and batch_size
        for look in (_stylegan, _dcgan, _keras, _lightweight):
            found = look(folder)
            if found is not None:
                break
        else:
            found = _numbered(folder, batch_size / images_per_epoch if known else None)  # type: ignore[operator]
    if found is None:
        found = Found("another trainer", folder)
    unit, counted = found.counted
    clock = Clock(images_per_epoch or found.num_images, batch_size or found.batch_size, float(min(counted, default=0)))
    if counted:
        moments: dict[int, list[Path]] = {}
        for value, paths in sorted(counted.items()):
            moments.setdefault(clock.images(unit, value), []).extend(sorted(paths))
        found.moments = sorted(moments.items())
        if unit in ("epoch", "passes") and images_per_epoch is None:
            found.said.append(f"an epoch counts as {EPOCH_IMAGES:,} images: name the real ones with --reals")
        if unit == "step" and clock.batch_size is None:
            found.said.append("a step counts as one image: --batch-size says how many it has")
    _read_numbers(found, folder, scalars, clock)
    if not (found.moments or found.rows or found.metrics):
        raise _unknown(folder)(
            f"{folder} holds no pictures or numbers of a training that is known",
            found=", ".join(sorted(path.name for path in folder.iterdir())[:6]) or "an empty folder",
            todo="say where they are: --pattern 'out/{epoch}.png' --grid 8x8+2, --scalars FILE.csv",
        )
    return found


def _unknown(folder: Path) -> type[DataError]:
    """The error of a folder in which nothing is known: other where samples or numbers of another kind lie in it, than
    where there is only what trainers write before they begin: options, real samples, the head of a table."""
    likely = may_be_samples(folder)
    begun = any(path.suffix.lower() in (".csv", ".tsv", ".jsonl") and _has_rows(path) for path in files_below(folder))
    return DataError if likely or begun else NothingYetError


def _has_rows(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2**16).strip().count(b"\n") > 0
    except OSError:
        return False


def _counted(found: Found, unit: str, moments: dict[float, list[Path]]) -> Found:
    found.counted = (unit, moments)
    return found


def _matching(paths: Iterable[Path], expression: str) -> dict[Path, re.Match[str]]:
    wanted = re.compile(expression, re.I)
    return {path: match for path in paths if (match := wanted.fullmatch(path.name)) is not None}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _stylegan(folder: Path) -> Found | None:
    """StyleGAN2-ADA, 3, R3GAN, Projected GAN and their family."""
    sheets = _matching(_files(folder), r"fakes(init|_init|\d{6}|\d{9})\.(?:png|jpg)")
    options_path, stats = folder / "training_options.json", folder / "stats.jsonl"
    if not (sheets or stats.is_file()):
        return None
    options = _options(options_path)
    nine = any(len(match[1]) == 9 for match in sheets.values())
    kind = str((options.get("loss_kwargs") or {}).get("class_name", ""))
    if nine or "r3gan" in kind.lower():
        found = Found("R3GAN", folder, objective="relativistic")
    elif "Projected" in kind or "ProjectedGAN" in str(options.get("loss_kwargs")):
        found = Found("Projected GAN", folder, objective="hinge")
    else:
        newer = any(word in json.dumps(options) for word in ("networks_stylegan3", "networks_stylegan2"))
        found = Found("StyleGAN3" if newer else "StyleGAN2-ADA", folder, objective="non-saturating")
    data = options.get("training_set_kwargs")
    data = data if isinstance(data, dict) else {}
    found.side = data.get("resolution") if isinstance(data.get("resolution"), int) else None
    path = data.get("path")
    found.data = path if isinstance(path, str) and Path(path).exists() else None
    if isinstance(path, str) and found.data is None:
        found.said.append(f"its training data are not here ({Path(path).name}): name them with --reals")
    found.batch_size = options.get("batch_size") if isinstance(options.get("batch_size"), int) else None
    found.num_images = data.get("max_size") if isinstance(data.get("max_size"), int) else None
    if options.get("resume_pkl"):
        found.said.append("it began from another training's weights")
    reals = folder / "reals.png"
    found.reals = reals if reals.is_file() else None
    moments = {0.0 if "init" in m[1] else float(int(m[1])): [path] for path, m in sheets.items()}
    return _counted(found, "kimg", moments)


def _options(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(numbers.text_of(path))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _dcgan(folder: Path) -> Found | None:
    """PyTorch's DCGAN example and its copies."""
    sheets = _matching(_files(folder), r"fake_samples?_?(epoch|step|iter|iteration)?_?(\d+)\.(?:png|jpe?g)")
    if not sheets:
        return None
    found = Found("DCGAN example", folder, objective="non-saturating")
    reals = [path for name in ("real_samples.png", "real_samples.jpg") if (path := folder / name).is_file()]
    found.reals = reals[0] if reals else None
    unit = next(iter(sheets.values()))[1] or "epoch"
    return _counted(found, unit.lower(), {float(int(match[2])): [path] for path, match in sheets.items()})


def _keras(folder: Path) -> Found | None:
    """Keras' `GANMonitor`: `generated_img_003_7.png`, picture 3 of epoch 7, from fresh latents."""
    pictures = _matching(_files(folder), r"generated_im(?:g|age)_(\d+)_(\d+)\.(?:png|jpe?g)")
    if not pictures:
        return None
    moments: dict[float, list[Path]] = {}
    for path, match in pictures.items():
        moments.setdefault(float(int(match[2])), []).append(path)
    found = Found("Keras GANMonitor", folder, fixed=False)
    found.said.append("the latents are fresh every time: a picture has no past")
    return _counted(found, "epoch", moments)


def _lightweight(folder: Path) -> Found | None:
    """lightweight-gan and stylegan2-pytorch: `12-ema.jpg` is step 12,000."""
    for place in [folder, *sorted((folder / "results").glob("*"))]:
        if not place.is_dir():
            continue
        pictures = _matching(_files(place), r"(\d{1,5})(-ema|-interp|-mr)?\.(?:jpe?g|png)")
        averaged = {path: match for path, match in pictures.items() if match[2] == "-ema"}
        plain = {path: match for path, match in pictures.items() if match[2] is None}
        beside = (place / "fid_scores.txt").is_file()
        if not (averaged or (plain and beside)):
            continue
        older = any(match[2] == "-mr" for match in pictures.values())
        found = Found("stylegan2-pytorch" if older else "lightweight-gan", place, fixed=False)
        found.said.append(f"the latents are fresh {'every time' if older else 'after every restart'}")
        chosen = averaged or plain
        return _counted(found, "step", {1000.0 * int(m[1]): [path] for path, m in chosen.items()})
    return None


def _numbered(folder: Path, passes_per_step: float | None) -> Found | None:
    """Any pictures whose names, or whose folders' names, say when."""
    made = numbered_pictures(folder, passes_per_step)
    if made is None:
        return None
    trainer = "a folder a moment" if made.folders else "another trainer"
    found = Found(trainer, made.place, said=made.said, several=made.several)
    return _counted(found, made.unit, made.moments)


def _by_pattern(folder: Path, pattern: str) -> Found:
    """What a pattern names, below the folder or as a path of its own."""
    names = re.findall(r"\{(\w+)\}", pattern)
    when = [name for name in names if name.lower() in UNITS]
    if len(when) != 1:
        todo = "name one of {images}, {kimg}, {epoch} or {step} in it, as in 'out/{epoch}.png'"
        raise DataError(f"--pattern {pattern} does not say when", found=f"names {names}", todo=todo)
    glob = re.sub(r"\{\w+\}", "*", pattern)
    if Path(pattern).is_absolute():
        root = Path(Path(pattern).anchor)
        paths = root.glob(glob[len(root.anchor) :])
    else:
        paths, root = folder.glob(glob), folder
    expression = re.escape(pattern).replace(r"\*", "[^/]*")
    expression = re.sub(r"\\\{(\w+)\\\}", lambda m: r"(\d+)" if m[1] == when[0] else r"[^/]*?", expression)
    moments: dict[float, list[Path]] = {}
    for path in paths:
        text = str(path) if Path(pattern).is_absolute() else path.relative_to(root).as_posix()
        match = re.fullmatch(expression, text)
        if match:
            moments.setdefault(float(int(match[1])), []).append(path)
    if not moments:
        raise _unknown(folder)(f"--pattern {pattern} matches nothing", found=f"in {folder}", todo="check the names")
    return _counted(Found("another trainer", folder), UNITS[when[0].lower()], moments)


def _read_numbers(found: Found, folder: Path, scalars: Path | None, clock: Clock) -> None:
    """The numbers beside the pictures, above or below them, or those that were named."""
    part = clock.batch_size / clock.images_per_epoch if clock.batch_size and clock.images_per_epoch else None
    beside, like = found.folder, found.counted[0] if found.counted[1] else ""
    if scalars is not None:
        if not scalars.is_file():
            kind = DataError if scalars.exists() or not scalars.absolute().parent.is_dir() else NothingYetError
            raise kind(f"{scalars} is no file", todo="name a .csv, .jsonl or TensorBoard event file")
        is_events = "tfevents" in scalars.name
        found.rows = (
            numbers.events([scalars], clock.images) if is_events else numbers.table(scalars, clock.images, part, like)
        )
    elif (beside / "stats.jsonl").is_file():
        found.rows = numbers.stylegan_stats(beside / "stats.jsonl")
    else:
        files = _number_files(found, folder)
        for path in [path for path in files if path.suffix.lower() in TABLES]:
            try:
                rows = numbers.table(path, clock.images, part, like)
            except (DataError, ValueError):
                continue
            if any("loss" in name.lower() for row in rows[:50] for name in row[1]):
                found.rows = rows
                break
        logs = [path for path in files if "tfevents" in path.name]
        if not found.rows and logs:
            logs = [path for path in logs if path.parent == logs[0].parent or logs[0].parent in path.parents]
            try:
                found.rows = numbers.events(sorted(logs), clock.images)
            except Exception as error:
                found.said.append(f"event files left out: {str(error).splitlines()[0]}")
    found.metrics = numbers.stylegan_metrics(beside)
    scores = beside / "fid_scores.txt"
    if scores.is_file():
        found.metrics += numbers.fid_scores(scores, clock.batch_size or 1)


def _number_files(found: Found, folder: Path) -> list[Path]:
    """Files that may hold a training's numbers: beside its pictures, above them up to `folder`, then below.

    Where `folder` has several trainings, those of the others are not looked at.
    """
    files = _files(found.folder)
    for above in found.folder.parents if found.folder != folder else ():
        files += _files(above)
        if above == folder:
            break
    files += files_below(found.folder if found.several else folder)
    wanted = [path for path in files if path.suffix.lower() in TABLES or "tfevents" in path.name]
    return list(dict.fromkeys(wanted))[:LOOKED_AT]
