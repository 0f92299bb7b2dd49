"""A DCGAN as PyTorch's tutorial writes it. Needs: torch, scikit-learn."""

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

import ganscope

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=6000)
parser.add_argument("--out", default="runs/pytorch-dcgan")
options = parser.parse_args()

digits = load_digits()
images = torch.tensor(digits.images[:, None] / 8 - 1, dtype=torch.float32)  # (N, 1, 8, 8) in [-1, 1]
dataset = TensorDataset(images, torch.tensor(digits.target))
dataloader = DataLoader(dataset, batch_size=64, shuffle=True, drop_last=True)
nz, ngf, ndf = 32, 32, 32


def weights_init(m):
    if isinstance(m, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(m.weight, 0.0, 0.02)


netG = nn.Sequential(
    nn.ConvTranspose2d(nz, ngf * 2, 2), nn.BatchNorm2d(ngf * 2), nn.ReLU(True),
    nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1), nn.BatchNorm2d(ngf), nn.ReLU(True),
    nn.ConvTranspose2d(ngf, 1, 4, 2, 1), nn.Tanh(),
)  # fmt: skip
netD = nn.Sequential(
    nn.Conv2d(1, ndf, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(ndf, ndf * 2, 4, 2, 1), nn.BatchNorm2d(ndf * 2),
    nn.LeakyReLU(0.2), nn.Conv2d(ndf * 2, 1, 2), nn.Sigmoid(), nn.Flatten(0),
)  # fmt: skip
netG.apply(weights_init)
netD.apply(weights_init)

criterion = nn.BCELoss()
optimizerD = optim.Adam(netD.parameters(), lr=0.0002, betas=(0.5, 0.999))
optimizerG = optim.Adam(netG.parameters(), lr=0.0002, betas=(0.5, 0.999))
real_label, fake_label = torch.ones(64), torch.zeros(64)

scope = ganscope.watch(dataloader, out=options.out, objective="non-saturating")  # ganscope
step = 0
while step < options.steps:
    for data in dataloader:
        # (1) Update D: maximise log(D(x)) + log(1 - D(G(z)))
        netD.zero_grad()
        output = netD(data[0])
        errD_real = criterion(output, real_label)
        errD_real.backward()
        D_x = output.mean()
        fake = netG(torch.randn(64, nz, 1, 1))
        output = netD(fake.detach())
        errD_fake = criterion(output, fake_label)
        errD_fake.backward()
        D_G_z1 = output.mean()
        optimizerD.step()
        # (2) Update G: maximise log(D(G(z)))
        netG.zero_grad()
        errG = criterion(netD(fake), real_label)
        errG.backward()
        optimizerG.step()
        step += 1
        scope.log(64 * step, g_loss=errG, d_loss=errD_real + errD_fake, d_real=D_x, d_fake=D_G_z1)  # ganscope
        if scope.due(64 * step):  # ganscope
            scope.snapshot(64 * step, netG, latent_shape=(nz, 1, 1))  # ganscope
        if step == options.steps:
            break
scope.close()  # ganscope
