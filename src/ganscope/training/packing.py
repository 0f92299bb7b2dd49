"""Several images judged together (PacGAN, Lin et al. 2018)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor


def in_packs(images: Tensor, pack: int) -> Tensor:
    """`pack` images as one with `pack` times the channels (PacGAN)."""
    return images if pack == 1 else join(images, pack)


def packed(d: Callable[[Tensor], Tensor], images: Tensor, pack: int) -> Tensor:
    """D's logits of images judged `pack` at a time."""
    return d(in_packs(images, pack))


def join(x: Tensor, count: int) -> Tensor:
    """Join each `count` consecutive rows into one along axis 1: `(N, C, ...)` to `(N / count, count C, ...)`.

    A discriminator that sees several samples at once sees a lack of variety (PacGAN, Lin et al. 2018).
    Raises ValueError where N is no multiple of `count`.
    """
    num_rows, num_channels = x.shape[:2]
    if num_rows % count:
        raise ValueError(f"a batch of {num_rows} cannot be packed by {count}: choose a multiple")
    return x.reshape(num_rows // count, count * num_channels, *x.shape[2:])
