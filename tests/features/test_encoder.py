"""The contrastive encoder."""

from __future__ import annotations

import torch

from fixtures.parts import unlabelled
from ganscope.features.encoder import contrastive_encoder, random_encoder


def test_the_contrastive_encoder_learns_on_its_pretext() -> None:
    said: list[str] = []
    images = unlabelled(size=16, count=64).images
    net = contrastive_encoder(images, num_images=64 * 20, batch=64, progress=said.append)
    before, after = random_encoder(images).state_dict(), net.state_dict()
    assert not any(torch.equal(before[key], after[key]) for key in before if key.endswith("weight"))
    losses = [float(text.split("loss ")[1]) for text in said]
    assert losses[-1] < losses[0]
    assert not net.training
