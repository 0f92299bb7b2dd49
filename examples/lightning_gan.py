"""A GAN as Lightning's tutorial writes it. Needs: lightning, scikit-learn."""

import argparse

import lightning as L
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import ganscope

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=6000)
parser.add_argument("--out", default="runs/lightning")
args = parser.parse_args()


class GAN(L.LightningModule):
    def __init__(self, latent_dim=32, lr=2e-4):
        super().__init__()
        self.automatic_optimization = False
        self.latent_dim, self.lr = latent_dim, lr
        self.generator = nn.Sequential(
            nn.Linear(latent_dim, 128), nn.BatchNorm1d(128), nn.LeakyReLU(0.2), nn.Linear(128, 64), nn.Tanh(),
            nn.Unflatten(1, (1, 8, 8)),
        )  # fmt: skip
        self.discriminator = nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.LeakyReLU(0.2), nn.Linear(128, 1))

    def forward(self, z):
        return self.generator(z)

    def training_step(self, batch):
        imgs, _ = batch
        optimizer_g, optimizer_d = self.optimizers()
        z = torch.randn(imgs.shape[0], self.latent_dim).type_as(imgs)
        # train generator
        g_loss = F.softplus(-self.discriminator(self(z))).mean()
        self.log("g_loss", g_loss, prog_bar=True)
        optimizer_g.zero_grad()
        self.manual_backward(g_loss)
        optimizer_g.step()
        # train discriminator
        real, fake = self.discriminator(imgs), self.discriminator(self(z).detach())
        d_loss = (F.softplus(-real).mean() + F.softplus(fake).mean()) / 2
        self.log_dict({"d_loss": d_loss, "d_real": real.sigmoid().mean(), "d_fake": fake.sigmoid().mean()})
        optimizer_d.zero_grad()
        self.manual_backward(d_loss)
        optimizer_d.step()

    def configure_optimizers(self):
        nets = self.generator, self.discriminator
        return [torch.optim.Adam(net.parameters(), self.lr, (0.5, 0.999)) for net in nets]


digits = load_digits()
images = torch.tensor(digits.images[:, None] / 8 - 1, dtype=torch.float32)
loader = DataLoader(TensorDataset(images, torch.tensor(digits.target)), batch_size=64, shuffle=True, drop_last=True)

scope = ganscope.watch(loader, out=args.out, objective="non-saturating")  # ganscope
trainer = L.Trainer(
    max_steps=2 * args.steps, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
    enable_model_summary=False, callbacks=[ganscope.callbacks.lightning(scope, latent_shape=32)],  # ganscope
)  # fmt: skip
trainer.fit(GAN(), loader)
