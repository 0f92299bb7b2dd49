"""What the names of image files say: which are of the set, which part each belongs to, and its class.

Names in, a `Layout` out; nothing is opened. A name is a path below the data set's root with `/`. The rules, in order:

1. masks and label pictures beside the images, and other sizes of the same pictures, are left out;
2. folders (or wrapping folders) named like parts, such as `train/` and `test/`, are the split;
3. folders that only wrap, such as `images/`, are passed over;
4. folders that only number or date their files, such as `00000/`, `fold1/` or `2023-04/`, are no classes;
5. the others are, where they hold enough; and only where it is asked for, the words that file names begin with.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import PurePosixPath

from ganscope.data.archive import printable
from ganscope.data.decision import Decision
from ganscope.data.parts import TEST, TRAIN, VALID, no_classes, part_of, parts_of, years_and_months
from ganscope.data.variants import folders_of, image_folder, one_size_each, stem_of, without_masks
from ganscope.errors import ConfigError

MIN_PER_CLASS = 10  # images a folder holds on average, so that folders are taken for classes
STRAY_SHARE = 0.05  # of the images may lie beside the class folders, and are then left out


@dataclass(frozen=True)
class Layout:
    """Which files are the set, parallel tuples of N; all names as they were given."""

    names: tuple[str, ...]
    parts: tuple[str, ...]  # (N,) TRAIN, VALID or TEST; all TRAIN where the data has no parts of its own
    classes: tuple[str, ...] | None  # (N,) printable; None: no classes
    left_out: dict[str, str]  # name → why
    decisions: tuple[Decision, ...]


def understand(
    names: Sequence[str],
    *,
    sizes: dict[str, tuple[int, int]] | None = None,
    labels: str = "auto",
    splits: str = "auto",
    only: str | None = None,
) -> Layout:
    """The layout of the image files `names`; `sizes` are their (width, height) where they are known.

    `labels`: auto, folders, folders:LEVEL (1 the outermost), names (of files: `cat.1.jpg`) or none. `splits`: auto or
    none. `only`: a pattern of names that are the set; with one, nothing is left out as a mask or as another size.
    """
    level = label_level(labels)
    left_out: dict[str, str] = {}
    decisions: list[Decision] = []
    if only is None:
        kept = without_masks(names, left_out, decisions)
        kept = one_size_each(kept, sizes or {}, left_out, decisions)
    else:
        kept = [name for name in names if fnmatchcase(name, only)]
        left_out |= dict.fromkeys(set(names) - set(kept), f"not --only {only}")
    paths = {name: folders_of(name) for name in kept}
    parts = dict.fromkeys(kept, TRAIN)
    if splits == "auto":
        parts, paths = _split(paths)
    dated = years_and_months(paths.values())
    paths = _without_wrapping(paths)
    if not labels.startswith("folders"):
        paths = _without_pieces(paths, dated, decisions)
    classes = None
    if labels == "names":
        classes = _named_classes(kept)
    elif labels != "none":
        classes = _classes(paths, labels, level, left_out, decisions)
        if classes is None and labels == "auto" and (words := sorted(set(_named_classes(kept).values()))):
            why = f"file names begin with {_few(words)}"
            decisions.append(Decision("no classes", why, "--labels names takes those for classes"))
    kept = [name for name in kept if name not in left_out]
    if splits == "auto" and len({parts[name] for name in kept}) > 1:
        kept, classes = _settle_parts(kept, parts, classes, left_out, decisions)
    if classes is not None and (bare := [name for name in kept if name not in classes]):
        left_out |= dict.fromkeys(bare, "beside the class folders")
        decisions.append(Decision(f"{len(bare):,} images left out", "they have no class", "--labels none uses them"))
        kept = [name for name in kept if name in classes]
    return Layout(
        tuple(kept),
        tuple(TRAIN if splits == "none" else parts[name] for name in kept),
        None if classes is None else tuple(classes[name] for name in kept),
        left_out,
        tuple(decisions),
    )


def label_level(labels: str) -> int | None:
    """The LEVEL of `folders:LEVEL`, else None. Raises ConfigError where it is no number from 1."""
    if not labels.startswith("folders:"):
        return None
    text = labels.partition(":")[2]
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError(f"--labels cannot be {labels!r}", found=text, todo="use --labels folders:1, folders:2, …")
    return int(text)


# Parts


def _split(paths: dict[str, tuple[str, ...]]) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """The part of each name, and its folders without those that name parts.

    At one level below what all share, every folder must be named like a part, and two or more parts of a set or sides
    of a pair must be there; only a few stray files may lie beside them.
    """
    parts = dict.fromkeys(paths, TRAIN)
    for depth in range(max(map(len, paths.values()), default=0)):
        level = Counter(folders[depth] for folders in paths.values() if len(folders) > depth)
        found = parts_of(level)
        if found is None or sum(level.values()) < (1 - STRAY_SHARE) * len(paths):
            continue
        kinds = {part for part, _ in found.values()}
        if len(kinds) < 2 and not (len(found) > 1 and (TRAIN in kinds)):
            continue
        only_held_out = TRAIN not in kinds  # `valid` and `test` alone: the former is what there is to train on
        cut = {}
        for name, folders in paths.items():
            if len(folders) <= depth:
                cut[name] = folders
                continue
            part, side = found[folders[depth]]
            parts[name] = TRAIN if only_held_out and part == VALID else part
            rest = folders[depth + 1 :]
            if rest and part_of(rest[0]) and rest[0].lower() == folders[depth].lower():
                rest = rest[1:]  # seg_train/seg_train/…
            cut[name] = folders[:depth] + ((side,) if side else ()) + rest
        return parts, cut
    return parts, paths


def _settle_parts(
    kept: list[str],
    parts: dict[str, str],
    classes: dict[str, str] | None,
    left_out: dict[str, str],
    decisions: list[Decision],
) -> tuple[list[str], dict[str, str] | None]:
    """Which part is held out, and what becomes of the others; says so."""
    count = Counter(parts[name] for name in kept)
    if classes is not None:
        bare = {name for name in kept if name not in classes}
        for part in (VALID, TEST):
            without = [name for name in bare if parts[name] == part]
            if without:
                left_out |= dict.fromkeys(without, f"{part} pictures without a class, where the others have one")
                text = f"{len(without):,} {part} images left out"
                decisions.append(Decision(text, "they have no class, the others do", "--labels none uses them"))
        kept = [name for name in kept if name not in left_out]
        count = Counter(parts[name] for name in kept)
    if count[TEST] and count[VALID]:
        unused = [name for name in kept if parts[name] == VALID]
        left_out |= dict.fromkeys(unused, "validation pictures: test pictures are held out")
        kept = [name for name in kept if parts[name] != VALID]
    held_out = TEST if count[TEST] else VALID
    if count[held_out]:
        unused_text = f", {count[VALID]:,} of valid unused" if count[TEST] and count[VALID] else ""
        decisions.append(
            Decision(
                f"{count[TRAIN]:,} images to train on, {count[held_out]:,} of {held_out} held out{unused_text}",
                "folders named like parts",
                "--splits none takes all together",
            )
        )
    return kept, classes


# Classes


def _without_wrapping(paths: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The folders without those that hold all, a few stray files apart, and without `images/`, or one that every other
    has in it."""
    while paths:
        tops = Counter(folders[0] for folders in paths.values() if folders)
        if len(tops) != 1 or tops.total() < (1 - STRAY_SHARE) * len(paths) or tops.total() == 0:
            break
        if tops.total() < len(paths) and not any(len(folders) > 1 for folders in paths.values()):
            break
        paths = {name: folders[1:] if folders else folders for name, folders in paths.items()}
    lasts = {folders[-1] for folders in paths.values() if folders}
    if lasts and all(paths.values()) and (len(lasts) == 1 or all(map(image_folder, lasts))):
        paths = {name: folders[:-1] for name, folders in paths.items()}
    return paths


