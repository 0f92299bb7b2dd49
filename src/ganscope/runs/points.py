"""The map of a run as arrays that fit together, or nothing: what its readers need not check again.

Legend: N reals, M fakes, K classes or clusters, C channels, H height, W width.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.arraytypes import F32, U8
from ganscope.runs.reading import read_array, read_arrays, read_json


@dataclass(frozen=True)
class RealPoints:
    """The reals on the map: `xy (N, 2) float32`, `label (N,) int32` in −1 … K−1, `spacing (N,) float32`."""

    xy: F32
    label: NDArray[np.int32]
    spacing: F32


@dataclass(frozen=True)
class FakePoints:
    """The fakes of one snapshot on the map, each `(M,)`.

    Attributes:
        xy: `(M, 2) float32`. distance: in units of the reals' range. unlike: beyond it. nearest: index of a real.
        score: D's score in [0, 1]. label: class that it looks like, in −1 … K−1. asked: class that it was asked for, −1
            where none was. images: of the first fakes, `(m, C, H, W) uint8`, or None.
    """

    xy: F32
    distance: F32
    unlike: NDArray[np.bool_]
    nearest: NDArray[np.int32]
    score: F32
    label: NDArray[np.int32]
    asked: NDArray[np.int32]
    images: U8 | None


@dataclass(frozen=True)
class MapInfo:
    """`real.json`: what the map is of. `stored`: the whole of it."""

    n: int
    classes: tuple[str, ...]
    labelled: bool
    thumb: dict[str, Any] | None
    stored: dict[str, Any]


def read_reals(path: Path) -> RealPoints | None:
    """The reals on the map, None where there are none or the file is damaged."""
    found = read_arrays(path)
    xy = None if found is None else _plane(found.get("xy"))
    if found is None or xy is None or not len(xy):
        return None
    label = _column(found.get("label"), len(xy), np.int32)
    spacing = _column(found.get("spacing"), len(xy), np.float32, np.ones(len(xy), np.float32))
    return None if label is None or spacing is None else RealPoints(xy, label, spacing)


def read_fakes(path: Path) -> FakePoints | None:
    """The fakes of a snapshot, None where they are not on the map or the file is damaged."""
    found = read_arrays(path)
    xy = None if found is None else _plane(found.get("xy"))
    if found is None or xy is None:
        return None
    count = len(xy)
    nothing, unknown = np.zeros(count, np.int32), np.full(count, -1, np.int32)
    columns = {
        "distance": _column(found.get("distance"), count, np.float32),
        "unlike": _column(found.get("unlike"), count, np.bool_),
        "nearest": _column(found.get("nearest"), count, np.int32, nothing),
        "score": _column(found.get("score"), count, np.float32, np.full(count, np.nan, np.float32)),
        "label": _column(found.get("label"), count, np.int32, unknown),
        "asked": _column(found.get("asked"), count, np.int32, unknown),
    }
    if any(column is None for column in columns.values()):
        return None
    return FakePoints(xy=xy, **columns, images=pictures(found.get("images")))  # type: ignore[arg-type]


def read_map_info(path: Path) -> MapInfo | None:
    """What the map is of, None where it is not known."""
    found = read_json(path)
    if not isinstance(found, dict) or not isinstance(found.get("n"), int) or found["n"] < 0:
        return None
    names = found.get("classes")
    classes = tuple(str(name) for name in names) if isinstance(names, list) else ()
    thumb = found.get("thumb")
    whole = isinstance(thumb, Mapping) and all(isinstance(value, int) for value in thumb.values())
    return MapInfo(found["n"], classes, bool(found.get("labelled")), dict(thumb) if whole else None, found)  # type: ignore[arg-type]


def read_images(path: Path, name: str | None = None) -> U8 | None:
    """Images `(N, C, H, W) uint8` of an `.npy`, or under `name` of an `.npz`; None where there are none to read."""
    return pictures(read_array(path) if name is None else (read_arrays(path) or {}).get(name))


def pictures(found: NDArray[Any] | None) -> U8 | None:
    """The array, where it holds images `(N, C, H, W) uint8` of 1, 3 or 4 channels."""
    if found is None or found.ndim != 4 or found.dtype != np.uint8 or found.shape[1] not in (1, 3, 4):
        return None
    return found if found.size else None


def _plane(found: NDArray[Any] | None) -> F32 | None:
    if found is None or found.ndim != 2 or found.shape[1] != 2 or found.dtype.kind not in "fiu":
        return None
    xy = np.asarray(found, np.float32)
    return xy if np.isfinite(xy).all() else None


def _column(found: NDArray[Any] | None, count: int, dtype: Any, default: NDArray[Any] | None = None) -> Any:
    """A column of `count` numbers, `default` where there is none, None where it does not fit."""
    if found is None:
        return default
    if found.shape != (count,) or found.dtype.kind not in "fiub":
        return None
    with np.errstate(invalid="ignore"):
        return found.astype(dtype)
