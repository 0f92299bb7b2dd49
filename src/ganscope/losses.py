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
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

Critic = Callable[[Tensor], Tensor]

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


# The slopes, for passes written out by hand. A mean over N logits has slopes of the order of 1 / N.


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


def squared_differences(logits: Tensor, moved: Tensor, noise: Tensor) -> Tensor:
    """(D(x + noise) - D(x))^2 / E noise^2 of every row, `(N,)`: near `squared_gradients` for small noise, without
    second derivatives (Lin et al. 2025, "Diffusion adversarial post-training", equation 4).

    `logits (N,)` are D's of x, `moved (N,)` those of x + noise, of one graph; `noise` is normal. By first order and on
    average over the noise the two are equal; noise of standard deviation s also sees what is curved over s. Rounding in
    half precision adds to the value, but its gradient errs on both sides alike.
    """
    return (moved - logits).square() / noise.square().mean()


@torch.no_grad()
def clip_weights(d: nn.Module, limit: float) -> None:
    """Clamp every parameter of `d` to [-limit, limit] in place: Arjovsky et al. 2017, algorithm 1."""
    for parameter in d.parameters():
        parameter.clamp_(-limit, limit)


def add_spectral_norm(d: nn.Module) -> nn.Module:
    """Divide every linear and convolution weight of `d` by its largest singular value (Miyato et al. 2018).

    Changes `d` in place and returns it. One power iteration each time a layer is used in training;
    evaluation mode freezes the estimate.
    """
    for module in list(d.modules()):
        if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d):
            parametrizations.spectral_norm(module)
    return d


def instance_noise_sigma(images_seen: int, sigma: float, decay_images: int) -> float:
    """Standard deviation of the noise on D's input (Sonderby et al. 2017): falls linearly from `sigma` to 0.

    It stays at `sigma` where `decay_images` is 0.
    """
    if decay_images <= 0:
        return sigma
    return sigma * max(0.0, 1.0 - images_seen / decay_images)


def pack(x: Tensor, count: int) -> Tensor:
    """Join each `count` consecutive rows into one along axis 1: `(N, C, ...)` to `(N / count, count C, ...)`.

    A discriminator that sees several samples at once sees a lack of variety (PacGAN, Lin et al. 2018).
    Raises ValueError where N is no multiple of `count`.
    """
    num_rows, num_channels = x.shape[:2]
    if num_rows % count:
        raise ValueError(f"a batch of {num_rows} cannot be packed by {count}: choose a multiple")
    return x.reshape(num_rows // count, count * num_channels, *x.shape[2:])
