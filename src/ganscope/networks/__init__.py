"""The NETWORKS table: the generator and discriminator of each name; their initialisation and summary."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

from ganscope.losses import add_spectral_norm
from ganscope.networks import dcgan, mlp, resnet, toy


class Pair(NamedTuple):
    """`generator(size, channels, latent_dim, width)` and `discriminator(size, channels, width)`.

    With `variants`, the generator takes `bottom` and `blur` as further arguments and the discriminator `norm` and
    `bottom`.
    """

    generator: Callable[..., nn.Module]
    discriminator: Callable[..., nn.Module]
    convolutional: bool
    variants: bool = False


NETWORKS: dict[str, Pair] = {
    "mlp": Pair(mlp.build_generator, mlp.build_discriminator, convolutional=False),
    "dcgan": Pair(dcgan.build_generator, dcgan.build_discriminator, convolutional=True, variants=True),
    "resnet": Pair(resnet.build_generator, resnet.build_discriminator, convolutional=True),
    "toy": Pair(toy.build_generator, toy.build_discriminator, convolutional=False),
}


def judges_apart(name: str, d_norm: str) -> bool:
    """Whether D's logit of an image does not depend on the rest of its batch."""
    return not NETWORKS[name].variants or d_norm == "none"


def build(
    name: str,
    *,
    size: int,
    channels: int,
    latent_dim: int,
    g_width: int | None,
    d_width: int | None,
    init_std: float | None,
    spectral_norm: bool,
    pack: int,
    seed: int,
    d_norm: str = "batch",
    bottom: bool = False,
    g_blur: bool = False,
) -> tuple[nn.Module, nn.Module]:
    """Both networks, freshly initialised from `seed`; PyTorch's global generator is left as it was."""
    pair = NETWORKS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        g_variant, d_variant = ((bottom, g_blur), (d_norm, bottom)) if pair.variants else ((), ())
        g = pair.generator(size, channels, latent_dim, g_width, *g_variant)
        d = pair.discriminator(size, channels * pack, d_width, *d_variant)
        if init_std is not None:
            initialise(g, init_std)
            initialise(d, init_std)
        if spectral_norm:
            add_spectral_norm(d)
    return g, d


def initialise(network: nn.Module, std: float) -> None:
    """Convolutions from N(0, std), batch norm's scale from N(1, 0.02) and its shift 0 (Radford et al. 2016, §4).

    Dense layers keep what they have, as in the LFW system.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, std)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)


@torch.no_grad()
def flops(network: nn.Module, *shape: int) -> float:
    """Floating-point operations of the products in one forward pass an input of `shape` (without its batch axis).

    A multiplication and an addition count as two; norms and activations count nothing.
    """
    total = 0.0

    def count(layer: nn.Module, given: tuple[torch.Tensor, ...], made: torch.Tensor) -> None:
        nonlocal total
        if isinstance(layer, nn.Linear):
            total += 2.0 * made.numel() * layer.in_features
        elif isinstance(layer, nn.Conv2d):
            total += 2.0 * made.numel() * layer.weight[0].numel()
        elif isinstance(layer, nn.ConvTranspose2d):
            total += 2.0 * given[0].numel() * layer.weight[0].numel()

    training = network.training
    network.eval()
    hooks = [module.register_forward_hook(count) for module in network.modules()]
    network(torch.zeros(2, *shape))
    for hook in hooks:
        hook.remove()
    network.train(training)
    return total / 2


def count_parameters(network: nn.Module) -> int:
    """Trainable numbers in a network."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def summary(g: nn.Module, d: nn.Module, *, latent_dim: int, image_shape: tuple[int, ...]) -> str:
    """Layers, output shapes and parameters of both networks, as a table. `image_shape` is what D takes, `(C, H, W)`."""
    g_text = _summary_of("Generator", g, torch.zeros(2, latent_dim))
    return g_text + "\n" + _summary_of("Discriminator", d, torch.zeros(2, *image_shape))


def _kind(module: nn.Module) -> str:
    """The name of PyTorch's layer that a module is or derives from."""
    names = [kind.__name__ for kind in type(module).__mro__ if kind.__module__.startswith("torch.nn.modules")]
    return next((name for name in names if name not in ("Module", "_ConvNd")), type(module).__name__)


def _summary_of(title: str, network: nn.Module, example: torch.Tensor) -> str:
    rows: list[tuple[str, str, str]] = []

    def record(module: nn.Module, inputs: object, output: torch.Tensor) -> None:
        shape = " × ".join(str(side) for side in output.shape[1:]) or "1"
        own = sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
        rows.append((_kind(module), shape, f"{own:,}"))

    leaves = [m for m in network.modules() if not list(m.children()) or hasattr(m, "parametrizations")]
    handles = [leaf.register_forward_hook(record) for leaf in leaves if leaf is not network]
    training = network.training
    network.eval()
    with torch.no_grad():
        network(example.to(next(network.parameters()).device))
    network.train(training)
    for handle in handles:
        handle.remove()
    widths = [max(len(row[i]) for row in [*rows, ("layer", "output", "parameters")]) for i in range(3)]
    rule = "─" * (sum(widths) + 4)
    lines = [f"{title}  (input {' × '.join(str(side) for side in example.shape[1:])})", rule]
    for name, shape, count in [("layer", "output", "parameters"), *rows]:
        lines.append(f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}")
    return "\n".join([*lines, rule, f"{count_parameters(network):,} parameters", ""])
