"""Kinds of training, with what is true of each: made to fail in one known way, or healthy.

`recorded.py` trains them, `verdicts.py` and `stopping.py` judge what was recorded, `advice.py` tries the advice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One way to train.

    data: as `ganscope train` takes it; `digits:16` are 16 of the digits and a tenth as many held out.
    settings: what is not the preset's; the networks are told the classes only where `conditional` stands here.
    should: findings any of which names the failure rightly; empty for a healthy kind.
    held_out: never looked at while a threshold or a rule was chosen.
    fault: one of `faults.FAULTS`, planted in the generator.
    """

    data: str
    preset: str
    settings: dict[str, Any] = field(default_factory=dict)
    should: tuple[str, ...] = ()
    held_out: bool = False
    fault: str = ""


# Perceptrons without penalties, whose hand-written passes make a long run a matter of seconds.
PLAIN = dict(
    network="mlp", objective="non-saturating", r1=0.0, r2=0.0, g_lr=5e-4, d_lr=5e-4, g_beta1=0.5, d_beta1=0.5,
    g_beta2=0.999, d_beta2=0.999, g_width=128, d_width=128, epochs=120.0, snapshots=20,
)  # fmt: skip
SHORT = dict(epochs=40.0, snapshots=20)
FAR = "far_from_real"


def plain(should: tuple[str, ...], *, data: str = "digits", held_out: bool = False, **settings: Any) -> Kind:
    return Kind(data, "r3mlp", PLAIN | settings, should, held_out)


def short(should: tuple[str, ...] = (), *, data: str = "digits", held_out: bool = False, **settings: Any) -> Kind:
    return Kind(data, "r3mlp", SHORT | settings, should, held_out)


def told(
    should: tuple[str, ...] = (), *, data: str = "digits", preset: str = "r3mlp", fault: str = "",
    held_out: bool = False, **settings: Any,
) -> Kind:  # fmt: skip
    """Both networks are told the classes, as they are by default on labelled data."""
    return Kind(data, preset, SHORT | {"conditional": True} | settings, should, held_out, fault)


