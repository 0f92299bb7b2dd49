"""The loops that tutorials teach, as the baselines of `train_speed.py`: nothing is made slow on purpose, nothing fast.

Float32, NCHW, a sigmoid in D with BCE on it, two Adam optimisers, `.item()` every iteration, and G's step computes the
gradients of D's weights as well, because nothing tells autograd not to.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset


class PhotoDataset(Dataset[Tensor]):
    """Whole photographs in memory, resized with PIL each time one is asked for."""

    def __init__(self, photos: np.ndarray, size: int) -> None:
        self.photos, self.size = photos, size

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: int) -> Tensor:
        from PIL import Image

        picture = Image.fromarray(self.photos[index]).resize((self.size, self.size), Image.Resampling.BILINEAR)
        pixels = np.asarray(picture).astype(np.float32) / 127.5 - 1
        return torch.from_numpy(pixels.transpose(2, 0, 1).copy())


class ArrayDataset(Dataset[Tensor]):
    """Small images `(N, C, H, W) uint8`, normalised one by one."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(self.images[index].astype(np.float32) / 127.5 - 1)


class WithSigmoid(nn.Module):
    """A discriminator that gives probabilities, as tutorials have it."""

    def __init__(self, d: nn.Module) -> None:
        super().__init__()
        self.d = d

    def forward(self, images: Tensor) -> Tensor:
        return torch.sigmoid(self.d(images))


def plain_layers(network: nn.Module) -> nn.Module:
    """The same weights in PyTorch's own layers, in place of those that ganscope made faster."""
    for module in network.modules():
        for kind in (nn.Conv2d, nn.ConvTranspose2d):
            if isinstance(module, kind):
                module.__class__ = kind
    return network


class TutorialLoop:
    """One iteration at a time: D on a real and a fake batch, then G on the same fakes."""

    def __init__(
        self, g: nn.Module, d: nn.Module, *, latent_dim: int, g_lr: float, d_lr: float, beta1: float,
        label_real: float, label_generator: float,
    ) -> None:  # fmt: skip
        self.g, self.d, self.latent_dim = plain_layers(g), WithSigmoid(plain_layers(d)), latent_dim
        self.label_real, self.label_generator = label_real, label_generator
        self.device = next(g.parameters()).device
        self.criterion = nn.BCELoss()
        self.g_optimizer = torch.optim.Adam(self.g.parameters(), lr=g_lr, betas=(beta1, 0.999))
        self.d_optimizer = torch.optim.Adam(self.d.parameters(), lr=d_lr, betas=(beta1, 0.999))

    def step(self, real: Tensor, z: Tensor | None = None) -> tuple[float, float, float, float, float]:
        """Loss of D, loss of G, D(x), D(G(z)) before and after D's step."""
        batch, real = len(real), real.to(self.device)
        self.d.zero_grad()
        output = self.d(real).view(-1)
        real_loss = self.criterion(output, torch.full((batch,), self.label_real, device=self.device))
        real_loss.backward()
        d_real = output.mean().item()

        fake = self.g(torch.randn(batch, self.latent_dim, device=self.device) if z is None else z)
        output = self.d(fake.detach()).view(-1)
        fake_loss = self.criterion(output, torch.zeros(batch, device=self.device))
        fake_loss.backward()
        d_fake_before = output.mean().item()
        self.d_optimizer.step()

        self.g.zero_grad()
        output = self.d(fake).view(-1)
        g_loss = self.criterion(output, torch.full((batch,), self.label_generator, device=self.device))
        g_loss.backward()
        d_fake_after = output.mean().item()
        self.g_optimizer.step()
        return (real_loss + fake_loss).item(), g_loss.item(), d_real, d_fake_before, d_fake_after
