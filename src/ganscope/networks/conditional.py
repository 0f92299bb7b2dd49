"""Networks that are told a class: an embedding joined to z in G, a projection in D.

Legend: N images, Z latent numbers, K classes, E numbers of a class's embedding.

G is the pair's own generator on Z + E numbers: nothing inside it knows of classes (Huang et al. 2024, as released). The
embedding of a class has a fixed length. With E numbers from N(0, 1), as z has them, Adam moves what a class adds to G's
first layer about E times as far in a step as a bias, the class drowns z, and G draws one picture a class (docs/log.md,
2026-11-25, where other lengths stand too). D ends
in 1 + K numbers instead of one: the first is the logit of an image, and the one of its class is added to it, which is
the projection of Miyato & Koyama 2018, equation 3, with a linear ψ. With K more, which no logit contains, D is a
classifier of images besides (Odena et al. 2017).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

MOST_EMBEDDED = 64  # E is as many numbers as z has, and no more than this
LENGTH = 2.0  # of the embedding of a class


def embedded(latent_dim: int) -> int:
    """E: the numbers that join the Z of a latent."""
    return min(latent_dim, MOST_EMBEDDED)


class FixedLengthEmbedding(nn.Embedding):
    """`(N,) int64` classes → `(N, E) float32` vectors of length `LENGTH`."""

    def vectors(self) -> Tensor:
        """Those of all classes: `(K, E) float32`."""
        return LENGTH * nn.functional.normalize(self.weight)

    def forward(self, labels: Tensor) -> Tensor:
        return nn.functional.embedding(labels, self.vectors())


class ConditionalGenerator(nn.Module):
    """`(N, Z) float32` latents and `(N,) int64` classes → `(N, C, H, W) float32` images, as `inner` makes them."""

    def __init__(self, inner: nn.Module, num_classes: int, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.classes = FixedLengthEmbedding(num_classes, embedded(latent_dim))
        self.inner = inner

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        images: Tensor = self.inner(torch.cat([z, self.classes(labels)], dim=1))
        return images


class ConditionalDiscriminator(nn.Module):
    """`(N, C, H, W) float32` images and `(N,) int64` classes → `(N,) float32` logits.

    `inner` gives `(N, 1 + K)`: what an image is worth, and what it is worth as a picture of each class; or `(N, 1 +
    2K)`, whose last K name the class.
    """

    def __init__(self, inner: nn.Module, num_classes: int) -> None:
        super().__init__()
        self.inner, self.num_classes = inner, num_classes

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        found: Tensor = self.inner(images)
        return found[:, 0] + found.gather(1, labels[:, None] + 1).squeeze(1)


@contextlib.contextmanager
def naming(d: nn.Module) -> Iterator[list[Tensor]]:
    """Inside, every pass of a D that names classes leaves its classifier's logits, `(N, K)` as the pass has them."""
    assert isinstance(d, ConditionalDiscriminator)
    first, passes = 1 + d.num_classes, []

    def keep(_: nn.Module, __: tuple[Tensor, ...], found: Tensor) -> None:
        passes.append(found[:, first:])

    handle = d.inner.register_forward_hook(keep)
    try:
        yield passes
    finally:
        handle.remove()


def told(network: nn.Module, labels: Tensor | None) -> Callable[[Tensor], Tensor]:
    """The network as a function of its first input alone, told the classes `(N,) int64` of the rows, if any."""
    return network if labels is None else lambda x: network(x, labels)


def tried(network: nn.Module, x: Tensor) -> Tensor:
    """One pass to look at a network's layers: where it asks for a class, of the first."""
    asks = isinstance(network, ConditionalGenerator | ConditionalDiscriminator)
    made: Tensor = told(network, torch.zeros(len(x), dtype=torch.long, device=x.device) if asks else None)(x)
    return made


@torch.no_grad()
def joining(g: ConditionalGenerator) -> Tensor:
    """The linear map from z and the class as one-hot to what `inner` takes: `(Z + E, Z + K) float32`."""
    vectors = g.classes.vectors()
    num_classes, width = vectors.shape
    joins = vectors.new_zeros(g.latent_dim + width, g.latent_dim + num_classes)
    joins[: g.latent_dim, : g.latent_dim] = torch.eye(g.latent_dim)
    joins[g.latent_dim :, g.latent_dim :] = vectors.t()
    return joins


def joined(z: Tensor, labels: Tensor | None, num_classes: int) -> Tensor:
    """What the plain form of a generator takes: `(N, Z)`, or z and the class as one-hot, `(N, Z + K) float32`."""
    if labels is None:
        return z
    return torch.cat([z, nn.functional.one_hot(labels, num_classes).to(z)], dim=1)
