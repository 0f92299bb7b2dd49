"""What the names of numbered pictures say: which ones belong together, and when each was made.

Only names and times of files are looked at. A number means what the word beside it says (`epoch_3`, `40kimg`), in the
file's name or in a folder's; where no word says it, the number that changes. Several trainings below one folder are
several groups, of which one is chosen, and the others are said.
"""

from __future__ import annotations

import itertools
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
UNITS = {
    "images": "images", "images_seen": "images", "nimg": "images", "kimg": "kimg", "epoch": "epoch", "epochs": "epoch",
    "ep": "epoch", "e": "epoch", "step": "step", "steps": "step", "iter": "step", "iters": "step", "iteration": "step",
    "iterations": "step", "batch": "step", "batches": "step", "it": "step", "global_step": "step",
}  # fmt: skip
MOMENT = "moment"  # a word that says when, but not what it counts
WORDS = {name: unit for name, unit in UNITS.items() if unit != "images" or name == "nimg"} | dict.fromkeys(
    ("checkpoint", "ckpt", "snapshot", "tick"), MOMENT
)
ENDINGS = ("epochs", "epoch", "iteration", "iter", "steps", "step", "kimg", "batch", "checkpoint", "ckpt")
RUNS = ("exp", "experiment", "run", "version", "v", "trial", "fold", "seed", "model", "job", "gpu", "attempt", "test")
NO_SAMPLES = re.compile(
    r"real|loss|curve|plot|graph|metric|interp|-mr\.|mixing|latent|target|train_batch|confusion|hist|grad", re.I
)
SAMPLES = re.compile(r"gen|fake|sample|synth|output|result|recon", re.I)
NO_FOLDERS = re.compile(
    r"\..*|data|datasets?|(train|test|val)(ing|idation)?(set|_?data)?|.*reals?|wandb|mlruns|node_modules|venv|__.*",
    re.I,
)
DEPTH = 3  # folders below the one that is named
MOST_PICTURES = 50_000
STEP_LIKE = 50  # numbers that are all multiples of so much count steps, not epochs
QUIET = 2.0  # seconds: a file that changed since is being written, and times closer than this tell no order
EARLIER = 60.0  # seconds between an earlier training's files and those of one that overwrites them


@dataclass(frozen=True)
class Number:
    """One number in a name, with what the word beside it says that it counts (empty: nothing)."""

    unit: str
    value: int


@dataclass
class Numbered:
    """Pictures that belong together: `moments` at each value of `unit`, below `place`.

    `unit` is one of those of `UNITS`, or `passes`: epochs that are done, parts of one with them. `folders`: one for
    each moment. `several`: other folders hold pictures of the same names, of other trainings.
    """

    place: Path
    unit: str
    moments: dict[float, list[Path]]
    folders: bool = False
    several: bool = False
    said: list[str] = field(default_factory=list)


def numbered_pictures(folder: Path, passes_per_step: float | None = None) -> Numbered | None:
    """The numbered pictures below a folder that are most likely a training's samples; None where there are none.

    Args:
        passes_per_step: what a step is of an epoch, where that is known.
    """
    groups: dict[tuple[Path, str], list[tuple[Path, list[Number], list[Number]]]] = {}
    found = list(_below(folder))
    likely = [path for path in found if _likely(path.relative_to(folder))]
    for path in likely:
        key, numbers = _key(folder, path)
        if numbers[0] or numbers[1]:
            groups.setdefault(key, []).append((path, *numbers))
    if not groups:
        return None
    made = {key: _timed(key, members, passes_per_step) for key, members in groups.items()}
    chosen = max(made, key=lambda key: _rank(made[key], key))
    result = made[chosen]
    result.several = sum(key[1] == chosen[1] for key in made) > 1
    if len(made) > 1:
        others = sorted({_shown(folder, key) for key in made if key != chosen})[:3]
        result.said.append(
            f"several kinds of pictures: {_shown(folder, chosen)} is shown; also there: {', '.join(others)} "
            "(--pattern or that folder's name chooses)"
        )
    _without_earlier(result)
    return result


def numbers_in(text: str) -> list[Number]:
    """The numbers in a name, with what the words right before or after them say that they count."""
    found = []
    for match in re.finditer(r"\d+", text):
        before = re.search(r"([A-Za-z]+)[^A-Za-z\d]*$", text[: match.start()])
        after = re.match(r"[A-Za-z]+", text[match.end() :])
        unit = unit_of(before[1]) if before else ""
        found.append(Number(unit or (unit_of(after[0]) if after else ""), int(match[0])))
    return found


