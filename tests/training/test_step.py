"""One iteration: equal to the tutorial's loop in float32, and to closed forms where there are some."""

from __future__ import annotations

import copy
import dataclasses
import math

import numpy as np
import pytest
import torch

from ganscope.config.plan import plan
from ganscope.config.presets import PRESETS, make_config
from ganscope.device import choose_backend
from ganscope.networks import dcgan, pair
from ganscope.training import packing, penalties
from ganscope.training.batches import Batches
from ganscope.training.packing import packed
from ganscope.training.sampling import latents, normalise, to_uint8
from ganscope.training.state import SCALARS, backend_of, new_state
from ganscope.training.step import Game, discriminate, put_gradients, train_iteration
from tutorial import TutorialLoop


@pytest.mark.parametrize(("preset", "size", "channels"), [("dcgan", 64, 3), ("plain", 28, 1), ("mlp", 28, 1)])
def test_equals_the_tutorial_loop(preset: str, size: int, channels: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, channels, size, size), dtype=np.uint8)
    config = make_config("x", preset, g_width=8, d_width=8, batch_size=16, threads=1, precision="float32")
    config = plan(config, num_images=40, size=size, channels=channels)
    backend = choose_backend(device="cpu", precision="float32", threads=1, convolutional=preset != "mlp")
    state, batches = new_state(config, backend), Batches(images, config, backend)
    loop = TutorialLoop(
        copy.deepcopy(state.g), copy.deepcopy(state.d), latent_dim=config.latent_dim, g_lr=config.g_lr,
        d_lr=config.d_lr, beta1=config.g_beta1, label_real=config.label_real, label_generator=config.label_generator,
    )  # fmt: skip
    for _ in range(3):
        position = state.images_seen
        expected = loop.step(batches.at(position, 16).images, latents(config, 16, "z", position))
        ours = dict(zip(SCALARS, train_iteration(Game.of(config, backend), state, batches).tolist(), strict=True))
        found = [ours[name] for name in ("d_loss", "g_loss", "d_real", "d_fake_before", "d_fake_after")]
        assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("preset", [name for name in PRESETS if name != "wgan-gp"])
