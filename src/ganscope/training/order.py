"""In which order real images come: a function of the seed and the epoch, so that any position can be found again.

`images`: every epoch is one permutation of all images. `blocks`: the disk is read in whole blocks. The blocks are
permuted, so many of them in turn make a window, and the images of a window are permuted. A window fits into memory, and
holds images from all over the set. Its size depends on the size of an image alone, so that the order is the same on
every machine. `ByClasses`: as `images`, with every class as often.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ganscope.arraytypes import I64
from ganscope.randomness import rng

BLOCK_BYTES = 2**19  # read at once: far above what a disk needs to be busy with reading, not with seeking
WINDOW_BYTES = 2**27  # permuted at once; two are held, the one that is read from and the next


class Order(Protocol):
    """Which image stands at which position of an epoch."""

    def at(self, epoch: int, start: int, stop: int) -> Tensor:
        """The images at these positions of an epoch: `(stop - start,) int64`."""
        ...


class ByImages:
    """One permutation an epoch."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.seed = count, seed
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.long)

    def at(self, epoch: int, start: int, stop: int) -> Tensor:
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = torch.randperm(self.count, generator=rng(self.seed, "order", epoch))
        return self._order[start:stop]


class ByClasses:
    """Every class as often in an epoch, give or take one image: those of a rare class come several times."""

    def __init__(self, labels: Tensor, seed: int) -> None:
        self.labels, self.seed = labels, seed
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.long)

    def at(self, epoch: int, start: int, stop: int) -> Tensor:
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._drawn(rng(self.seed, "order by classes", epoch))
        return self._order[start:stop]

    def _drawn(self, source: torch.Generator) -> Tensor:
        count, kinds = len(self.labels), self.labels.unique()
        each, more = divmod(count, len(kinds))
        chosen = []
        for place, kind in enumerate(kinds[torch.randperm(len(kinds), generator=source)]):
            wanted, own = each + (place < more), torch.nonzero(self.labels == kind).flatten()
            rounds = [torch.randperm(len(own), generator=source) for _ in range(-(-wanted // len(own)))]
            chosen.append(own[torch.cat([*rounds, torch.empty(0, dtype=torch.long)])[:wanted]])
        order = torch.cat(chosen)
        return order[torch.randperm(count, generator=source)]


@dataclass(frozen=True)
class Window:
    """Images that are permuted together: their first position in the epoch, and who they are, `(n,) int64`."""

    epoch: int
    number: int
    start: int
    rows: Tensor

    @property
    def stop(self) -> int:
        return self.start + len(self.rows)


class ByBlocks:
    """Blocks in a permuted order, windows of them permuted within."""

    def __init__(
        self, count: int, image_bytes: int, seed: int, *, block: int = BLOCK_BYTES, window: int = WINDOW_BYTES
    ) -> None:
        self.count, self.seed = count, seed
        self.block = max(1, block // image_bytes)
        self.blocks_a_window = max(1, window // image_bytes // self.block)
        self.num_blocks = -(-count // self.block)
        self.num_windows = -(-self.num_blocks // self.blocks_a_window)
        self._epoch, self._blocks, self._starts = -1, np.empty(0, np.int64), np.empty(0, np.int64)
        self._window = Window(-1, -1, 0, torch.empty(0, dtype=torch.long))

    def at(self, epoch: int, start: int, stop: int) -> Tensor:
        parts = []
        while start < stop:
            window = self.window(epoch, self.number_of(epoch, start))
            until = min(stop, window.stop)
            parts.append(window.rows[start - window.start : until - window.start])
            start = until
        return torch.cat(parts) if len(parts) != 1 else parts[0]

    def number_of(self, epoch: int, position: int) -> int:
        """The window that holds a position of an epoch."""
        self._begin(epoch)
        return int(np.searchsorted(self._starts, position, side="right")) - 1

    def window(self, epoch: int, number: int) -> Window:
        """A window of an epoch."""
        if (self._window.epoch, self._window.number) != (epoch, number):
            rows = torch.from_numpy(np.concatenate([self.rows_of(block) for block in self.blocks(epoch, number)]))
            position = epoch * self.num_windows + number
            mixed = rows[torch.randperm(len(rows), generator=rng(self.seed, "order in a window", position))]
            self._window = Window(epoch, number, int(self._starts[number]), mixed)
        return self._window

    def blocks(self, epoch: int, number: int) -> I64:
        """The blocks of a window, in the order in which they are read."""
        self._begin(epoch)
        return self._blocks[number * self.blocks_a_window : (number + 1) * self.blocks_a_window]

    def rows_of(self, block: int) -> I64:
        """The images of a block."""
        return np.arange(block * self.block, min(self.count, (block + 1) * self.block))

    def _begin(self, epoch: int) -> None:
        if epoch == self._epoch:
            return
        self._epoch = epoch
        self._blocks = torch.randperm(self.num_blocks, generator=rng(self.seed, "order of blocks", epoch)).numpy()
        short = self.count - (self.num_blocks - 1) * self.block  # of the last block, which stands anywhere now
        sizes = np.where(self._blocks == self.num_blocks - 1, short, self.block)
        self._starts = np.concatenate([[0], np.cumsum(sizes)])[:-1][:: self.blocks_a_window]
