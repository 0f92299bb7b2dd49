"""Labels that lie beside the images: `dataset.json`, `metadata.csv` or `.jsonl`, `train.csv`, or a file that is named.

Legend: N images. A table gives a label for a file by its path, its name, or its name without the suffix. Nothing in
such a file is run or believed further than that: every cell is text. A column may also give the parts of the set.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from ganscope.data.archive import printable
from ganscope.data.decision import Decision
from ganscope.data.layout import Layout
from ganscope.data.parts import TEST, TRAIN, VALID, part_of
from ganscope.errors import DataError, did_you_mean

MIN_MATCHED = 0.5  # share of the images that a table must name, to be taken for their labels
MAX_CLASS_SHARE = 0.5  # classes per image beyond which a column is no classes but names or measurements
_FIRST = ("dataset.json", "metadata.jsonl", "metadata.csv", "labels.csv", "train.csv")  # looked at in this order
_NAME_COLUMNS = (
    "file_name", "filename", "file", "path", "filepath", "image_path", "image", "image_name", "image_id", "img", "id",
    "name",
)  # fmt: skip
_LABEL_COLUMNS = (
    "label", "labels", "class", "class_name", "classname", "category", "target", "y", "species", "breed", "diagnosis",
    "label_name", "class_id", "type",
)  # fmt: skip
_PART_COLUMNS = ("split", "partition", "subset", "usage", "set", "phase", "mode", "fold", "is_train", "is_training_img")
_PART_NUMBERS = {"0": TRAIN, "1": VALID, "2": TEST}  # as CelebA's list_eval_partition
_MAX_LABEL = 200  # characters of a class name


@dataclass(frozen=True)
class Labels:
    """A label for each of some images."""

    of: dict[str, str]  # name → label, printable
    source: str  # the file and the column


def find_labels(
    documents: dict[str, bytes], names: Sequence[str], column: str | None
) -> tuple[Labels | None, Decision | None]:
    """The labels in files that lie among the images, None where there are none; and a word on one that was passed by.

    `column`: the label column, None to look for it.
    """
    order = sorted(documents, key=lambda name: (_rank(name), name.count("/"), name))
    found: dict[str, str] = {}
    sources: list[str] = []
    passed: Decision | None = None
    for document in order:
        try:
            labels = read_labels(documents[document], document, names, column)
        except DataError as error:
            if passed is None and _rank(document) < len(_FIRST) + 1 and error.found != "no name":
                why = f"{error.what}: {error.found}" if error.found else error.what
                passed = Decision(f"{printable(document)} not used for labels", why, error.todo or "--labels FILE")
            continue
        new = {name: label for name, label in labels.of.items() if name not in found}
        if new and (not sources or _together(document, sources[0])):
            found |= new
            sources.append(document)
    if not found or len(found) < MIN_MATCHED * len(names):
        return None, passed
    if len(set(found.values())) < 2:
        return None, passed
    return Labels(found, ", ".join(map(printable, sources[:3]))), None


def find_parts(documents: dict[str, bytes], names: Sequence[str]) -> tuple[dict[str, str], str]:
    """(name → part, where from): of a column such as `split`, or of lists `train.txt` and `test.txt`. {}: none.

    A table or the lists must give a part to half of the images, and more than one part in all.
    """
    listed: dict[str, str] = {}
    for document in sorted(documents):
        rows = _some_rows(documents[document], document)
        if not rows:
            continue
        lookup, columns = _Lookup(names, document), list(rows[0])
        key = _name_column(rows, columns, lookup)
        if key is None:
            continue
        list_part = part_of(PurePosixPath(document).stem) if document.lower().endswith(".txt") else None
        if list_part:
            listed |= dict.fromkeys((name for row in rows for name in lookup.get(row.get(key))), list_part[0])
            continue
        column = _part_column(rows, [column for column in columns if column != key])
        if column is None:
            continue
        found = {name: _part(row.get(column), column) for row in rows for name in lookup.get(row.get(key))}
        if len(found) >= MIN_MATCHED * len(names) and len(set(found.values())) > 1:
            return {name: part or TRAIN for name, part in found.items()}, f"{printable(document)}, column {column}"
    if len(listed) >= MIN_MATCHED * len(names) and len(set(listed.values())) > 1:
        return listed, "lists such as train.txt"
    return {}, ""


def _part_column(rows: list[dict[str, Any]], columns: list[str]) -> str | None:
    """The column that says which part an image is of: known by its name and by every one of its values."""
    usual = {str(column).strip().lower(): column for column in columns}
    for name in _PART_COLUMNS:
        if name in usual and all(_part(row.get(usual[name]), usual[name]) for row in rows):
            return usual[name]
    return None


def _part(value: Any, column: str) -> str | None:
    text = _plain(value).strip().lower()
    if "is_train" in str(column).lower():
        return {"1": TRAIN, "true": TRAIN, "0": TEST, "false": TEST}.get(text)
    if "fold" in str(column).lower() and text.isdecimal():
        return None  # of a cross-validation: no part of its own
    found = part_of(text.replace("publictest", "public test").replace("privatetest", "private test"))
    return found[0] if found else _PART_NUMBERS.get(text)


def with_parts(layout: Layout, given: dict[str, str], source: str) -> Layout:
    """The layout with parts from a table or lists; validation pictures go where there are test pictures."""
    parts = [given.get(name, TRAIN) for name in layout.names]
    count = Counter(parts)
    gone = {i for i, part in enumerate(parts) if part == VALID} if count[TEST] and count[VALID] else set()
    kept = [i for i in range(len(parts)) if i not in gone]
    held_out = TEST if count[TEST] else VALID
    if not count[held_out] or not count[TRAIN]:
        return layout
    unused = f", {len(gone):,} of valid unused" if gone else ""
    what = f"{count[TRAIN]:,} images to train on, {count[held_out]:,} of {held_out} held out{unused}"
    why = "validation pictures: test pictures are held out"
    return replace(
        layout,
        names=tuple(layout.names[i] for i in kept),
        parts=tuple(parts[i] for i in kept),
        classes=None if layout.classes is None else tuple(layout.classes[i] for i in kept),
        left_out=layout.left_out | {layout.names[i]: why for i in gone},
        decisions=(*layout.decisions, Decision(what, source, "--splits none takes all together")),
    )


def read_labels(content: bytes, document: str, names: Sequence[str], column: str | None) -> Labels:
    """The labels that one file gives to the images `names`. Raises `DataError` where it gives none.

    Names in it are looked up as they stand, below the file's own folder, by the file name alone, and without suffix.
    """
    rows = _rows(content, document)
    if not rows:
        raise DataError("it holds no rows", found="no name")
    lookup = _Lookup(names, document)
    columns = list(rows[0])
    key = _name_column(rows, columns, lookup)
    if key is None:
        raise DataError("no column names the images", found="no name", todo="give file names in a column file_name")
    others = [name for name in columns if name != key]
    if column is None and (part := _part_column(rows, others)) is not None:
        others.remove(part)
        if not others:
            raise DataError("it gives parts and no classes", found="no name")
    one_hot = _one_hot_columns(rows, others) if column is None else []
    label = "" if one_hot else _label_column(rows, others, column, document)
    found: dict[str, str] = {}
    for row in rows:
        for name in lookup.get(row.get(key)):
            value = next((c for c in one_hot if _number(row.get(c)) == 1), None) if one_hot else _only_class(row[label])
            if value is not None and str(value).strip() != "":
                found[name] = printable(_plain(value))[:_MAX_LABEL]
    if not found:
        raise DataError(f"column {label!r} holds no labels", found="", todo="--label-column names another")
    if column is None and len(set(found.values())) > max(2, MAX_CLASS_SHARE * len(found)):
        text = f"{len(set(found.values())):,} different values for {len(found):,} images in {printable(str(label))!r}"
        raise DataError("its column is no classes", found=text, todo="--label-column names another")
    where = f"{len(one_hot)} columns of 0 and 1" if one_hot else f"column {printable(str(label))}"
    return Labels(found, f"{printable(document)}, {where}")


def _only_class(value: Any) -> Any:
    """A cell as a class: of a list of one 1 among zeros its place, of any other list nothing."""
    if isinstance(value, dict):
        return None
    if isinstance(value, list):
        numbers = [_number(item) for item in value]
        hot = [i for i, number in enumerate(numbers) if number == 1]
        return hot[0] if len(hot) == 1 and len(value) > 1 and numbers.count(0.0) == len(value) - 1 else None
    return value


def _one_hot_columns(rows: list[dict[str, Any]], columns: list[str]) -> list[str]:
    """The columns of classes where each row has a 1 in just one of them and 0 in the others; else []."""
    hot = [c for c in columns if all(_number(row.get(c)) in (0.0, 1.0) for row in rows)]
    if len(hot) < 2 or not all(sum(_number(row.get(c)) or 0.0 for c in hot) == 1 for row in rows):
        return []
    return hot


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _together(document: str, first: str) -> bool:
    """Whether two files give labels together: the same name in other folders, or the lists of several parts."""
    lists = all(
        name.lower().endswith(".txt") and part_of(PurePosixPath(name).stem) is not None for name in (document, first)
    )
    return lists or _base(document) == _base(first)


def with_labels(layout: Layout, labels: Labels) -> Layout:
    """The layout with classes from a table: images that it does not name are left out."""
    parts = set(layout.parts)
    bare = [i for i, name in enumerate(layout.names) if name not in labels.of]
    kept = [i for i, name in enumerate(layout.names) if name in labels.of]
    count = Counter(labels.of[layout.names[i]] for i in kept)
    gone = len({layout.parts[i] for i in kept}) < 2 <= len(parts)
    decisions = [found for found in layout.decisions if not (gone and " held out" in found.what)]
    decisions.append(Decision(f"{len(count):,} classes", labels.source, "--labels none ignores them"))
    left_out = dict(layout.left_out)
    if bare:
        left_out |= {layout.names[i]: f"without a label in {labels.source}" for i in bare}
        where = {layout.parts[i] for i in bare} - {TRAIN} if len(parts) > 1 else set()
        text = f"{len(bare):,} {'/'.join(sorted(where)) + ' ' if where else ''}images left out"
        decisions.append(Decision(text, f"{labels.source} gives them no label", "--labels none uses them"))
    return replace(
        layout,
        names=tuple(layout.names[i] for i in kept),
        parts=tuple(layout.parts[i] for i in kept),
        classes=tuple(labels.of[layout.names[i]] for i in kept),
        left_out=left_out,
        decisions=tuple(decisions),
    )


class _Lookup:
    """Image names by what a table may call them."""

    def __init__(self, names: Sequence[str], document: str) -> None:
        self.folder = document.rsplit("/", 1)[0] + "/" if "/" in document else ""
        self.by: dict[str, list[str]] = {}
        for name in names:
            plain = name.replace("\\", "/").removeprefix("./")
            path = PurePosixPath(plain)
            for key in {plain, path.name, path.stem, plain.removesuffix(path.suffix)}:
                self.by.setdefault(key, []).append(name)

    def get(self, value: Any) -> list[str]:
        """The images called `value`: one, or all of a name that occurs in several folders below the table's own."""
        if value is None or isinstance(value, list | dict):
            return []
        text = _plain(value).strip().replace("\\", "/").removeprefix("./")
        for key in (self.folder + text, text, text.rsplit("/", 1)[-1]):
            found = self.by.get(key, [])
            inside = [name for name in found if name.startswith(self.folder)]
            if found and (inside or not self.folder or len(found) == 1):
                return inside or found
        return []


