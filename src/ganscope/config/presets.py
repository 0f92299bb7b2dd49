"""Presets: networks, objective and optimisers under one name. `auto` chooses one from the data."""

from __future__ import annotations

from typing import Any

from ganscope.config.fields import Config, config_from_dict
from ganscope.config.sizes import Size, sides_of
from ganscope.errors import ConfigError, did_you_mean

# Presets: what each one changes against the defaults above. Sources: `mlp` the MNIST system (Keras), `dcgan` Radford et
# al. 2016 with the LFW system's labels, `plain` the Fashion-MNIST system; the others the papers named in losses.py.
PRESETS: dict[str, dict[str, Any]] = {
    "mlp": dict(
        network="mlp", batch_size=64, epochs=100.0, g_lr=1e-4, d_lr=1e-3, g_beta1=0.9, d_beta1=0.9, label_real=0.9
    ),
    "dcgan": dict(network="dcgan", init_std=0.02, batch_size=128, epochs=20.0, label_real=0.9, label_generator=0.9),
    "plain": dict(network="dcgan", g_width=32, d_width=16, init_std=0.02, batch_size=128, epochs=40.0),
    "r3mlp": dict(
        network="mlp",
        g_width=256,
        d_width=256,
        objective="relativistic",
        r1=0.1,
        r2=0.1,
        batch_size=64,
        epochs=120.0,
        g_lr=1e-3,
        d_lr=1e-3,
        g_beta1=0.0,
        d_beta1=0.0,
        g_beta2=0.99,
        d_beta2=0.99,
        ema_half_life=5000.0,
        conditional=None,
    ),
}
# The published objectives on these networks: rates, betas, steps and weights as in the papers that losses.py names.
PRESETS["lsgan"] = {**PRESETS["dcgan"], "objective": "least-squares", "label_real": 1.0, "label_generator": 1.0}
PRESETS["hinge"] = {
    **PRESETS["dcgan"], "objective": "hinge", "spectral_norm": True, "g_beta1": 0.0, "d_beta1": 0.0, "g_beta2": 0.9,
    "d_beta2": 0.9, "g_lr": 1e-4, "d_lr": 4e-4, "ema_half_life": 10_000.0,
}  # fmt: skip
PRESETS["wgan"] = {
    **PRESETS["dcgan"], "objective": "wasserstein", "weight_clip": 0.01, "d_steps": 5, "batch_size": 64,
    "g_beta1": 0.0, "d_beta1": 0.0, "g_lr": 5e-5, "d_lr": 5e-5,
}  # fmt: skip
PRESETS["wgan-gp"] = dict(
    network="resnet", objective="wasserstein", gradient_penalty=10.0, d_steps=5, batch_size=64, g_lr=1e-4, d_lr=1e-4,
    g_beta1=0.0, d_beta1=0.0, g_beta2=0.9, d_beta2=0.9, ema_half_life=10_000.0,
)  # fmt: skip
PRESETS["pacgan"] = {**PRESETS["dcgan"], "pack": 2}
PRESETS["minimax"] = {**PRESETS["dcgan"], "objective": "minimax", "label_real": 1.0}
PRESETS["instance-noise"] = {
    **PRESETS["dcgan"], "label_real": 1.0, "label_generator": 1.0, "instance_noise": 0.1,
    "instance_noise_images": 500_000,
}  # fmt: skip
PRESETS["r3gan"] = dict(
    network="resnet", objective="relativistic", r1=1.0, r2=1.0, batch_size=64, g_lr=2e-4, d_lr=2e-4, g_beta1=0.0,
    d_beta1=0.0, g_beta2=0.99, d_beta2=0.99, burn_in=600_000, burn_in_lr=0.25, burn_in_penalty=0.1,
    ema_half_life=10_000.0,
)  # fmt: skip
# The defaults, for small images and for larger ones: what did best in trials at equal time (docs/log.md).
PRESETS["r3dcgan"] = dict(
    network="dcgan", d_norm="none", bottom=True, g_width=32, d_width=16, objective="relativistic", r1=0.05, r2=0.05,
    penalty_noise=0.05, penalty_share=0.25, batch_size=64, epochs=None, g_lr=2e-3, d_lr=2e-3, g_beta1=0.0, d_beta1=0.0,
    g_beta2=0.99, d_beta2=0.99, burn_in=None, burn_in_lr=0.2, burn_in_penalty=10.0, burn_in_beta2=0.99,
    ema_half_life=100_000.0, conditional=None,
)  # fmt: skip
PRESETS["r3dcgan-64"] = {
    **PRESETS["r3dcgan"], "d_width": 24, "batch_size": 32, "g_lr": 1e-3, "d_lr": 1e-3, "burn_in_penalty": 1.0,
    "g_blur": True,
}  # fmt: skip
# Toys: figures and what was tried are in docs/log.md. A preset's γ is for points of mean square 1; `launch` scales it.
TOY = dict(
    network="toy",
    objective="relativistic",
    latent_dim=2,
    batch_size=256,
    g_beta1=0.0,
    d_beta1=0.0,
    g_beta2=0.99,
    d_beta2=0.99,
    burn_in_beta2=0.99,
    ema_half_life=35_000.0,
    snapshots=100,
    metrics=False,
    map="none",
)
PRESETS["toy-2d"] = {
    **TOY,
    "latent_dim": 4,
    "g_lr": 3e-3,
    "d_lr": 3e-3,
    "r1": 0.2,
    "r2": 0.2,
    "epochs": 8.96,
    "burn_in": 896_000,
    "burn_in_lr": 0.01,
    "burn_in_penalty": 1e-5,
}
# Where modes are many, a D that fades as G does ends too blurred to see their width (docs/log.md).
PRESETS["toy-grid"] = {**PRESETS["toy-2d"], "g_lr": 6e-3, "burn_in_d_lr": 0.2, "burn_in_penalty": 1e-4}
PRESETS["toy-1d"] = {
    **TOY,
    "latent_dim": 4,
    "batch_size": 512,
    "d_steps": 2,
    "g_lr": 2e-3,
    "d_lr": 5e-3,
    "r1": 0.005,
    "r2": 0.005,
    "epochs": 12.0,
    "burn_in": 1_200_000,
    "burn_in_lr": 0.02,
}
PRESET_DOCS: dict[str, str] = {
    "mlp": "one hidden layer of 128; Adam, G 1e-4 and D 1e-3; labels 0.9 and 0; batch 64; 100 epochs",
    "dcgan": "deep convolutional; Adam 2e-4, β1 0.5; labels 0.9 and 0; batch 128; 20 epochs",
    "plain": "deep convolutional, widths 32 and 16; Adam 2e-4, β1 0.5; labels 1 and 0; batch 128; 40 epochs",
    "lsgan": "dcgan with least squares (Mao et al. 2017)",
    "hinge": "dcgan with spectral norm and the hinge loss; Adam, G 1e-4 and D 4e-4, β 0 and 0.9; EMA",
    "wgan": "dcgan with the Wasserstein loss, weights clipped to 0.01; 5 D steps; Adam 5e-5, β1 0",
    "wgan-gp": "resnet with the Wasserstein loss and gradient penalty 10; 5 D steps; Adam 1e-4, β 0 and 0.9; EMA",
    "minimax": "dcgan with the saturating loss of Goodfellow et al. 2014, whose gradient dies where D is sure",
    "instance-noise": "dcgan with noise of 0.1 on all that D sees, falling to 0 over 500,000 images",
    "pacgan": "dcgan whose D judges two images at once (Lin et al. 2018)",
    "r3gan": "resnet, relativistic with R1 and R2, γ from 1 to 0.1, rates from 2e-4 to 5e-5 over 600,000 images; EMA",
    "r3dcgan": "a deeper, narrower dcgan; relativistic, R1 and R2 with γ 0.05 to 0.5; Adam 2e-3, β 0 and 0.99; EMA",
    "r3dcgan-64": "the same for larger images: a wider D, G's images filtered; γ 0.05; Adam 1e-3; batch 32",
    "toy-2d": "for ring, gaussian, spiral, moons: relativistic with R1 and R2, all fading; EMA; 3,500 iterations",
    "toy-grid": "for grid: the same with a faster G and a D whose rate fades less",
    "toy-1d": "for mixture-1d and gaussian-1d: the same with two steps of a faster D, so that D* can be seen",
    "r3mlp": "mlp of width 256; relativistic with R1 and R2, γ 0.1; Adam 1e-3, β1 0; EMA; batch 64; 120 epochs",
}
# The preset when a user names only the data, and for data of one's own, where the side is up to 32 and beyond.
AUTO_PRESETS: dict[str, str] = {"digits": "r3mlp", "mnist": "r3dcgan", "fashion-mnist": "r3dcgan", "lfw": "r3dcgan-64"}
SMALL_SIDE = 32
AUTO_PRESETS |= dict.fromkeys(("ring", "gaussian", "spiral", "moons"), "toy-2d")
AUTO_PRESETS["grid"] = "toy-grid"
AUTO_PRESETS |= dict.fromkeys(("gaussian-1d", "mixture-1d"), "toy-1d")


def auto_preset(data: str, size: Size | None) -> str:
    """The preset of a user who names only `data`; `size` in pixels, None where it is left to the data."""
    small = size is not None and max(sides_of(size)) <= SMALL_SIDE
    return AUTO_PRESETS.get(data, "r3dcgan" if small else "r3dcgan-64")


def make_config(data: str, preset: str = "auto", **overrides: Any) -> Config:
    """A config from a preset and what differs from it.

    Raises:
        ConfigError: an unknown preset or setting, with the nearest known name; a value out of range.
    """
    name = auto_preset(data, overrides.get("size")) if preset == "auto" else preset
    if name not in PRESETS:
        raise ConfigError(f"unknown preset {preset!r}", found=preset, todo=did_you_mean(preset, ["auto", *PRESETS]))
    return config_from_dict({"data": data, **PRESETS[name], "preset": name, **overrides})
