"""Images that do not fit into memory: a window is held, the next one is read by a thread while this one is used."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from ganscope.training.order import ByBlocks


class Held:
    """A window in memory: its images sorted as they lie on disk, and where each of them is."""

    def __init__(self, images: np.ndarray, order: ByBlocks, blocks: np.ndarray) -> None:
        rows = [order.rows_of(int(block)) for block in blocks]
        self.blocks = np.sort(blocks)
        sizes = [len(order.rows_of(int(block))) for block in self.blocks]
        self.starts = np.concatenate([[0], np.cumsum(sizes)])[:-1]
        self.images = torch.empty((sum(map(len, rows)), *images.shape[1:]), dtype=torch.uint8)
        into = self.images.numpy()
        for block, start, size in zip(self.blocks, self.starts, sizes, strict=True):
            first = int(block) * order.block
            into[start : start + size] = images[first : first + size]  # one block: the interpreter is free meanwhile

    def take(self, rows: Tensor, block: int) -> Tensor:
        """Images `(n, C, H, W) uint8` by their number in the whole set."""
        index = rows.numpy()
        places = self.starts[np.searchsorted(self.blocks, index // block)] + index % block
        return self.images.index_select(0, torch.from_numpy(places))


class Stream:
    """Reads windows in their order. What is held is two windows, whatever the set's size."""

    def __init__(self, images: np.ndarray, order: ByBlocks) -> None:
        self.images, self.order = images, order
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="images")
        self._held: dict[tuple[int, int], Future[Held]] = {}

    def take(self, epoch: int, positions: Tensor) -> Tensor:
        """The images at ascending `positions` `(n,)` of an epoch, `(n, C, H, W) uint8`."""
        parts = []
        while len(positions):
            window = self.order.window(epoch, self.order.number_of(epoch, int(positions[0])))
            here = int((positions < window.stop).sum())
            rows = window.rows[positions[:here] - window.start]
            parts.append(self._window(epoch, window.number).take(rows, self.order.block))
            positions = positions[here:]
        return torch.cat(parts) if parts else torch.empty(0, *self.images.shape[1:], dtype=torch.uint8)

    def _window(self, epoch: int, number: int) -> Held:
        """A window; the one after it is on its way when this returns, and every other one is forgotten."""
        after = (epoch, number + 1) if number + 1 < self.order.num_windows else (epoch + 1, 0)
        wanted = [(epoch, number), after]
        if any(key not in self._held for key in wanted):
            for key in self._held.keys() - set(wanted):
                self._held.pop(key).cancel()
            for key in wanted:
                if key not in self._held:
                    blocks = self.order.blocks(*key)
                    self._held[key] = self._thread.submit(Held, self.images, self.order, blocks)
        return self._held[epoch, number].result()