def _rank(document: str) -> int:
    base = _base(document)
    return _FIRST.index(base) if base in _FIRST else len(_FIRST)


def _base(document: str) -> str:
    return document.rsplit("/", 1)[-1].lower()


def _plain(value: Any) -> str:
    """Text of a cell: whole floats without their point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _rows(content: bytes, document: str) -> list[dict[str, Any]]:
    """The rows of a table of any of the kinds, all with the same columns. Raises `DataError` where it is none."""
    rows = _ragged_rows(content, document)
    # cells beyond the header's, which csv.DictReader keeps under None, belong to no column
    columns = dict.fromkeys(column for row in rows for column in row if column is not None)
    return [{column: row.get(column) for column in columns} for row in rows]


def _ragged_rows(content: bytes, document: str) -> list[dict[str, Any]]:
    """The rows as they stand: an object may lack a key, a line may have more or fewer cells than the header."""
    text = _text(content)
    suffix = PurePosixPath(document.lower()).suffix
    try:
        if suffix == ".json":
            return _json_rows(json.loads(text))
        if suffix == ".jsonl":
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
            return [row for row in rows if isinstance(row, dict)]
        if suffix == ".txt":
            return _list_rows(text)
        first = text.partition("\n")[0]
        delimiter = "\t" if suffix == ".tsv" else max(",;\t|", key=first.count)
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
    except (ValueError, RecursionError, csv.Error) as error:
        raise DataError("it cannot be read", found=str(error)[:100], todo="mend it, or --labels none") from error


def _text(content: bytes) -> str:
    """The text of a file: UTF-8, UTF-16 where it begins with its mark, else Latin-1."""
    try:
        marked = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        return content.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _some_rows(content: bytes, document: str) -> list[dict[str, Any]]:
    try:
        return _rows(content, document)
    except DataError:
        return []


def _list_rows(text: str) -> list[dict[str, Any]]:
    """Lines of a file and its class, with a tab or a blank between; a file alone is a row too. [] for other text."""
    rows: list[dict[str, Any]] = []
    for line in filter(str.strip, text.splitlines()):
        cells = line.split("\t") if "\t" in line else line.rsplit(maxsplit=1)
        if len(cells) == 2 and "." not in cells[0].rsplit("/", 1)[-1]:
            return []  # no file: prose
        rows.append({"file_name": cells[0].strip(), "label": cells[1].strip() if len(cells) > 1 else None})
    return rows


def _json_rows(value: Any) -> list[dict[str, Any]]:
    """StyleGAN's {"labels": [[name, label], …]}, {name: label}, or a list of objects."""
    if isinstance(value, dict) and "labels" in value:
        value = value["labels"]
    if isinstance(value, dict):
        value = list(value.items())
    if not isinstance(value, list):
        return []
    if all(isinstance(row, dict) for row in value):
        return value
    pairs = [row for row in value if isinstance(row, list | tuple) and len(row) == 2]
    return [{"file_name": name, "label": label} for name, label in pairs]


