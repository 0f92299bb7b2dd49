"""Tables of text whose rows are images: a column a pixel (Kaggle's digits), or all pixels in one (FER-2013).

Legend: N images. Numbers are read, and nothing else.
"""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.data.archive import printable
from ganscope.data.array_files import readable
from ganscope.data.arrays import AnyArray, ArrayPart, image_array
from ganscope.data.keyed import Parts
from ganscope.data.parts import TEST, TRAIN, VALID, part_of
from ganscope.errors import DataError

MAX_TABLE_BYTES = 2**31


def read_pixel_table(path: Path, test: Path | None = None) -> Parts:
    """A table with a row an image: a label column and 64 or more of pixels, such as Kaggle's digits, or one of all."""
    with path.open("r", encoding="utf-8-sig", errors="replace") as text:
        columns = [cell.strip().lower() for cell in next(csv.reader(io.StringIO(text.readline())), [])]
    if "pixels" in columns:
        return _pixel_column(path, columns)
    train = _pixel_table(path)
    return train, None if test is None else _pixel_table(test)


def is_pixel_table(path: Path) -> bool:
    """Whether the first two lines of a text file are a row of many numbers under their names."""
    with path.open("rb") as file:
        lines = file.read(1 << 20).splitlines()[:2]
    if len(lines) < 2:
        return False
    if b"pixels" in lines[0].lower().replace(b'"', b"").split(b","):
        return any(len(cell.split()) >= 64 for cell in lines[1].replace(b'"', b"").split(b","))
    if lines[1].count(b",") < 63:
        return False
    cells = lines[1].split(b",")[1:]
    return all(cell.strip().replace(b".", b"", 1).isdigit() for cell in cells)


def _pixel_column(path: Path, columns: list[str]) -> Parts:
    """A table whose column `pixels` holds all of an image, such as FER-2013's; a column of parts where there is one."""
    _require_small(path)
    at = columns.index("pixels")
    label = next((i for i, name in enumerate(columns) if name in ("emotion", "label", "class", "target", "y")), None)
    split = next((i for i, name in enumerate(columns) if name in ("usage", "split", "subset", "partition")), None)
    rows: dict[str, list[Any]] = {TRAIN: [], VALID: [], TEST: []}
    labels: dict[str, list[str]] = {TRAIN: [], VALID: [], TEST: []}
    with readable(path), path.open("r", encoding="utf-8-sig", errors="replace", newline="") as text:
        reader = csv.reader(text)
        next(reader)
        for row in filter(None, reader):
            part = (
                TRAIN if split is None else (part_of(re.sub("(?<=[a-z])(?=[A-Z])", " ", row[split])) or (TRAIN, ""))[0]
            )
            rows[part].append(np.array(row[at].split(), np.float32))
            labels[part].append("" if label is None else row[label].strip())
        held_out = TEST if rows[TEST] else VALID
        found = [
            ArrayPart(
                image_array(_plain_numbers(np.stack(rows[part])), printable(str(path))),
                None if label is None else np.array(labels[part]),
                "" if label is None else f"column {columns[label]}",
            )
            for part in (TRAIN, held_out)
            if rows[part]
        ]
    if not found or not rows[TRAIN]:
        raise DataError(f"{printable(str(path))} holds no images to train on", found="no rows", todo="check the table")
    return found[0], found[1] if len(found) > 1 else None


def _require_small(path: Path) -> None:
    if path.stat().st_size > MAX_TABLE_BYTES:
        raise DataError(f"{printable(str(path))} is too large for a table", found="over 2 GiB", todo="save it as .npy")


def _plain_numbers(pixels: AnyArray) -> AnyArray:
    """Floats as bytes where they are whole numbers of 0 to 255."""
    whole = pixels.min() >= 0 and pixels.max() <= 255 and (pixels == np.floor(pixels)).all()
    return pixels.astype(np.uint8) if whole else pixels


def _pixel_table(path: Path) -> ArrayPart:
    _require_small(path)
    with readable(path), path.open("r", encoding="utf-8-sig", errors="replace") as text:
        head = next(csv.reader(io.StringIO(text.readline())))
        numeric = all(cell.strip().replace(".", "", 1).isdigit() for cell in head)
        if numeric:
            text.seek(0)
        values = np.loadtxt(text, delimiter=",", dtype=np.float32, ndmin=2)
    columns = [cell.strip().lower() for cell in head]
    at = next((columns.index(name) for name in ("label", "class", "target", "y") if name in columns), None)
    extra = values.shape[1] - math.isqrt(values.shape[1]) ** 2
    if at is None and extra == 1:
        at = 0
    labels = None if at is None else values[:, at].astype(np.int64)
    pixels = values if at is None else np.delete(values, at, axis=1)
    return ArrayPart(image_array(_plain_numbers(pixels), printable(str(path))), labels)
