"""A conditional GAN on labelled images. Needs: torch, scikit-learn."""

import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

import ganscope

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=6000)
parser.add_argument("--out", default="runs/labelled")
args = parser.parse_args()

digits = load_digits()
x = torch.tensor(digits.images[:, None] / 8 - 1, dtype=torch.float32)
y = torch.tensor(digits.target)


class Generator(nn.Module):
    def __init__(self, nz=32, classes=10):
        super().__init__()
        self.embed = nn.Embedding(classes, nz)
        self.main = nn.Sequential(
            nn.Linear(2 * nz, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Linear(256, 64), nn.Tanh(),
            nn.Unflatten(1, (1, 8, 8)),
        )  # fmt: skip

    def forward(self, z, labels):
        return self.main(torch.cat([z, self.embed(labels)], dim=1))


class Discriminator(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.features = nn.Sequential(nn.Flatten(), nn.Linear(64, 256), nn.LeakyReLU(0.2), nn.Dropout(0.3))
        self.real = nn.Linear(256, 1)
        self.embed = nn.Embedding(classes, 256)  # the projection discriminator of Miyato & Koyama 2018

    def forward(self, images, labels):
        h = self.features(images)
        return self.real(h).squeeze(1) + (self.embed(labels) * h).sum(1)


G, D = Generator(), Discriminator()
g_opt = torch.optim.Adam(G.parameters(), 2e-4, betas=(0.5, 0.999))
d_opt = torch.optim.Adam(D.parameters(), 2e-4, betas=(0.5, 0.999))

scope = ganscope.watch(x, y, out=args.out, objective="non-saturating", batch_size=64)  # ganscope
for step in range(1, args.steps + 1):
    index = torch.randint(len(x), (64,))
    real, labels = x[index], y[index]
    fake = G(torch.randn(64, 32), labels)
    d_real, d_fake = D(real, labels), D(fake.detach(), labels)
    d_loss = F.softplus(-d_real).mean() + F.softplus(d_fake).mean()
    d_opt.zero_grad()
    d_loss.backward()
    d_opt.step()
    g_loss = F.softplus(-D(fake, labels)).mean()
    g_opt.zero_grad()
    g_loss.backward()
    g_opt.step()
    scope.log(64 * step, g_loss=g_loss, d_loss=d_loss, d_real=d_real.sigmoid(), d_fake=d_fake.sigmoid())  # ganscope
    if scope.due(64 * step):  # ganscope
        scope.snapshot(64 * step, G, latent_shape=32)  # ganscope: all ten classes in turn
scope.close()  # ganscope
