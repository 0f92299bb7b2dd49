"""Names of folders that are no classes: parts such as `train/` and `test/`, numbered pieces, dates, cameras' folders.

Names in, facts out; nothing is opened.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

TRAIN, VALID, TEST = "train", "valid", "test"
_PART = re.compile(
    r"(?:[a-z0-9]+[_\- ])*?"
    r"(?P<part>train(?:ing)?(?:[_\- ]?val)?|trn|tr|extra|unlabell?ed|val(?:id(?:ation|ierung)?)?|dev(?:el)?"
    r"|eval(?:uation)?|test(?:ing)?(?:[_\- ]?dev)?|tst|te|hold[_-]?out|query|gallery)"
    r"(?:[_\- ]?(?:set|split|data|images?|imgs?|pictures|photos|mixed|full|small|19\d\d|20\d\d|\d{1,3}))*"
    r"(?P<side>[ab])?"
)
_PART_OF = {"t": TRAIN, "e": TRAIN, "u": TRAIN, "v": VALID, "d": VALID, "h": TEST, "q": TEST, "g": TEST}
_WORDS = {
    "train": TRAIN, "training": TRAIN, "trainval": TRAIN, "background": TRAIN, "val": VALID, "valid": VALID,
    "validation": VALID, "dev": VALID, "eval": VALID, "evaluation": VALID, "test": TEST, "testing": TEST,
    "holdout": TEST,
}  # fmt: skip
_PIECE = re.compile(
    r"(?P<word>fold|part|pt|chunk|batch|shard|set|subset|images?|imgs?|dir|folder|disk|volume|vol|data|dataset|archive"
    r"|piece|block|split)[_\- ]?\d+",
    re.IGNORECASE,
)
_YEAR, _MONTH = re.compile(r"(19|20)\d\d"), re.compile(r"(0?[1-9]|1[0-2])(\D.*)?")
_DATE = re.compile(r"(19|20)\d\d([-_. ]?(0[1-9]|1[0-2])([-_. ]?[0-3]\d)?)?([-_. ].*)?")
_CAMERA = re.compile(r"[1-9]\d\d[A-Z0-9_]{5}")  # what cameras call their folders: 100CANON


def part_of(folder: str) -> tuple[str, str] | None:
    """(TRAIN, VALID or TEST; the side of a pair, `A` or `B`, else ``) of a folder named like a part, else None."""
    found = _PART.fullmatch(folder.lower().strip())
    if not found:
        return None
    word = found["part"]
    part = TEST if word.startswith(("te", "ts")) else VALID if word.startswith("ev") else _PART_OF[word[0]]
    return part, (found["side"] or "").upper()


def parts_of(folders: Collection[str]) -> dict[str, tuple[str, str]] | None:
    """The part of each of some sibling folders, None unless all are named like parts.

    So they are by themselves, or where they differ in the word for the part alone: `cleaned.train`, `cleaned.test`.
    """
    alone = {folder: part_of(folder) for folder in folders}
    if all(alone.values()):
        return {folder: found for folder, found in alone.items() if found}
    found, rests = {}, set()
    for folder in folders:
        words = words_of(folder)
        at = next((i for i, word in enumerate(words) if word in _WORDS), None)
        if at is None:
            return None
        found[folder] = (_WORDS[words[at]], "")
        rests.add(tuple(words[:at] + words[at + 1 :]))
    return found if len(rests) == 1 else None


def words_of(folder: str) -> list[str]:
    """The lower-case words and numbers of a name: `gtFine_01` is gt, fine, 01."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", folder)]


def no_classes(folders: Iterable[str]) -> str:
    """Why sibling folders are no classes by their names alone, `` where they may be."""
    names = list(folders)
    if len(names) < 2:
        return ""
    pieces = [_PIECE.fullmatch(name.strip()) for name in names]
    if len({found["word"].lower() if found else name for found, name in zip(pieces, names, strict=True)}) == 1:
        return "they only number pieces of the set"
    if all(_DATE.fullmatch(name) for name in names):
        return "they only date their files"
    return "a camera numbers them so" if all(_CAMERA.fullmatch(name) for name in names) else ""


def years_and_months(paths: Iterable[Sequence[str]]) -> bool:
    """Whether every path goes through a folder of a year and one of a month below it, such as `2023/04/`."""
    every = [set(_dated(folders)) for folders in paths]
    return bool(every) and bool(set.intersection(*every))


def _dated(folders: Sequence[str]) -> Iterable[int]:
    for depth in range(len(folders) - 1):
        if _YEAR.fullmatch(folders[depth]) and _MONTH.fullmatch(folders[depth + 1]):
            yield depth