def unit_of(word: str) -> str:
    """What a word says that the number beside it counts; empty where it does not."""
    lower = word.lower()
    last = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", word)[-1].lower()  # of fakesEpoch
    if lower in WORDS or (len(last) > 1 and last in WORDS):
        return WORDS.get(lower) or WORDS[last]
    return next((WORDS[end.rstrip("s")] for end in ENDINGS if lower.endswith(end)), "")


def files_below(folder: Path, depth: int = DEPTH) -> Iterator[Path]:
    """The files in a folder and the folders in it, but for real data, what hides, and ganscope's own runs."""
    for place, names, files in os.walk(folder):
        here = Path(place)
        inside = len(here.relative_to(folder).parts)
        names[:] = sorted(
            name for name in names
            if inside < depth and not NO_FOLDERS.fullmatch(name) and not (here / name / "environment.json").is_file()
        )  # fmt: skip
        yield from (here / name for name in sorted(files) if not name.startswith("."))


def _below(folder: Path, depth: int = DEPTH) -> Iterator[Path]:
    """The first pictures of `files_below`."""
    pictures = (path for path in files_below(folder, depth) if path.name.lower().endswith(PICTURES))
    return itertools.islice(pictures, MOST_PICTURES)


def may_be_samples(folder: Path) -> bool:
    """Whether a picture lies there that may be a sample by its name."""
    return any(_likely(path) and "real" not in path.stem.lower() for path in _below(folder))


def _likely(path: Path) -> bool:
    """Whether a picture may be a sample by its name: a curve is none, `generated_plot_e010.png` is one."""
    return not NO_SAMPLES.search(path.name) or bool(SAMPLES.search(path.stem) and not re.search("real|loss", path.stem))


def _key(folder: Path, path: Path) -> tuple[tuple[Path, str], tuple[list[Number], list[Number]]]:
    """What the pictures of one group share, and the numbers of this one: of its folders, of its own name."""
    parts = path.relative_to(folder).parts[:-1]
    own = numbers_in(path.stem)
    timed = [i for i, part in enumerate(parts) if _is_moment(part, any(number.unit for number in own))]
    if timed:
        at = timed[-1]
        place = folder.joinpath(*parts[:at])
        below = "/".join((re.sub(r"\d+", "#", parts[at]), *parts[at + 1 :]))
        inside = re.sub(r"\d+", "#", path.name) if any(number.unit for number in own) else "*"
        return (place, f"{below}/{inside}"), (numbers_in(parts[at]), own)
    return (path.parent, re.sub(r"\d+", "#", path.name)), ([], own)


def _is_moment(part: str, own_unit: bool) -> bool:
    """Whether a folder is one moment of a training, and not one training of several."""
    numbers = numbers_in(part)
    if not numbers:
        return False
    if any(number.unit for number in numbers):
        return True
    word = re.match(r"[A-Za-z]*", part)
    return not own_unit and len(numbers) == 1 and word is not None and word[0].lower() not in RUNS


def _timed(
    key: tuple[Path, str],
    members: list[tuple[Path, list[Number], list[Number]]],
    passes_per_step: float | None,
) -> Numbered:
    """The pictures of one group by when they were made."""
    folders = bool(members[0][1])
    rows = [(path, [*outer, *own] if _has_unit(own) or not outer else outer) for path, outer, own in members]
    width = min(len(numbers) for _, numbers in rows)
    units = [next((n.unit for _, numbers in rows if (n := numbers[i]).unit), "") for i in range(width)]
    columns = [[numbers[i].value for _, numbers in rows] for i in range(width)]
    named = [i for i in range(width) if units[i]]
    paths = [path for path, _ in rows]
    epochs, steps = ([i for i in named if units[i] == unit] for unit in ("epoch", "step"))
    if epochs and steps:
        unit, values = passes(columns[epochs[-1]], columns[steps[-1]], passes_per_step)
    elif named:
        unit, values = units[named[-1]], [float(value) for value in columns[named[-1]]]
    else:
        varying = [i for i in range(width) if len(set(columns[i])) > 1] or [width - 1]
        if len(varying) == 2 and not folders:
            unit, values = _of_two(paths, columns[varying[0]], columns[varying[1]], passes_per_step)
        else:
            unit, values = "", [float(value) for value in columns[varying[-1]]]
    moments: dict[float, list[Path]] = {}
    for value, path in zip(values, paths, strict=True):
        moments.setdefault(value, []).append(path)
    made = Numbered(key[0], unit, moments, folders)
    if unit in ("", MOMENT):
        apart = math.gcd(*(int(value) for value in moments))
        made.unit = "step" if apart >= STEP_LIKE else "epoch"
        made.said.append(f"the numbers in the names are read as {made.unit}s (--pattern says otherwise)")
    return made