def _without_pieces(
    paths: dict[str, tuple[str, ...]], dated: bool, decisions: list[Decision]
) -> dict[str, tuple[str, ...]]:
    """The folders without outer ones that are no classes by their names: numbered pieces, dates, cameras' numbers."""
    tops = {folders[0] for folders in paths.values() if folders}
    why = "they only date their files" if dated and tops else no_classes(tops)
    if not why:
        return paths
    text = f"{len(tops):,} folders such as {printable(min(tops))}/ are no classes"
    decisions.append(Decision(text, why, "--labels folders takes them"))
    if "date" in why:  # days inside of months say no more
        return dict.fromkeys(paths, ())
    return _without_wrapping({name: folders[1:] for name, folders in paths.items()})


def _classes(
    paths: dict[str, tuple[str, ...]], labels: str, level: int | None, left_out: dict[str, str],
    decisions: list[Decision],
) -> dict[str, str] | None:  # fmt: skip
    """Name → class for every name that has one; None where folders are no classes. Says why they are not."""
    inside = {name: folders for name, folders in paths.items() if folders}
    if not inside:
        return None
    forced = labels.startswith("folders")
    numbered = not forced and _only_number(inside)
    if numbered:
        folders = sorted({f[0] for f in inside.values()})
        text = f"{len(folders):,} folders such as {printable(folders[0])}/ are no classes"
        decisions.append(Decision(text, "they only number their files", "--labels folders takes them"))
        return None
    depths = Counter(len(folders) for folders in inside.values())
    deepest = max(depths)
    use = level or 1
    if level is None and deepest > 1 and depths[deepest] == len(inside):
        for depth in range(deepest, 1, -1):  # the finest level at which folders hold enough
            groups = Counter(folders[:depth] for folders in inside.values())
            if len(inside) >= MIN_PER_CLASS * len(groups) and len({g[: depth - 1] for g in groups}) > 1:
                use = depth
                break
    classes = {name: "/".join(map(printable, folders[:use])) for name, folders in inside.items() if len(folders) >= use}
    count = Counter(classes.values())
    if len(count) < 2 or (not forced and len(classes) < MIN_PER_CLASS * len(count)):
        if len(count) > 1:
            text = f"{len(count):,} folders are no classes"
            why = f"fewer than {MIN_PER_CLASS} images each on average"
            decisions.append(Decision(text, why, "--labels folders takes them"))
        return None
    return _without_strays(paths, classes, count, use, deepest, left_out, decisions, forced)


