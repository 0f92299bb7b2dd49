"""What a network is made of: its layers, parameters and floating-point operations."""

from __future__ import annotations

import torch
from torch import nn

from ganscope.networks.conditional import tried


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
    tried(network, torch.zeros(2, *shape))
    for hook in hooks:
        hook.remove()
    network.train(training)
    return total / 2


@torch.no_grad()
def activations(network: nn.Module, *shape: int) -> int:
    """Numbers that all layers give out for one input of `shape`: what a backward pass has to keep."""
    total = 0

    def count(layer: nn.Module, given: tuple[torch.Tensor, ...], made: torch.Tensor) -> None:
        nonlocal total
        total += made.numel()

    training = network.training
    network.eval()
    leaves = [module for module in network.modules() if not list(module.children())]
    hooks = [leaf.register_forward_hook(count) for leaf in leaves]
    tried(network, torch.zeros(2, *shape))
    for hook in hooks:
        hook.remove()
    network.train(training)
    return total // 2


def count_parameters(network: nn.Module) -> int:
    """Trainable numbers in a network."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def network_table(g: nn.Module, d: nn.Module, *, latent_dim: int, image_shape: tuple[int, ...]) -> str:
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
        tried(network, example.to(next(network.parameters()).device))
    network.train(training)
    for handle in handles:
        handle.remove()
    widths = [max(len(row[i]) for row in [*rows, ("layer", "output", "parameters")]) for i in range(3)]
    rule = "─" * (sum(widths) + 4)
    lines = [f"{title}  (input {' × '.join(str(side) for side in example.shape[1:])})", rule]
    for name, shape, count in [("layer", "output", "parameters"), *rows]:
        lines.append(f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}")
    return "\n".join([*lines, rule, f"{count_parameters(network):,} parameters", ""])