def _has_unit(numbers: list[Number]) -> bool:
    return any(number.unit for number in numbers)


def passes(epochs: list[int], steps: list[int], passes_per_step: float | None) -> tuple[str, list[float]]:
    """The moments of epochs and steps: in steps where these go on through the epochs, in epochs that are done else.

    How many steps an epoch has is known from those that go on, once a second one has begun.
    """
    of = {epoch: sorted(s for e, s in zip(epochs, steps, strict=True) if e == epoch) for epoch in sorted(set(epochs))}
    ordered = list(of.values())
    if all(a[-1] < b[0] for a, b in itertools.pairwise(ordered)):
        if passes_per_step or len(ordered) < 2:
            return "step", [float(step) for step in steps]
        an_epoch = (ordered[1][0] - ordered[0][0]) / (sorted(of)[1] - min(of))
        return "passes", [step / an_epoch for step in steps]
    most = max(steps)
    part = passes_per_step if passes_per_step and most * passes_per_step <= 1.01 else 10.0 ** -len(str(most))
    first = min(min(epochs), 1)
    return "passes", [epoch - first + step * part for epoch, step in zip(epochs, steps, strict=True)]


def _of_two(
    paths: list[Path], first: list[int], second: list[int], passes_per_step: float | None
) -> tuple[str, list[float]]:
    """Two numbers without a word: an epoch and its step, an epoch and a picture of it, or a picture and its epoch.

    The times of the files tell which; where they do not, the first number is the moment and the second a picture of it.
    """
    times = [_changed(path) for path in paths]
    order = sorted(range(len(paths)), key=lambda i: times[i])
    if max(times) - min(times) > QUIET:
        backwards = [
            sum(pairs[a][0] > pairs[b][0] for a, b in itertools.pairwise(order))
            for pairs in (list(zip(first, second, strict=True)), list(zip(second, first, strict=True)))
        ]
        if backwards[1] < backwards[0]:
            return "", [float(value) for value in second]
        spans = [[times[i] for i in order if first[i] == value] for value in sorted(set(first))]
        within = sorted(max(span) - min(span) for span in spans)[len(spans) // 2]
        starts = [min(span) for span in spans]
        between = sorted(b - a for a, b in itertools.pairwise(starts))
        if within > QUIET and between and within > between[len(between) // 2] / 4:
            return passes(first, second, passes_per_step)
    return "", [float(value) for value in first]


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _rank(made: Numbered, key: tuple[Path, str]) -> tuple[bool, bool, bool, int, int, str, str]:
    """How likely a group is a training's samples; of two alike the one that is newest."""
    named = any(unit_of(word) for word in re.findall(r"[A-Za-z]+", key[1]))
    newest = max(_changed(path) for path in list(made.moments.values())[-1])
    telling = bool(SAMPLES.search(f"{key[0].name}/{key[1]}"))
    return named, telling, len(made.moments) > 1, round(newest / EARLIER), len(made.moments), key[1], key[0].as_posix()


def _shown(folder: Path, key: tuple[Path, str]) -> str:
    return (key[0].relative_to(folder) / key[1]).as_posix()


def _without_earlier(made: Numbered) -> None:
    """Leave out what an earlier training left in the same folder: later moments, all of them made before the first."""
    values = sorted(made.moments)
    times = [max(_changed(path) for path in made.moments[value]) for value in values]
    for at in range(1, len(values)):
        head, tail = times[:at], times[at:]
        rising = head == sorted(head) and tail == sorted(tail)
        if len(values) >= 3 and rising and max(tail) + EARLIER < min(head):
            names = made.moments[values[at]][0].name, made.moments[values[-1]][0].name
            made.said.append(
                f"{names[0]} to {names[1]} are older than {made.moments[values[0]][0].name}: left by an earlier "
                "training in the same folder, and left out"
            )
            made.moments = {value: made.moments[value] for value in values[:at]}
            return