def _name_column(rows: list[dict[str, Any]], columns: list[str], lookup: _Lookup) -> str | None:
    """The column whose cells name images: more than half of those looked at, most of all."""
    looked_at = rows[:: max(1, len(rows) // 500)]
    share = {column: sum(bool(lookup.get(row.get(column))) for row in looked_at) / len(looked_at) for column in columns}
    known = {name: -i for i, name in enumerate(_NAME_COLUMNS, 1)}
    best = max(columns, key=lambda c: (round(share[c], 2), known.get(str(c).lower(), -99)), default=None)
    return best if best is not None and share[best] > 0.1 else None


def _label_column(rows: list[dict[str, Any]], columns: list[str], asked: str | None, document: str) -> str:
    if asked is not None:
        if asked not in columns:
            todo = did_you_mean(asked, [str(column) for column in columns])
            raise DataError(
                f"{printable(document)} has no column {asked!r}", found=asked, todo=f"--label-column: {todo}"
            )
        return asked
    usual = {str(column).strip().lower(): column for column in columns}
    for name in _LABEL_COLUMNS:
        if name in usual:
            return usual[name]
    if len(columns) == 1:
        return columns[0]
    few = [c for c in columns if len({str(row.get(c)) for row in rows}) <= max(2, 0.2 * len(rows))]
    if len(few) == 1:
        return few[0]
    found = ", ".join(printable(str(column)) for column in columns[:8]) or "none but the names"
    raise DataError("which column holds the classes?", found=f"columns {found}", todo="--label-column NAME")
