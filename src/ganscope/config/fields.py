"""The settings of a run: frozen data, one owner a field, every field documented where it stands.

`Config` is what the user asked for; `resolve` turns every `None` that depends on the data into a number, and the
resolved config is what a run stores. The same command, or the stored file, gives the same run again.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ganscope.config.sizes import size_of
from ganscope.errors import ConfigError, did_you_mean

NETWORK_NAMES = ("mlp", "dcgan", "resnet", "toy")
OBJECTIVE_NAMES = ("minimax", "non-saturating", "least-squares", "hinge", "wasserstein", "relativistic")
D_NORM_NAMES = ("batch", "none")
ORDER_NAMES = ("images", "blocks")
PENALTY_NAMES = ("given", "pilot")
LATENT_NAMES = ("normal", "uniform")
PRECISION_NAMES = ("auto", "float32", "bf16")
FIT_NAMES = ("auto", "crop", "pad", "stretch")
SPLIT_NAMES = ("auto", "none")
BALANCE_NAMES = ("data", "uniform")
AUGMENT_NAMES = ("translation", "cutout", "noise", "colour", "flip")
MAP_NAMES = ("pacmap", "umap", "tsne", "pca", "none")


def _setting(
    default: Any,
    doc: str,
    choices: tuple[Any, ...] | None = None,
    low: float | None = None,
) -> Any:
    """A field with its documentation, its allowed values or its smallest value."""
    return dataclasses.field(default=default, metadata={"doc": doc, "choices": choices, "low": low})


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """The images."""

    data: str = _setting("digits", "digits, mnist, fashion-mnist, lfw, a toy, or a folder, archive, array or IDX file")
    size: int | tuple[int, int] | None = _setting(
        None, "image side in pixels, or height x width (64x128); None: the data's own, else 64", low=1
    )
    channels: int | None = _setting(
        None, "1 grey, 3 colour, 4 with transparency (2: points of a toy); None: 1 or 3, as the data", (1, 2, 3, 4)
    )
    fit: str = _setting("auto", "what becomes of pictures that are not square", FIT_NAMES)
    background: str = _setting("auto", "what lies behind transparency: auto, white, black, grey or #rrggbb")
    value_range: str = _setting("auto", "values that become black and white, of deep or float pixels: LOW:HIGH")
    labels: str = _setting(
        "auto", "auto, folders, folders:LEVEL, names (cat.1.jpg), none, or a .csv, .tsv, .jsonl, .json or .txt file"
    )
    label_column: str = _setting("", "the column of the labels in such a file; empty: found by its name")
    splits: str = _setting("auto", "auto: folders such as train/ and test/ are parts; none: they are not", SPLIT_NAMES)
    only: str = _setting("", "only files whose path has this pattern, such as '*/128/*'; '*': leave none out")
    every: int = _setting(0, "of a video, every how many frames one is taken; 0: about 2 a second", low=0)
    holdout: float = _setting(0.1, "share of the images held out where the data has no test set", low=0.0)
    flip: bool = _setting(False, "mirror half of the real images left to right")
    order: str | None = _setting(
        None,
        "images: shuffled one by one; blocks: in blocks and windows, for a set read from the disk; "
        "None: blocks where the set would fill over half of the free memory",
        ORDER_NAMES,
    )
    class_balance: str = _setting(
        "data", "of a conditional training: classes as often as in the data, or all equally often", BALANCE_NAMES
    )


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """The two networks."""

    preset: str = _setting("auto", "networks, objective and optimisers under one name")
    network: str = _setting("dcgan", "the pair of networks", NETWORK_NAMES)
    g_width: int | None = _setting(None, "generator's base width; None: the network's own (mlp 128, dcgan 64)", low=1)
    d_width: int | None = _setting(None, "discriminator's base width; None: the network's own", low=1)
    init_std: float = _setting(0.0, "std of the normal weight initialisation; 0: the network's own", low=0.0)
    d_norm: str = _setting("batch", "normalisation in the dcgan discriminator", D_NORM_NAMES)
    bottom: bool = _setting(False, "one extra 3×3 convolution at the lowest resolution of both dcgan networks")
    g_blur: bool = _setting(False, "a filter [1 2 1] after the dcgan generator's last upsampling: no checkerboards")
    spectral_norm: bool = _setting(False, "spectral normalisation of D's weights (Miyato et al. 2018)")
    latent_dim: int = _setting(100, "numbers in a latent vector z", low=1)
    conditional: bool | None = _setting(
        False,
        "tell both networks the class of every image, so that one can ask for a class; "
        "None: where every class has 100 images or more",
    )
    d_classify: float = _setting(
        0.0,
        "of a conditional training: weight with which D also learns to name the class of real images "
        "(auxiliary classifier, Odena et al. 2017); 0: D has no such outputs",
        low=0.0,
    )
    latent: str = _setting("normal", "distribution of z: N(0, 1), or uniform on [-1, 1]", LATENT_NAMES)


@dataclass(frozen=True, kw_only=True)
class ObjectiveConfig:
    """What D and G minimise."""

    objective: str = _setting("non-saturating", "the losses of D and G", OBJECTIVE_NAMES)
    label_real: float = _setting(1.0, "D's target for reals; 0.9 is one-sided label smoothing of 0.1", low=0.0)
    label_fake: float = _setting(0.0, "D's target for fakes", low=0.0)
    label_generator: float = _setting(1.0, "G's target for its fakes", low=0.0)
    g_classify: float = _setting(
        0.0, "weight with which G learns to draw images that D names as asked; needs --d-classify", low=0.0
    )
    r1: float = _setting(0.0, "weight γ of the zero-centred gradient penalty on reals, (γ/2)·E‖∇D‖²", low=0.0)
    r2: float = _setting(0.0, "weight γ of the same penalty on fakes", low=0.0)
    choose_penalty: str = _setting(
        "given",
        "given: r1 and r2 as they are; pilot: the best of four multiples, found by short trainings",
        PENALTY_NAMES,
    )
    penalty_noise: float = _setting(
        0.0, "std of the noise whose finite differences measure R1 and R2; 0: exact gradients, twice as slow", low=0.0
    )
    penalty_share: float = _setting(1.0, "share of each batch whose finite differences are taken", low=0.0)
    gradient_penalty: float = _setting(0.0, "weight λ of the WGAN-GP penalty", low=0.0)
    weight_clip: float = _setting(0.0, "clip D's weights to [-c, c] after each D step; 0: off", low=0.0)
    instance_noise: float = _setting(0.0, "std of the noise added to all that D sees, at the start; 0: off", low=0.0)
    instance_noise_images: int = _setting(0, "images over which that noise falls linearly to 0; 0: never", low=0)
    augment: str = _setting(
        "none",
        "random changes of all that D sees, so that it does not learn few images by heart: auto (by the number of "
        "images), none, or of translation, cutout, noise, colour, flip those to use, with commas",
    )
    augment_strength: float = _setting(0.0, "chance of each change; where it is steered, at the start", low=0.0)
    augment_target: float = _setting(
        0.3,
        "the share of D's lead that held-out images may lack (r_v), to which that chance is steered; 0: it stays",
        low=0.0,
    )
    pack: int = _setting(1, "images D judges together (PacGAN, Lin et al. 2018); must divide the batch", low=1)


@dataclass(frozen=True, kw_only=True)
class OptimiserConfig:
    """The optimisers and the length of the training."""

    batch_size: int = _setting(128, "real images per discriminator step", low=1)
    epochs: float | None = _setting(
        20.0, "passes over the training images; None: 20, more where that is under 600,000 images", low=0.0
    )
    d_steps: int = _setting(1, "D steps per iteration", low=1)
    g_steps: int = _setting(1, "G steps per iteration", low=1)
    g_lr: float = _setting(2e-4, "generator's learning rate (Adam)", low=0.0)
    d_lr: float = _setting(2e-4, "discriminator's learning rate (Adam)", low=0.0)
    g_beta1: float = _setting(0.5, "generator's Adam β1", low=0.0)
    g_beta2: float = _setting(0.999, "generator's Adam β2", low=0.0)
    d_beta1: float = _setting(0.5, "discriminator's Adam β1", low=0.0)
    d_beta2: float = _setting(0.999, "discriminator's Adam β2", low=0.0)
    ema_half_life: float = _setting(
        0.0, "images in which an old weight of G counts half in its average; 0: no EMA", low=0.0
    )
    start: str = _setting("", "begin with the weights of this run or exported generator, and not with random ones")
    seed: int = _setting(0, "seed of everything random", low=0)


@dataclass(frozen=True, kw_only=True)
class ScheduleConfig:
    """How rates, β2 and penalty weights change through the training."""

    burn_in: int | None = _setting(
        0, "images over which lr, β2 and γ move by a cosine to their final values; 0: off, None: all planned", low=0
    )
    burn_in_beta2: float = _setting(0.9, "β2 of both optimisers at the start of the burn-in", low=0.0)
    burn_in_lr: float = _setting(1.0, "learning rates at the end of the burn-in, as a multiple", low=0.0)
    burn_in_d_lr: float | None = _setting(None, "the same for D's alone; None: as burn_in_lr", low=0.0)
    burn_in_penalty: float = _setting(1.0, "penalty weights at the end of the burn-in, as a multiple", low=0.0)


@dataclass(frozen=True, kw_only=True)
class RecordConfig:
    """What is measured and kept."""

    log_every: int | None = _setting(
        None, "iterations averaged in each line of history.jsonl; None: total/2,000, 1 to 100", low=1
    )
    eval_every: float = _setting(1.0, "epochs between losses on held-out images", low=1e-3)
    snapshots: int | None = _setting(
        None, "regular snapshots in the planned epochs; None: 50, fewer where they would cost over a tenth", low=1
    )
    snapshot_every: int | None = _setting(None, "iterations between regular snapshots; None: total/snapshots", low=1)
    num_fakes: int = _setting(2000, "fixed latents of a snapshot: its metrics and its points on the map", low=128)
    checkpoint_seconds: float = _setting(60.0, "seconds between checkpoints", low=0.0)
    keep_checkpoints: int = _setting(2, "newest checkpoints kept", low=1)
    metrics: bool = _setting(True, "measure quality at every snapshot")
    map: str = _setting("pacmap", "how the real images are laid out in 2-D; none: no map", MAP_NAMES)
    stop: str = _setting(
        "never", "auto: end when it has levelled off, is past its best, or has failed", ("never", "auto")
    )
    stop_gain: float = _setting(
        0.05, "--stop auto continues while the rest may lower the Fréchet distance by this share", low=0.0
    )
    best_by: str = _setting("frechet", "the metric that chooses the best snapshot")


@dataclass(frozen=True, kw_only=True)
class MachineConfig:
    """Where and how the numbers are computed."""

    device: str = _setting("auto", "auto, cpu, cuda, cuda:0, mps")
    precision: str = _setting("auto", "auto: bf16 where the hardware has it, else float32", PRECISION_NAMES)
    threads: int = _setting(0, "CPU threads; 0: all cores for convolutions, one for perceptrons", low=0)
    cuda_graph: bool = _setting(False, "on an NVIDIA GPU: the whole iteration as one CUDA graph (never yet measured)")


GROUPS: dict[str, type[Any]] = {
    "data": DataConfig,
    "networks": NetworkConfig,
    "objective": ObjectiveConfig,
    "optimisers": OptimiserConfig,
    "schedule": ScheduleConfig,
    "record": RecordConfig,
    "machine": MachineConfig,
}


# A dataclass collects the fields of its bases from the last to the first; this order reads `data` first.
@dataclass(frozen=True, kw_only=True)
class Config(
    MachineConfig,
    RecordConfig,
    ScheduleConfig,
    OptimiserConfig,
    ObjectiveConfig,
    NetworkConfig,
    DataConfig,
):
    """What a user asked for, in groups. `None` means: left open, decided by `config.plan` from the data."""

    def __post_init__(self) -> None:
        if isinstance(self.size, list | tuple) and len(self.size) == 2:  # a file has a list; a square has one number
            object.__setattr__(self, "size", size_of(self.size))
        for field in dataclasses.fields(Config):
            _check(field, getattr(self, field.name), _types_of(type(self), field.name))
        if self.batch_size % self.pack:
            raise ConfigError(
                "pack must divide batch_size",
                found=f"batch_size {self.batch_size}, pack {self.pack}",
                todo=f"use --batch-size {nearest_multiple(self.batch_size, self.pack)}, or another --pack",
            )
        if self.conditional and self.pack > 1:
            raise ConfigError(
                "--conditional and --pack cannot go together: images that D judges at once are of different classes",
                found=f"pack {self.pack}",
                todo="leave one of the two out",
            )
        if self.class_balance == "uniform" and self.order == "blocks":
            raise ConfigError(
                "--class-balance uniform takes images one by one",
                found="--order blocks",
                todo="leave --order out, or use --class-balance data",
            )
        if self.class_balance != "data" and self.conditional is False:
            raise ConfigError(
                "--class-balance is of a conditional training",
                found=f"--class-balance {self.class_balance}, --no-conditional",
                todo="add --conditional, or leave --class-balance out",
            )
        if (self.d_classify or self.g_classify) and self.conditional is False:
            option, weight = ("d", self.d_classify) if self.d_classify else ("g", self.g_classify)
            raise ConfigError(
                f"--{option}-classify is of a conditional training",
                found=f"--{option}-classify {weight:g}, --no-conditional",
                todo=f"add --conditional, or leave --{option}-classify out",
            )
        if self.g_classify and not self.d_classify:
            raise ConfigError(
                "--g-classify needs a discriminator that names classes",
                found=f"--g-classify {self.g_classify:g}, --d-classify 0",
                todo="add --d-classify 0.3, or leave --g-classify out",
            )
        if self.penalty_noise and self.network == "dcgan" and self.d_norm == "batch":
            raise ConfigError(
                "--penalty-noise needs a discriminator that scores images independently",
                found="--d-norm batch",
                todo="use --d-norm none, or --penalty-noise 0",
            )
        if self.gradient_penalty and self.network == "dcgan" and self.d_norm == "batch":
            raise ConfigError(
                "--gradient-penalty needs a discriminator that scores images independently",
                found="--d-norm batch",
                todo="use --d-norm none, or --preset wgan-gp",
            )
        self._require_changes()
        if self.penalty_share > 1.0:
            raise ConfigError(
                "penalty_share is at most 1", found=str(self.penalty_share), todo="use --penalty-share 0.25"
            )
        if self.holdout >= 1.0:
            raise ConfigError("holdout is a share below 1", found=str(self.holdout), todo="use --holdout 0.1")

    def _require_changes(self) -> None:
        """Raises ConfigError: an unknown change of what D sees, one twice, or a chance above 1."""
        kinds = self.augment.split(",")
        for kind in kinds if self.augment not in ("auto", "none") else ():
            if kind not in AUGMENT_NAMES:
                raise ConfigError(
                    f"--augment cannot be {self.augment!r}",
                    found=repr(kind),
                    todo=did_you_mean(kind, ["auto", "none", *AUGMENT_NAMES]) + "; several with commas",
                )
        if len(set(kinds)) < len(kinds) or {"cutout", "noise"} <= set(kinds):
            raise ConfigError(
                "--augment takes each change once, and of cutout and noise one",
                found=self.augment,
                todo="for example: --augment translation,cutout",
            )
        if self.augment_strength > 1.0:
            raise ConfigError(
                "augment_strength is a chance, at most 1",
                found=str(self.augment_strength),
                todo="use --augment-strength 0.5",
            )
        if self.augment != "none" and self.augment_strength == self.augment_target == 0.0:
            raise ConfigError(
                "--augment would never change an image",
                found="--augment-strength 0, --augment-target 0",
                todo="leave --augment-target out, or give --augment-strength 0.5",
            )
        if self.network == "toy" and self.augment not in ("auto", "none"):
            raise ConfigError("--augment is of images", found="points of a toy", todo="leave it out")

    @property
    def images_per_iteration(self) -> int:
        """Real images that one iteration shows to D."""
        return self.batch_size * self.d_steps

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def nearest_multiple(count: int, of: int) -> int:
    """The multiple of `of` nearest to `count`, at least one; upwards where two are as near."""
    return max(1, (count + of // 2) // of) * of


@functools.cache
def _hints(settings: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(settings)


def _types_of(settings: type[Any], name: str) -> tuple[type, ...]:
    """The plain types that a field admits; `None` among them when it is optional."""
    hint = _hints(settings)[name]  # type: ignore[arg-type]
    return typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)


def _check(field: dataclasses.Field[Any], value: Any, kinds: tuple[type, ...]) -> None:
    flag = "--" + field.name.replace("_", "-")
    if float in kinds:
        kinds = (*kinds, int)
    plain = tuple(typing.get_origin(kind) or kind for kind in kinds)
    pair = isinstance(value, tuple) and (len(value) != 2 or {type(side) for side in value} != {int})
    if not isinstance(value, plain) or pair or (isinstance(value, bool) and bool not in kinds):
        names = " or ".join(kind.__name__ for kind in plain)
        raise ConfigError(
            f"{flag} has the wrong type", found=repr(value), todo=f"give {names}: {field.metadata['doc']}"
        )
    choices, low = field.metadata["choices"], field.metadata["low"]
    if choices and value is not None and value not in choices:
        raise ConfigError(
            f"{flag} cannot be {value!r}",
            found=repr(value),
            todo=did_you_mean(str(value), [str(choice) for choice in choices]),
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{flag} must be finite", found=repr(value), todo=field.metadata["doc"])
    least = min(value) if isinstance(value, tuple) else value
    if low is not None and isinstance(least, int | float) and least < low:
        raise ConfigError(f"{flag} must be at least {low:g}", found=repr(value), todo=field.metadata["doc"])


def field_types() -> dict[str, tuple[type, ...]]:
    """The types of every field, `NoneType` among them where `None` is allowed: for the command line."""
    return {field.name: _types_of(Config, field.name) for field in dataclasses.fields(Config)}


def config_from_dict(values: dict[str, Any]) -> Config:
    """A `Config` from a stored or given mapping.

    Raises:
        ConfigError: a key that is no setting, with the nearest one that is; a value out of range.
    """
    require_known(values)
    return Config(**values)


def require_known(values: Mapping[str, object], settings: type[Config] = Config) -> None:
    """Raises ConfigError: a key that is no setting."""
    known = [field.name for field in dataclasses.fields(settings)]
    for key in values:
        if key not in known:
            raise ConfigError(f"unknown setting {key!r}", found=key, todo=did_you_mean(key, known))


# What may differ between a run and its resumption, because it changes no number of the training.
RESUMABLE_CHANGES = ("epochs", "checkpoint_seconds", "keep_checkpoints", "stop", "stop_gain", "best_by")


def config_changes(old: Config, new: Config) -> list[str]:
    """The settings that forbid resuming `old` as `new`, each as `name: old → new`."""
    return [
        f"{field.name}: {getattr(old, field.name)!r} → {getattr(new, field.name)!r}"
        for field in dataclasses.fields(Config)
        if field.name not in RESUMABLE_CHANGES and getattr(old, field.name) != getattr(new, field.name)
    ]
