"""Objectives on logits, and the penalties and constraints that go with them.

Legend: N images, C channels, H height, W width. Logits are `(N,) float`, any real number; a score is their sigmoid.
`x` is any batch whose first axis is N: images `(N, C, H, W) float in [-1, 1]` or points `(N, D)`.
Everything here takes tensors and returns tensors; noise and interpolation weights are drawn by the caller.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

LOG_4 = math.log(4.0)


@dataclass(frozen=True)
class Targets:
    """The labels that D is trained towards, and the one that G wants D to give its fakes.

    One-sided label smoothing (Salimans et al. 2016, section 3.4) is `real=0.9` with `fake=0`.
    Hinge, Wasserstein and relativistic objectives have no labels and ignore them.
    """

    real: float = 1.0
    fake: float = 0.0
    generator: float = 1.0


@dataclass(frozen=True)
class Objective:
    """A pair of losses, both to be minimised.

    `d_loss(real_logits (N,), fake_logits (N,), targets) -> ()` and
    `g_loss(fake_logits (N,), real_logits (N,) or None, targets) -> ()`.
    """

    name: str
    d_loss: Callable[[Tensor, Tensor, Targets], Tensor]
    g_loss: Callable[[Tensor, Tensor | None, Targets], Tensor]
    needs_real_in_g: bool
    """Whether G's loss compares its fakes with reals, so that D must score reals in G's step too."""
    d_slopes: Callable[[Tensor, Tensor, Targets], tuple[Tensor, Tensor]] | None = None
    """The gradient of `d_loss` by the real and by the fake logits, `(N,)` each, in closed form."""
    g_slopes: Callable[[Tensor, Targets], Tensor] | None = None
    """The gradient of `g_loss` by the fake logits `(N,)`, where it needs no real ones."""


def _bce(logits: Tensor, target: float) -> Tensor:
    """Mean binary cross-entropy of `(N,)` logits against one label in [0, 1], for logits of any size."""
    # -t log s(l) - (1-t) log(1-s(l)) = softplus(l) - t l; softplus neither overflows nor loses log(1-s) for large l.
    return (F.softplus(logits) - target * logits).mean()


def _bce_d_loss(real_logits: Tensor, fake_logits: Tensor, targets: Targets) -> Tensor:
    return _bce(real_logits, targets.real) + _bce(fake_logits, targets.fake)


def _minimax_g_loss(fake_logits: Tensor, real_logits: Tensor | None, targets: Targets) -> Tensor:
    """E log(1 - D(G(z))), Goodfellow et al. 2014, equation 1: its gradient dies where D(G(z)) is near 0."""
    return -F.softplus(fake_logits).mean()


def _non_saturating_g_loss(fake_logits: Tensor, real_logits: Tensor | None, targets: Targets) -> Tensor:
    """-E log D(G(z)), Goodfellow et al. 2014, section 3."""
    return _bce(fake_logits, targets.generator)


def _least_squares_d_loss(real_logits: Tensor, fake_logits: Tensor, targets: Targets) -> Tensor:
    """Mao et al. 2017, equation 2, with b = targets.real and a = targets.fake on D's raw output."""
    return 0.5 * (real_logits - targets.real).square().mean() + 0.5 * (fake_logits - targets.fake).square().mean()


def _least_squares_g_loss(fake_logits: Tensor, real_logits: Tensor | None, targets: Targets) -> Tensor:
    return 0.5 * (fake_logits - targets.generator).square().mean()


def _hinge_d_loss(real_logits: Tensor, fake_logits: Tensor, targets: Targets) -> Tensor:
    """Lim & Ye 2017; Miyato et al. 2018, equation 16."""
    return F.relu(1.0 - real_logits).mean() + F.relu(1.0 + fake_logits).mean()


def _minus_mean_g_loss(fake_logits: Tensor, real_logits: Tensor | None, targets: Targets) -> Tensor:
    """-E D(G(z)): the generator of both the hinge and the Wasserstein objective."""
    return -fake_logits.mean()


def _wasserstein_d_loss(real_logits: Tensor, fake_logits: Tensor, targets: Targets) -> Tensor:
    """Arjovsky et al. 2017, equation 3 (negated); meaningful only for a D kept Lipschitz by clipping or a penalty."""
    return fake_logits.mean() - real_logits.mean()


