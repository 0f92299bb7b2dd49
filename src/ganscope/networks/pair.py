"""The NETWORKS table: the generator and discriminator of each name; their initialisation and summary."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

from ganscope.networks import dcgan, mlp, points, resnet
from ganscope.networks.conditional import ConditionalDiscriminator, ConditionalGenerator, embedded
from ganscope.networks.options import NetworkOptions
from ganscope.networks.spectral import add_spectral_norm


class Pair(NamedTuple):
    """How the two networks of a name are built. `batch_norm_in_d`: whether `d_norm` may join the images of a batch."""

    generator: Callable[[NetworkOptions], nn.Module]
    discriminator: Callable[[NetworkOptions], nn.Module]
    convolutional: bool
    batch_norm_in_d: bool = False


NETWORKS: dict[str, Pair] = {
    "mlp": Pair(mlp.build_generator, mlp.build_discriminator, convolutional=False),
    "dcgan": Pair(dcgan.build_generator, dcgan.build_discriminator, convolutional=True, batch_norm_in_d=True),
    "resnet": Pair(resnet.build_generator, resnet.build_discriminator, convolutional=True),
    "toy": Pair(points.build_generator, points.build_discriminator, convolutional=False),
}


def scores_independently(name: str, d_norm: str) -> bool:
    """Whether D's logit of an image does not depend on the rest of its batch."""
    return not NETWORKS[name].batch_norm_in_d or d_norm == "none"


def build_pair(name: str, options: NetworkOptions, seed: int) -> tuple[nn.Module, nn.Module]:
    """Both networks, freshly initialised from `seed`; PyTorch's global generator is left as it was."""
    pair = NETWORKS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        wide = options.latent_dim + embedded(options.latent_dim) if options.num_classes else options.latent_dim
        g, d = pair.generator(dataclasses.replace(options, latent_dim=wide)), pair.discriminator(options)
        if options.init_std > 0:
            initialise(g, options.init_std)
            initialise(d, options.init_std)
        if options.spectral_norm:
            add_spectral_norm(d)
        if options.num_classes:
            g = ConditionalGenerator(g, options.num_classes, options.latent_dim)
            d = ConditionalDiscriminator(d, options.num_classes)
    return g, d


def initialise(network: nn.Module, std: float) -> None:
    """Convolutions from N(0, std), batch norm's scale from N(1, 0.02) and its shift 0 (Radford et al. 2016, §4).

    Dense layers keep what they have, as in the LFW system; where there are no others, theirs are the weights meant.
    """
    dense = not any(isinstance(module, nn.Conv2d | nn.ConvTranspose2d) for module in network.modules())
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) or (dense and isinstance(module, nn.Linear)):
            nn.init.normal_(module.weight, 0.0, std)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)