def test_no_step_mixes_devices(preset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PyTorch's device without storage, where a tensor made on the CPU is refused as it would be on a GPU.

    Without the three things that device lacks: autocast, Adam's kernel, and switching autocast off (`wgan-gp`).
    """
    monkeypatch.setattr("ganscope.networks.strided._working_dtype", lambda images: images.dtype)
    monkeypatch.setattr("ganscope.training.adam.Adam.step", lambda self: None)
    size, channels = {"toy-1d": (1, 1), "toy-2d": (1, 2), "toy-grid": (1, 2)}.get(preset, (28, 1))
    shape = (64, channels) if size == 1 else (64, channels, size, size)
    images = np.zeros(shape, np.float32 if size == 1 else np.uint8)
    config = make_config("x", preset, device="cpu", batch_size=32, g_width=8, d_width=8, flip=size > 1)
    config = plan(config, num_images=64, size=size, channels=channels)
    backend = dataclasses.replace(
        backend_of(config), device=torch.device("meta"), autocast_dtype=None, product_dtype=torch.float32
    )
    state = new_state(config, backend)
    scalars = train_iteration(Game.of(config, backend), state, Batches(images, config, backend))
    gradients = [parameter.grad for parameter in state.g_parameters + state.d_parameters]
    assert all(gradient is not None and gradient.device.type == "meta" for gradient in gradients)
    assert scalars.device.type == "meta"


def test_every_image_is_seen_once_an_epoch_whatever_the_batch() -> None:
    images = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    config = plan(make_config("x", "mlp", batch_size=3), num_images=10, size=1, channels=1)
    batches = Batches(images, config, choose_backend(device="cpu", threads=1, convolutional=False))
    seen = torch.cat([batches.at(position, 3).images for position in range(0, 30, 3)]).flatten()
    values = ((seen + 1) * 127.5).round().int().tolist()
    assert [sorted(values[start : start + 10]) for start in (0, 10, 20)] == [list(range(10))] * 3
    assert values[:10] != values[10:20]


def test_normalise_and_back_is_the_identity_on_all_256_values() -> None:
    levels = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1)
    assert normalise(levels).min() == -1 and normalise(levels).max() == 1
    assert torch.equal(to_uint8(normalise(levels)), levels)


def test_bf16_computes_the_same_step_to_bf16_accuracy() -> None:
    """The path for hardware with bf16, run on any: slow there, but the same mathematics."""
    images = np.random.default_rng(0).integers(0, 256, (16, 1, 16, 16), dtype=np.uint8)
    results = []
    for precision in ("float32", "bf16"):
        config = make_config("x", "dcgan", g_width=8, d_width=8, batch_size=16, precision=precision)
        config = plan(config, num_images=16, size=16, channels=1)
        backend = choose_backend(device="cpu", precision=precision, threads=1)
        state = new_state(config, backend)
        results.append(train_iteration(Game.of(config, backend), state, Batches(images, config, backend)))
        assert all(parameter.dtype == torch.float32 for parameter in state.g_parameters)
    exact, rounded = results
    assert torch.allclose(exact, rounded, atol=0.05) and not torch.equal(exact, rounded)


@pytest.mark.parametrize("objective", ["minimax", "least-squares", "hinge", "wasserstein", "relativistic"])
def test_every_objective_and_penalty_takes_a_finite_step(objective: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (16, 1, 8, 8), dtype=np.uint8)
    config = plan(make_config(
        "x", "dcgan", objective=objective, g_width=4, d_width=4, batch_size=8, r1=0.1, r2=0.1, gradient_penalty=1.0,
        weight_clip=0.05, instance_noise=0.1, instance_noise_images=100, spectral_norm=objective == "hinge", pack=2,
        d_norm="none",
    ), num_images=16, size=8, channels=1)  # fmt: skip
    backend = choose_backend(device="cpu", threads=1)
    state = new_state(config, backend)
    for _ in range(2):
        scalars = train_iteration(Game.of(config, backend), state, Batches(images, config, backend))
    assert all(math.isfinite(number) for number in scalars.tolist())
    assert max(float(p.detach().abs().max()) for p in state.d_parameters) <= 0.05 + 1e-7


def test_instance_noise_lies_on_reals_and_fakes_in_both_steps() -> None:
    config = plan(make_config(
        "x", "dcgan", objective="relativistic", g_width=4, d_width=4, batch_size=8, instance_noise=0.5, d_norm="none"
    ), num_images=16, size=8, channels=1)  # fmt: skip
    backend = choose_backend(device="cpu", precision="float32", threads=1)
    state = new_state(config, backend)
    seen: list[float] = []
    state.d.register_forward_hook(lambda module, inputs, output: seen.append(float(inputs[0].detach().std())))
    images = np.full((16, 1, 8, 8), 128, np.uint8)
    train_iteration(Game.of(config, backend), state, Batches(images, config, backend))
    # D's step, then the fakes and the reals of G's. An untrained G adds a spread of its own to the fakes'.
    assert seen[-1] == pytest.approx(0.5, rel=0.15), "the reals of G's step"
    assert min(seen) > 0.4


def test_the_gradient_penalty_sees_what_d_sees() -> None:
    """A D of slope 1 on packs of two is at the penalty's optimum; per image its slope would be less."""
    config = plan(make_config(
        "x", "wgan-gp", g_width=8, d_width=8, batch_size=8, pack=2, gradient_penalty=10.0, precision="float32"
    ), num_images=16, size=8, channels=1)  # fmt: skip
    backend = choose_backend(device="cpu", precision="float32", threads=1)
    state = new_state(config, backend)
    direction = torch.randn(2 * 64)
    direction /= direction.norm()
    state.d = torch.nn.Sequential(torch.nn.Flatten(), Projection(direction))
    real, fake = torch.rand(8, 1, 8, 8), torch.rand(8, 1, 8, 8)
    penalty = discriminate(Game.of(config, backend), state, real, fake)[2]
    assert float(penalty) == pytest.approx(0.0, abs=1e-6)


class Projection(torch.nn.Module):
    def __init__(self, direction: torch.Tensor) -> None:
        super().__init__()
        self.direction = direction

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows @ self.direction


@pytest.mark.parametrize("preset", [name for name in PRESETS if not name.startswith("toy")])
def test_every_preset_moves_both_networks_and_stays_finite(preset: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (32, 3, 16, 16), dtype=np.uint8)
    config = plan(make_config("x", preset, g_width=16, d_width=16, batch_size=8), num_images=32, size=16, channels=3)
    backend = choose_backend(device="cpu", threads=1, convolutional=config.network != "mlp")
    state, batches = new_state(config, backend), Batches(images, config, backend)
    before = [parameter.detach().clone() for parameter in state.g_parameters + state.d_parameters]
    for _ in range(3):
        scalars = train_iteration(Game.of(config, backend), state, batches)
    assert all(math.isfinite(number) for number in scalars.tolist())
    assert state.images_seen == 3 * 8 * config.d_steps
    after = state.g_parameters + state.d_parameters
    assert all(bool(torch.isfinite(parameter).all()) for parameter in after)
    # Weights, not biases: a relativistic or Wasserstein loss does not depend on D's last bias.
    assert all(not torch.equal(old, new) for old, new in zip(before, after, strict=True) if new.dim() > 1)


@pytest.mark.parametrize("pack", [1, 2])
def test_one_pass_over_reals_and_fakes_is_two_passes(pack: int) -> None:
    """A D that judges images apart gives the logits, R1 and R2 of separate passes."""
    config = plan(make_config(
        "x", "dcgan", d_norm="none", g_width=4, d_width=4, r1=0.3, r2=0.7, pack=pack, precision="float32",
        burn_in=100, burn_in_penalty=0.1,
    ), num_images=16, size=8, channels=1)  # fmt: skip
    backend = choose_backend(device="cpu", precision="float32", threads=1)
    state = new_state(config, backend)
    state.images_seen = 100
    real, fake = (backend.layout(torch.rand(8, 1, 8, 8) * 2 - 1) for _ in range(2))
    real_logits, fake_logits, penalty = discriminate(Game.of(config, backend), state, real.clone(), fake.clone())
    critic = lambda images: packed(state.d, images, pack)  # noqa: E731
    assert torch.allclose(real_logits, critic(real), atol=1e-6)
    assert torch.allclose(fake_logits, critic(fake), atol=1e-6)
    r1, r2 = (penalties.zero_centred_penalty(state.d, packing.join(images, pack)) for images in (real, fake))
    assert penalty.item() == pytest.approx(0.1 * 0.5 * (0.3 * r1 + 0.7 * r2).item(), rel=1e-5)


def test_penalties_by_differences_are_near_the_exact_ones() -> None:
    """4,096 directions, small noise: the standard error of the mean of squares of normal numbers is 2.2 %."""
    config = make_config("x", "dcgan", d_norm="none", g_width=4, d_width=4, r1=1.0, r2=1.0, precision="float32")
    config = plan(config, num_images=16, size=8, channels=1)
    backend = choose_backend(device="cpu", precision="float32", threads=1)
    state = new_state(config, backend)
    torch.manual_seed(0)
    images = [backend.layout(torch.rand(1, 1, 8, 8).mul(2).sub(1).expand(2048, -1, -1, -1)) for _ in range(2)]
    exact = discriminate(Game.of(config, backend), state, *images)[2]
    for share in (1.0, 0.5):
        noisy = dataclasses.replace(config, penalty_noise=1e-3, penalty_share=share)
        assert discriminate(Game.of(noisy, backend), state, *images)[2].item() == pytest.approx(exact.item(), rel=0.1)


def test_without_batch_norm_a_logit_does_not_depend_on_the_batch() -> None:
    torch.manual_seed(0)
    images = torch.rand(6, 1, 16, 16) * 2 - 1
    for norm, apart in (("none", True), ("batch", False)):
        d = dcgan.Discriminator(16, 1, 8, norm)
        assert torch.allclose(d(images)[:3], d(images[:3]), atol=1e-5) == apart
        assert pair.scores_independently("dcgan", norm) == apart
    # The initialisation keeps the scale: logits of unit images are of the order of 1, whatever the depth.
    spread = dcgan.Discriminator(64, 1, 8, "none")(torch.randn(64, 1, 64, 64)).std().item()
    assert 0.3 < spread < 3.0


def test_gradients_lie_in_memory_as_their_parameters_do() -> None:
    weight = torch.randn(4, 3, 2, 2).contiguous(memory_format=torch.channels_last)
    gradient = torch.randn(4, 3, 2, 2)
    ours = torch.nn.Parameter(weight.clone(memory_format=torch.preserve_format))
    theirs = torch.nn.Parameter(weight.clone(memory_format=torch.contiguous_format))
    put_gradients([ours, theirs], (gradient, gradient.clone()))
    for parameter in (ours, theirs):
        assert parameter.grad is not None
        assert parameter.grad.stride() == parameter.stride()
        torch.optim.Adam([parameter], lr=0.1, fused=True).step()
    assert torch.equal(ours, theirs)
