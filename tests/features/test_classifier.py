"""The classifier: any size, a function of images and seed, a budget that shrinks with the pixels."""

from __future__ import annotations

import pytest
import torch

from fixtures.parts import digits
from ganscope.features import cache
from ganscope.features.classifier import Classifier, planned_images, train_classifier
from ganscope.features.encoder import Encoder


@pytest.mark.parametrize(("size", "channels"), [(8, 1), (8, 3), (16, 3), (28, 1), (32, 3), (64, 3), (128, 1)])
def test_networks_take_every_size_and_channel_count(size: int, channels: int) -> None:
    images = torch.zeros(3, channels, size, size, dtype=torch.uint8)
    net = Classifier(size, channels, 7).eval()
    found = net.features(images)
    assert found.shape == (3, 64)
    assert net.logits(found).shape == (3, 7)
    assert sum(p.numel() for p in net.parameters()) < 600_000
    assert Encoder(size, channels).eval()(images).shape == (3, 2 * 4 * (32 + 64 + 128))


def test_training_is_a_function_of_images_and_seed() -> None:
    train, _ = digits()
    images, labels = train.images[:300], train.labels
    assert labels is not None

    def weights(seed: int) -> str:
        return cache.fingerprint(train_classifier(images, labels[:300], 10, num_images=1500, seed=seed).state_dict())

    assert weights(0) == weights(0) != weights(1)


def test_the_budget_of_training_shrinks_with_the_pixels() -> None:
    assert planned_images(60_000, 28) == 300_000
    assert planned_images(13_000, 64) < 80_000
    assert planned_images(1437, 8) == 20 * 1437
