"""Histograms of oriented gradients: what a picture is made of by shape, not by texture.

Dalal & Triggs 2005, in its plainest form: edges counted by direction in cells of the picture, weighted by strength,
each neighbourhood of cells with length 1. The fine detail that texture statistics see hardly moves it; a face whose
eyes are out of place does.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CELLS = 8  # along a side
BINS = 9  # directions, without sign
RECIPE = "structure-1"  # part of every cache key: change it with anything here


class Gradients(nn.Module):
    """`(N, C, H, W) uint8` → `(N, CELLS · CELLS · BINS) float32`; smaller pictures have fewer cells."""

    def forward(self, images: Tensor) -> Tensor:
        grey = images.float().mean(dim=1, keepdim=True) / 255.0
        padded = F.pad(grey, (1, 1, 1, 1), mode="replicate")
        across = padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]
        down = padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]
        strength = (across.square() + down.square()).sqrt()
        # Each edge is shared by the two nearest directions, so that a small turn is a small change.
        angle = torch.atan2(down, across).remainder(math.pi) / math.pi * BINS
        low = angle.floor()
        share = angle - low
        first = low.long().remainder(BINS)
        votes = torch.zeros(len(grey), BINS, *grey.shape[2:])
        votes.scatter_(1, first, strength * (1 - share))
        votes.scatter_add_(1, (first + 1).remainder(BINS), strength * share)
        cells = F.adaptive_avg_pool2d(votes, (min(CELLS, grey.shape[2]), min(CELLS, grey.shape[3])))
        energy = F.avg_pool2d(F.pad(cells.square().sum(1, keepdim=True), (1, 1, 1, 1), mode="replicate"), 3, 1)
        return (cells / (energy + 1e-4).sqrt()).flatten(1)
