"""Networks that are told a class: the projection, the joined embedding, and their plain form."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ganscope.networks.conditional import ConditionalDiscriminator, ConditionalGenerator, embedded, joined, told, tried
from ganscope.networks.operators import apply, generator_operators
from ganscope.networks.options import NetworkOptions
from ganscope.networks.pair import build_pair
from ganscope.networks.plain import plain_layers
from ganscope.networks.summary import count_parameters, network_table

CLASSES = 5


def pair(name: str, classes: int = CLASSES, **more: Any) -> tuple[torch.nn.Module, torch.nn.Module]:
    channels = 2 if name == "toy" else 1
    options = dict(size=16, channels=channels, latent_dim=12, g_width=16, d_width=16, num_classes=classes) | more
    return build_pair(name, NetworkOptions(**options), seed=0)


def batch(name: str) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    source = torch.Generator().manual_seed(1)
    images = torch.randn((7, 2) if name == "toy" else (7, 1, 16, 16), generator=source)
    return torch.randn(7, 12, generator=source), images, torch.arange(7) % CLASSES


@pytest.mark.parametrize("name", ["mlp", "dcgan", "resnet", "toy"])
def test_every_pair_can_be_told_a_class(name: str) -> None:
    g, d = pair(name, d_norm="none")
    z, images, labels = batch(name)
    g.eval(), d.eval()
    assert g(z, labels).shape == images.shape and d(images, labels).shape == (7,)
    assert not torch.equal(g(z, labels), g(z, (labels + 1) % CLASSES)), "the class changes the image"
    assert not torch.equal(d(images, labels), d(images, (labels + 1) % CLASSES)), "and what D says of it"
    for made, x in ((g, z), (d, images)):
        with pytest.raises(TypeError):
            made(x)  # nobody is told class 0 by mistake


def test_the_logit_is_the_plain_one_plus_the_product_with_the_class_embedding() -> None:
    """Miyato & Koyama 2018, equation 3, by hand: yᵀVφ(x) + ψ(φ(x))."""
    _, d = pair("mlp")
    assert isinstance(d, ConditionalDiscriminator)
    _, images, labels = batch("mlp")
    features = torch.nn.functional.leaky_relu(d.inner.hidden(images.flatten(1)), 0.01)
    weight, bias = d.inner.output.weight, d.inner.output.bias
    own = features @ weight[0] + bias[0]
    projection = (features * weight[1 + labels]).sum(1) + bias[1 + labels]
    torch.testing.assert_close(d(images, labels), own + projection)


def test_g_sees_the_embedding_behind_z_and_no_more() -> None:
    g, _ = pair("dcgan")
    assert isinstance(g, ConditionalGenerator)
    z, _, labels = batch("dcgan")
    g.eval()
    rows = g.classes.weight[labels]
    vectors = 2 * rows / rows.square().sum(1, keepdim=True).sqrt()
    torch.testing.assert_close(g(z, labels), g.inner(torch.cat([z, vectors], 1)))
    plain, _ = pair("dcgan", classes=0, latent_dim=12 + embedded(12))
    assert count_parameters(g) == count_parameters(plain) + CLASSES * embedded(12)


@pytest.mark.parametrize("name", ["mlp", "dcgan", "resnet", "toy"])
def test_the_plain_form_takes_the_class_as_one_hot(name: str) -> None:
    g, _ = pair(name)
    z, _, labels = batch(name)
    g.eval()
    rows = joined(z, labels, CLASSES)
    assert rows.shape == (7, 12 + CLASSES)
    with torch.no_grad():
        torch.testing.assert_close(plain_layers(g)(rows), g(z, labels), rtol=1e-4, atol=1e-4)


def test_a_network_that_is_told_nothing_is_itself() -> None:
    g, _ = pair("mlp", classes=0)
    assert told(g, None) is g and joined(torch.zeros(2, 3), None, 0).shape == (2, 3)
    assert tried(pair("mlp")[0], torch.zeros(2, 12)).shape == (2, 1, 16, 16)
    assert "Embedding" in network_table(*pair("mlp"), latent_dim=12, image_shape=(1, 16, 16))


@pytest.mark.parametrize("name", ["mlp", "dcgan", "resnet"])
def test_its_operators_make_the_same_images_of_latent_and_class(name: str) -> None:
    g, _ = pair(name, d_norm="none")
    z, _, labels = batch(name)
    with torch.no_grad():
        wanted = g.eval()(z, labels)
    found = apply(generator_operators(g), joined(z, labels, CLASSES))
    assert torch.allclose(found, wanted, atol=1e-5)