COLLAPSED = ("mode_collapse", "class_collapsed")
KINDS: dict[str, Kind] = {
    # Failures that version 0.1.0 called balanced. The rules were made on them.
    "digits-mlp": Kind("digits", "mlp", dict(snapshots=24), ("uneven_classes", "missing_modes", "too_slow", FAR)),
    "digits-mlp-init5": Kind(
        "digits", "mlp", dict(snapshots=12, init_std=5.0, epochs=30.0),
        ("discriminator_wins", "fooling_with_garbage", FAR),
    ),
    "digits-plain": Kind("digits", "plain", dict(snapshots=12, epochs=20.0), ("too_slow", FAR)),
    "digits-plain40": Kind("digits", "plain", dict(snapshots=12), ("too_slow", FAR)),
    "digits-init5": Kind("digits", "plain", dict(snapshots=12, init_std=5.0), ("fooling_with_garbage", FAR)),
    "digits-clip60": Kind("digits", "wgan", dict(snapshots=12, weight_clip=1e-5, epochs=60.0), ("too_slow", FAR)),
    "digits-r1-1000": Kind(
        "digits", "auto", dict(snapshots=12, r1=1000.0, epochs=60.0), ("fooling_with_garbage", FAR)
    ),
    "digits-latent2": Kind("digits", "auto", dict(snapshots=24, latent_dim=2), ("mode_collapse",)),
    # Old planted kinds of diagnosis.py, here by ganscope's own trainer on digits (momentum alone does not fail there).
    "d-too-strong": plain(("discriminator_wins",), d_width=256, d_lr=2e-3, d_steps=5, g_lr=1e-6, epochs=300.0),
    "saturating": plain(
        ("vanishing_gradient",), objective="minimax", d_width=256, d_lr=2e-3, d_steps=5, g_lr=1e-5, epochs=300.0
    ),
    "g-lr-too-high": plain(("mode_collapse", "divergence", "discriminator_wins"), g_lr=5e-2),
    "tiny-g": plain(("discriminator_wins", "mode_collapse", "uneven_classes", FAR), g_width=2, latent_dim=2),
    "label-noise": plain(("fooling_with_garbage",), label_real=0.5, label_fake=0.5),
    "weak-d": plain(("fooling_with_garbage",), d_width=2, d_lr=1e-5, g_lr=1e-3),
    "g-steps": plain(("fooling_with_garbage", "mode_collapse"), g_steps=15, g_lr=1e-3, d_lr=2e-4, epochs=60.0),
    "too-long": plain(
        ("past_its_best", "learned_by_heart", "memorisation"), data="digits:60", d_width=256, d_lr=1e-3, epochs=4000.0
    ),
    "by-heart": plain(
        ("learned_by_heart", "past_its_best"), data="digits:300", d_width=256, d_lr=1e-3, epochs=800.0
    ),
    # Failures that nobody looked at before the rules were fixed.
    "average-forever": short((FAR, "too_slow"), ema_half_life=1e9, held_out=True),
    "blind-by-noise": short(("fooling_with_garbage", FAR), instance_noise=5.0, held_out=True),
    "d-frozen": plain(("fooling_with_garbage", FAR), d_lr=1e-9, held_out=True),
    "g-frozen": short(("discriminator_wins", FAR), g_lr=1e-9, held_out=True),
    "hinge-strong-d": plain(
        ("discriminator_wins", FAR), objective="hinge", d_lr=2e-3, d_steps=5, g_lr=1e-6, epochs=300.0, held_out=True
    ),
    "least-squares-weak-d": plain(
        ("fooling_with_garbage", FAR), objective="least-squares", d_width=2, d_lr=1e-5, held_out=True
    ),
    "relativistic-g-lr": short(("mode_collapse", "divergence", "discriminator_wins", FAR), g_lr=0.3, held_out=True),
    "wasserstein-unbound": plain(
        ("divergence", "mode_collapse", "discriminator_wins", FAR), objective="wasserstein", held_out=True
    ),
    "one-latent": short(
        ("mode_collapse", "missing_modes", "uneven_classes", FAR), latent_dim=1, objective="hinge", held_out=True
    ),
    # Healthy. The first five were used to choose thresholds.
    "digits-default": Kind("digits", "auto", dict(snapshots=48)),
    "digits-long": Kind("digits", "r3mlp", dict(snapshots=48, epochs=400.0)),
    "digits-hinge": Kind("digits", "r3mlp", dict(snapshots=24, objective="hinge", epochs=60.0)),
    "digits-ls": Kind("digits", "r3mlp", dict(snapshots=24, objective="least-squares", epochs=60.0)),
    "digits-non-saturating": Kind("digits", "r3mlp", dict(snapshots=24, objective="non-saturating", epochs=60.0)),
    "digits-r3dcgan": Kind("digits", "r3dcgan", dict(snapshots=24, epochs=60.0)),
    "mnist-r3mlp": Kind("mnist", "r3mlp", dict(snapshots=24, epochs=4.0)),
    "batch-16": short(batch_size=16, held_out=True),
    "wide": short(g_width=512, d_width=512, held_out=True),
    "latent-16": short(latent_dim=16, held_out=True),
    "uniform-latents": short(latent="uniform", held_out=True),
    "two-d-steps": short(d_steps=2, held_out=True),
    "packed": short(pack=2, held_out=True),
    "a-little-noise": short(instance_noise=0.1, instance_noise_images=30_000, held_out=True),
    "minimax-r1": short(objective="minimax", r1=0.5, r2=0.0, held_out=True),
    "hinge-slow": short(objective="hinge", g_lr=5e-4, d_lr=5e-4, epochs=60.0, held_out=True),
    "few-300": short(data="digits:300", epochs=200.0, held_out=True),
    "fashion-r3mlp": Kind("fashion-mnist", "r3mlp", dict(snapshots=16, epochs=2.0), held_out=True),
    # For the stop: constant rates, far beyond the point where they level off.
    "narrow-long": short(g_width=24, d_width=24, epochs=400.0, snapshots=48),
    "unpenalised-long": plain((), epochs=1500.0, snapshots=48, ema_half_life=20_000.0),
    "hinge-long": short(objective="hinge", epochs=300.0, snapshots=48),
    "unpenalised-200": plain((), epochs=600.0, snapshots=200, ema_half_life=20_000.0),
    "default-200": short(epochs=60.0, snapshots=200),
    "g-frozen-200": short(("discriminator_wins", FAR), g_lr=1e-9, snapshots=200),
    "few-latents-long": short(("mode_collapse",), latent_dim=2, epochs=400.0, snapshots=48),
    # Told the classes. Failures.
    "told-latent2": told(COLLAPSED, latent_dim=2),
    "told-d-too-strong": told(("discriminator_wins", FAR), **PLAIN | dict(
        d_width=256, d_lr=2e-3, d_steps=5, g_lr=1e-6, epochs=300.0)),
    "told-g-lr": told((*COLLAPSED, "divergence", "discriminator_wins", FAR), g_lr=0.3),
    "told-clip": told(("too_slow", "fooling_with_garbage", FAR), preset="wgan", network="mlp", weight_clip=1e-5,
                      epochs=60.0),
    "told-r1-1000": told(("fooling_with_garbage", FAR), r1=1000.0, epochs=60.0),
    "told-half-noise": told(("grainy", FAR), fault="half-noise"),
    "told-gone": told(("missing_modes", "condition_ignored"), fault="gone"),
    "told-60": told(("learned_by_heart", "memorisation", "past_its_best", *COLLAPSED), data="digits:60", **PLAIN | dict(
        d_width=256, d_lr=1e-3, epochs=2000.0)),
    "told-half": told(("condition_ignored",), fault="half"),
    "told-frozen": told(("class_collapsed",), fault="frozen"),
    # Never looked at while a threshold or a rule was chosen.
    "told-latent1-hinge": told((*COLLAPSED, FAR), latent_dim=1, objective="hinge", held_out=True),
    "told-g-frozen": told(("discriminator_wins", FAR), g_lr=1e-9, held_out=True),
    "told-d-frozen": told(("fooling_with_garbage", FAR), **PLAIN | dict(d_lr=1e-9), held_out=True),
    "told-salt": told(("grainy", FAR), fault="salt", held_out=True),
    "told-blur": told(("blurred", FAR), fault="blur", held_out=True),
    "told-frequent": told(("uneven_classes", "condition_ignored"), fault="frequent", held_out=True),
    "told-mislabelled": told(("condition_ignored", FAR), fault="mislabelled", held_out=True),
    "told-by-heart": told(("learned_by_heart", "memorisation", "past_its_best"), data="digits:300", **PLAIN | dict(
        d_width=256, d_lr=1e-3, epochs=400.0), held_out=True),
    # Healthy ones.
    "told-default": Kind("digits", "auto", dict(snapshots=24, conditional=True)),
    "told-mnist-whole": Kind("mnist", "auto", dict(snapshots=27, epochs=20.0, conditional=True)),
    "told-fashion-whole": Kind("fashion-mnist", "auto", dict(snapshots=27, epochs=20.0, conditional=True)),
    "told-12": told(snapshots=12),
    "told-50": told(snapshots=50),
    "told-batch-256": told(batch_size=256, epochs=80.0),
    "told-slower": told(g_lr=7e-4, d_lr=7e-4),
    "told-faster": told(g_lr=1.4e-3, d_lr=1.4e-3),
    "told-narrow": told(g_width=128, d_width=128),
    "told-ema-short": told(ema_half_life=500.0),
    "told-hinge": told(objective="hinge"),
    "told-long": told(epochs=300.0, snapshots=48),
    "told-mnist": told(data="mnist", epochs=3.0, snapshots=16),
    "told-uniform": told(class_balance="uniform", held_out=True),
    "told-batch-16": told(batch_size=16, epochs=25.0, held_out=True),
    "told-wide": told(g_width=512, d_width=512, epochs=30.0, held_out=True),
    "told-ema-long": told(ema_half_life=20_000.0, held_out=True),
    "told-latent-16": told(latent_dim=16, held_out=True),
    "told-non-saturating": told(objective="non-saturating", held_out=True),
    "told-least-squares": told(objective="least-squares", held_out=True),
    "told-600": told(data="digits:600", epochs=100.0, held_out=True),
    "told-1200": told(data="digits:1200", epochs=50.0, held_out=True),
    "told-two-d-steps": told(d_steps=2, held_out=True),
    "told-r3dcgan": told(preset="r3dcgan", epochs=30.0, held_out=True),
    "told-penalty": told(r1=0.3, r2=0.3, held_out=True),
    "told-fashion": told(data="fashion-mnist", epochs=3.0, snapshots=16, held_out=True),
}  # fmt: skip
