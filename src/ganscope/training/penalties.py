"""Gradient penalties and weight clipping: what keeps D smooth."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

Critic = Callable[[Tensor], Tensor]


def _input_gradients(d: Critic, x: Tensor) -> Tensor:
    """The gradient of each row's own logit, `(N, ...) float32`, itself differentiable."""
    x = x.detach().float().requires_grad_(True)
    # Half precision would square small gradients to zero.
    with torch.autocast(x.device.type, enabled=False):
        logits = d(x)
        (gradients,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return gradients


def gradient_penalty(d: Critic, real: Tensor, fake: Tensor, alpha: Tensor) -> Tensor:
    """E (|grad D(u)| - 1)^2 at u = alpha real + (1 - alpha) fake, `()`: Gulrajani et al. 2017, equation 3.

    `alpha` is `(N, 1, ...) float in [0, 1]`, one weight a pair. D must score rows apart (no batch normalisation).
    """
    gradients = _input_gradients(d, alpha * real + (1.0 - alpha) * fake)
    # The square root has no slope at 0, where a D still flat would give NaN; 1e-12 keeps it finite.
    norms = (gradients.flatten(1).square().sum(1) + 1e-12).sqrt()
    return (norms - 1.0).square().mean()


def zero_centred_penalty(d: Critic, images: Tensor) -> Tensor:
    """E |grad D(x)|^2, `()`: R1 on reals (Mescheder et al. 2018, equation 9), R2 on fakes; weigh it with gamma / 2."""
    return _input_gradients(d, images).square().flatten(1).sum(1).mean()


def squared_gradients(logits: Tensor, inputs: Tensor) -> Tensor:
    """|grad D(x)|^2 of every row, `(N,)`, of `logits (N,)` that D gave to `inputs` which require a gradient.

    The mean is `zero_centred_penalty` without D's second pass. D must have judged rows apart, in float32: half
    precision would lose small gradients.
    """
    (gradients,) = torch.autograd.grad(logits.sum(), inputs, create_graph=True)
    return gradients.square().flatten(1).sum(1)


def squared_differences(logits: Tensor, moved: Tensor, variance: Tensor) -> Tensor:
    """(D(x + noise) - D(x))^2 / E noise^2 of every row, `(N,)`: near `squared_gradients` for small noise, without
    second derivatives (Lin et al. 2025, "Diffusion adversarial post-training", equation 4).

    `logits (N,)` are D's of x, `moved (N,)` those of x + noise, of one graph; `variance ()` is of the normal noise. By
    first order and on average over the noise the two are equal; noise of standard deviation s also sees what is
    curved over s. Rounding in half precision adds to the value, but its gradient errs on both sides alike.
    """
    return (moved - logits).square() / variance


@torch.no_grad()
def clip_weights(d: nn.Module, limit: float) -> None:
    """Clamp every parameter of `d` to [-limit, limit] in place: Arjovsky et al. 2017, algorithm 1."""
    for parameter in d.parameters():
        parameter.clamp_(-limit, limit)
