"""A Wasserstein GAN with gradient penalty (Gulrajani et al. 2017). Needs: torch, scikit-learn."""

import argparse

import torch
from sklearn.datasets import load_digits
from torch import autograd, nn

import ganscope

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=3000)
parser.add_argument("--out", default="runs/wgan-gp")
args = parser.parse_args()

BATCH, CRITIC_ITERS, LAMBDA, Z = 64, 5, 10, 32
data = torch.tensor(load_digits().images.reshape(-1, 64) / 16, dtype=torch.float32)  # rows in [0, 1]


def inf_train_gen():
    while True:
        for index in torch.randperm(len(data)).split(BATCH):
            if len(index) == BATCH:
                yield data[index]


def net(n_in, n_out, *last):
    return nn.Sequential(nn.Linear(n_in, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, n_out), *last)


def calc_gradient_penalty(critic, real, fake):
    alpha = torch.rand(BATCH, 1)
    between = (alpha * real + (1 - alpha) * fake).requires_grad_()
    gradients = autograd.grad(critic(between).sum(), between, create_graph=True)[0]
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean() * LAMBDA


netG, netD = net(Z, 64, nn.Sigmoid()), net(64, 1)
optimizerD = torch.optim.Adam(netD.parameters(), lr=1e-4, betas=(0.5, 0.9))
optimizerG = torch.optim.Adam(netG.parameters(), lr=1e-4, betas=(0.5, 0.9))
batches = inf_train_gen()

with ganscope.watch(data, out=args.out, objective="wasserstein", batch_size=BATCH * CRITIC_ITERS) as scope:  # ganscope
    for iteration in range(1, args.steps + 1):
        for _ in range(CRITIC_ITERS):
            real = next(batches)
            fake = netG(torch.randn(BATCH, Z)).detach()
            D_real, D_fake = netD(real).mean(), netD(fake).mean()
            D_cost = D_fake - D_real + calc_gradient_penalty(netD, real, fake)
            optimizerD.zero_grad()
            D_cost.backward()
            optimizerD.step()
        G_cost = -netD(netG(torch.randn(BATCH, Z))).mean()
        optimizerG.zero_grad()
        G_cost.backward()
        optimizerG.step()
        images_seen = iteration * BATCH * CRITIC_ITERS  # ganscope
        scope.log(images_seen, g_loss=G_cost, d_loss=D_cost, wasserstein=D_real - D_fake)  # ganscope
        if scope.due(images_seen):  # ganscope
            scope.snapshot(images_seen, netG, latent_shape=Z)  # ganscope
