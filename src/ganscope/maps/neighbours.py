"""Nearest neighbours, and how densely the reals lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.arraytypes import F32, F64, I64

STORED = ("points", "centres", "cells", "spacing")
NEIGHBOURS = 8  # reals amid which a fake lies


@dataclass
class Neighbourhood:
    """Reals in one space, and how far a point is from them in units of their own spacing there."""

    index: Index
    spacing: F32  # (N,): each real's mean distance to its NEIGHBOURS nearest others

    @classmethod
    def fit(cls, points: F32) -> Neighbourhood:
        index = Index(points)
        return cls(index, spacing_of(index.others(NEIGHBOURS)[0]))

    def ratio(self, distances: F64, found: I64) -> F64:
        """Mean distance to the NEIGHBOURS nearest reals over those reals' own spacing: `(M,)`, about 1 for a real."""
        return np.asarray(distances.mean(axis=1) / self.spacing[found].mean(axis=1, dtype=np.float64))

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """What `restore` needs, under names that begin with `name`."""
        index = self.index
        values = (index.points, index.centres, index.cells, self.spacing)
        return {f"{name}_{part}": value for part, value in zip(STORED, values, strict=True)}

    @classmethod
    def restore(cls, arrays: Any, name: str) -> Neighbourhood:
        points, centres, cells, spacing = (arrays[f"{name}_{part}"] for part in STORED)
        return cls(Index(points, centres, cells), spacing)


def spacing_of(distances: F32) -> F32:
    """The mean of the first NEIGHBOURS distances to others `(N, k)`: `(N,)`, at least a twentieth of the median."""
    if not distances.shape[1]:
        return np.ones(len(distances), np.float32)
    spacing = distances[:, :NEIGHBOURS].mean(axis=1)
    positive = spacing[spacing > 0]  # copies of one image have no spacing
    least = np.median(positive) * 0.05 if len(positive) else 1.0
    return np.asarray(np.maximum(spacing, least), np.float32)


EXACT_BELOW = 5_000  # points; fewer are all looked at
SPARE = 16  # candidates found in float32 beyond those asked for, before they are measured in float64


class Index:
    """The nearest of N points, the same for a query whatever it is asked with.

    Above EXACT_BELOW points an inverted file (Jégou et al. 2011): only the cells nearest to a query are looked at, a
    sixteenth of them (on MNIST that finds 99.6 % of the nearest images). A copy of a point lies in the point's own
    cell, so it is always found.
    """

    def __init__(self, points: F32, centres: F32 | None = None, cells: NDArray[np.int32] | None = None) -> None:
        """`points (N, D)`; `centres` and `cells (N,)` from an earlier index of the same points save the clustering."""
        import faiss

        self.points = np.ascontiguousarray(points, np.float32)
        count, dim = self.points.shape
        number = 1 if count <= EXACT_BELOW else min(2048, round(count**0.5))
        if centres is None or cells is None:
            centres = np.zeros((1, dim), np.float32)
            cells = np.zeros(count, np.int32)
            if number > 1:
                means = faiss.Kmeans(dim, number, niter=8, seed=1, max_points_per_centroid=64)
                means.train(self.points)
                centres = np.ascontiguousarray(means.centroids, np.float32)
                cells = means.index.search(self.points, 1)[1][:, 0].astype(np.int32)
        self.centres, self.cells = centres, cells
        self._half_squares = (centres.astype(np.float64) ** 2).sum(axis=1).astype(np.float32) / 2
        flat = faiss.IndexFlatL2(dim)
        flat.add(centres)
        self._index = faiss.IndexIVFFlat(flat, dim, len(centres))
        self._index.own_fields = False
        self._flat = flat  # kept alive: the file points to it
        self._index.is_trained = True
        ids, where = np.arange(count, dtype=np.int64), cells.astype(np.int64)
        self._index.add_core(count, faiss.swig_ptr(self.points), faiss.swig_ptr(ids), faiss.swig_ptr(where))

    def search(self, queries: F32, count: int) -> tuple[F64, I64]:
        """The `count` nearest points of `(M, D)` queries: distances and indices `(M, k)`, nearest first."""
        queries = np.ascontiguousarray(queries, np.float32)
        wanted = min(len(self.points), count + SPARE)
        probes = max(1, min(len(self.centres), max(16, len(self.centres) // 16)))
        found = self._candidates(queries, wanted, probes)
        short = np.flatnonzero((found < 0).any(axis=1))
        if len(short):  # the cells looked at hold too few points
            found[short] = self._candidates(queries[short], wanted, len(self.centres))
        found.sort(axis=1)  # so that of two at the same distance the first point wins
        distances = np.empty(found.shape)
        for column in range(wanted):
            gap = queries.astype(np.float64) - self.points[found[:, column]]
            distances[:, column] = np.sqrt((gap * gap).sum(axis=1))
        order = np.argsort(distances, axis=1, kind="stable")[:, :count]
        return np.take_along_axis(distances, order, axis=1), np.take_along_axis(found, order, axis=1)

    def _candidates(self, queries: F32, count: int, probes: int) -> I64:
        """`(M, count)` indices, −1 where the cells hold fewer."""
        cells = np.zeros((len(queries), probes), np.int64)
        if len(self.centres) > 1:
            row = np.empty(queries.shape[1], np.float32)
            for number, query in enumerate(queries):
                # One row, one product: a product of many rows would round a row by where it stands among them.
                row[:] = query
                cells[number] = np.argsort(self._half_squares - self.centres @ row, kind="stable")[:probes]
        self._index.nprobe = probes
        look: Any = self._index.search_preassigned  # its stub describes the C++ function
        return np.asarray(look(queries, count, cells, np.zeros(cells.shape, np.float32))[1], np.int64)

    def others(self, count: int) -> tuple[F32, I64]:
        """The nearest other points of each point: distances and indices `(N, k)`, k at most N − 1; about exact."""
        wanted = min(len(self.points), count + 1)
        self._index.nprobe = min(len(self.centres), 8 if count > 16 else 5)
        squares, found = self._index.search(self.points, wanted)
        own = np.arange(len(self.points))[:, None]
        squares = np.where((found == own) | (found < 0), np.inf, np.maximum(squares, 0.0))
        order = np.argsort(squares, axis=1, kind="stable")[:, : wanted - 1]
        found, squares = np.take_along_axis(found, order, axis=1), np.take_along_axis(squares, order, axis=1)
        # Where the cells held too few, the last that was found stands in.
        ranks = np.maximum.accumulate(np.where(np.isfinite(squares), np.arange(squares.shape[1]), 0), axis=1)
        found, squares = np.take_along_axis(found, ranks, axis=1), np.take_along_axis(squares, ranks, axis=1)
        missing = ~np.isfinite(squares)
        found, squares = np.where(missing, own, found), np.where(missing, 0.0, squares)
        return np.sqrt(squares).astype(np.float32), found