def _relativistic_d_loss(real_logits: Tensor, fake_logits: Tensor, targets: Targets) -> Tensor:
    """E softplus(-(D(x) - D(G(z)))) over pairs: Jolicoeur-Martineau 2019; Huang et al. 2024, equation 2."""
    return F.softplus(fake_logits - real_logits).mean()


def _relativistic_g_loss(fake_logits: Tensor, real_logits: Tensor | None, targets: Targets) -> Tensor:
    if real_logits is None:
        raise ValueError("the relativistic generator loss compares fakes with reals: pass real_logits")
    return F.softplus(real_logits - fake_logits).mean()


# The slopes, for hand-written passes. A mean over N logits has slopes of the order of 1 / N.


def _bce_slopes(logits: Tensor, target: float) -> Tensor:
    return (torch.sigmoid(logits) - target) / len(logits)


def _bce_d_slopes(real_logits: Tensor, fake_logits: Tensor, targets: Targets) -> tuple[Tensor, Tensor]:
    return _bce_slopes(real_logits, targets.real), _bce_slopes(fake_logits, targets.fake)


def _minimax_g_slopes(fake_logits: Tensor, targets: Targets) -> Tensor:
    return -torch.sigmoid(fake_logits) / len(fake_logits)


def _non_saturating_g_slopes(fake_logits: Tensor, targets: Targets) -> Tensor:
    return _bce_slopes(fake_logits, targets.generator)


def _least_squares_d_slopes(real_logits: Tensor, fake_logits: Tensor, targets: Targets) -> tuple[Tensor, Tensor]:
    return (real_logits - targets.real) / len(real_logits), (fake_logits - targets.fake) / len(fake_logits)


def _least_squares_g_slopes(fake_logits: Tensor, targets: Targets) -> Tensor:
    return (fake_logits - targets.generator) / len(fake_logits)


def _hinge_d_slopes(real_logits: Tensor, fake_logits: Tensor, targets: Targets) -> tuple[Tensor, Tensor]:
    count = len(real_logits)
    return -(real_logits < 1.0).to(real_logits) / count, (fake_logits > -1.0).to(fake_logits) / count


def _minus_mean_g_slopes(fake_logits: Tensor, targets: Targets) -> Tensor:
    return torch.full_like(fake_logits, -1.0 / len(fake_logits))


def _wasserstein_d_slopes(real_logits: Tensor, fake_logits: Tensor, targets: Targets) -> tuple[Tensor, Tensor]:
    down = _minus_mean_g_slopes(real_logits, targets)
    return down, -down


OBJECTIVES: dict[str, Objective] = {
    objective.name: objective
    for objective in (
        Objective("minimax", _bce_d_loss, _minimax_g_loss, False, _bce_d_slopes, _minimax_g_slopes),
        Objective(
            "non-saturating", _bce_d_loss, _non_saturating_g_loss, False, _bce_d_slopes, _non_saturating_g_slopes
        ),
        Objective(
            "least-squares", _least_squares_d_loss, _least_squares_g_loss, False, _least_squares_d_slopes,
            _least_squares_g_slopes,
        ),
        Objective("hinge", _hinge_d_loss, _minus_mean_g_loss, False, _hinge_d_slopes, _minus_mean_g_slopes),
        Objective(
            "wasserstein", _wasserstein_d_loss, _minus_mean_g_loss, False, _wasserstein_d_slopes, _minus_mean_g_slopes
        ),
        Objective("relativistic", _relativistic_d_loss, _relativistic_g_loss, True),
    )
}  # fmt: skip


def value(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """V(D, G) = E log D(x) + E log(1 - D(G(z))) in nats, `()`: Goodfellow et al. 2014, equation 1.

    At most 0; -log 4 for a D that always says 1/2.
    """
    return -F.softplus(-real_logits).mean() - F.softplus(fake_logits).mean()


def jsd_bound(value: Tensor) -> Tensor:
    """(V + log 4) / 2 in nats, the Jensen-Shannon divergence that `value` proves at least (Theorem 1, ibid.).

    A lower bound for any D, reached by the optimal one. It is at most log 2, and below 0 for a D worse than a coin.
    """
    return (value + LOG_4) / 2.0