def _without_strays(
    paths: dict[str, tuple[str, ...]], classes: dict[str, str], count: Counter[str], use: int, deepest: int,
    left_out: dict[str, str], decisions: list[Decision], forced: bool,
) -> dict[str, str] | None:  # fmt: skip
    """The classes, with the few files outside of their folders left out; None where those are many."""
    loose = [name for name in paths if name not in classes and part_name(name) is None]
    if len(loose) > max(1, STRAY_SHARE * len(paths)) and not forced:
        text = f"{len(count):,} folders are no classes"
        why = f"{len(loose):,} images lie beside them"
        decisions.append(Decision(text, why, "--labels folders leaves those out"))
        return None
    if loose:
        left_out |= dict.fromkeys(loose, "beside the class folders")
        text = f"{len(loose):,} image{'s' if len(loose) > 1 else ''} left out"
        decisions.append(Decision(text, "beside the class folders", "--labels none uses them"))
    what = f"{len(count):,} classes from the folders"
    if deepest > 1 and use > 1:
        decisions.append(Decision(what, f"of {use} levels", "--labels folders:1 takes the outer ones"))
    else:
        decisions.append(Decision(what, _few(count), "--labels none ignores them"))
    return classes


def part_name(name: str) -> str | None:
    """VALID or TEST when a folder of this name is named so: such files may go without a class."""
    found = [part_of(folder) for folder in folders_of(name)]
    return next((part[0] for part in found if part and part[0] != TRAIN), None)


def _named_classes(names: Sequence[str]) -> dict[str, str]:
    """Name → the word that its file begins with, before a number: `cat` of `cat.17.jpg`. {} where that is no pattern:

    every name must begin so, with two words or more and enough files for each.
    """
    found = {}
    for name in names:
        word = re.fullmatch(r"([^\W\d](?:[^\W\d]|[ _-])*?)[\W_]*\d+\W*", PurePosixPath(name).stem)
        if not word:
            return {}
        found[name] = printable(word[1])
    count = Counter(found.values())
    return found if len(count) > 1 and len(found) >= MIN_PER_CLASS * len(count) else {}


def _only_number(paths: dict[str, tuple[str, ...]]) -> bool:
    """Whether folders such as `00000/`, `01000/` only cut one long row of numbered files into pieces.

    So it is when every folder's name is a zero-padded number and the numbers of the files go on from folder to folder.
    """
    numbers: dict[str, list[int]] = defaultdict(list)
    for name, folders in paths.items():
        digits = re.search(r"(\d+)\D*$", stem_of(name))
        if not re.fullmatch(r"\d{3,}", folders[0]) or not digits:
            return False
        numbers[folders[0]].append(int(digits[1]))
    if len(numbers) < 2:
        return True
    spans = [(min(values), max(values)) for _, values in sorted(numbers.items(), key=lambda item: int(item[0]))]
    return all(before[1] < after[0] for before, after in pairwise(spans))


def _few(count: Iterable[str], most: int = 3) -> str:
    names = sorted(count)
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
