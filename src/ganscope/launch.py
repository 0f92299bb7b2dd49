"""From a config to a finished run: find the data, the run and the machine's best path; train; leave the pictures."""

from __future__ import annotations

import dataclasses
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch.nn import Module

from ganscope import networks
from ganscope.config import Config, config_changes
from ganscope.curves import draw_curves
from ganscope.datasets import Dataset, load_dataset, require_outside
from ganscope.environment import describe
from ganscope.errors import ConfigError, GanscopeError, RunError, did_you_mean
from ganscope.files import atomic
from ganscope.judge import Judge
from ganscope.metrics import METRICS
from ganscope.penalty import choose_penalty
from ganscope.progress import Progress, duration
from ganscope.run import Run, claim_run_path, list_runs
from ganscope.state import STANDING_LATENTS, backend_of, build_networks
from ganscope.toyjudge import ToyJudge, require_points, scaled, toy_dataset
from ganscope.toys import TOYS, Toy
from ganscope.train import Outcome, train


@dataclass(frozen=True)
class Launched:
    """A run after its training, with what was made from it: name → file."""

    run: Run
    outcome: Outcome
    products: dict[str, Path]


def launch(
    config: Config,
    *,
    runs: Path = Path("runs"),
    run_path: Path | None = None,
    new: bool = False,
    progress: Progress | None = None,
    command: list[str] | None = None,
) -> Launched:
    """Train `config`, in `run_path`, or in the unfinished run of the same settings in `runs`, or in a new one.

    Raises:
        GanscopeError: the data, the settings, the run or the training cannot go on; what was saved stays.
    """
    progress = progress or Progress()
    toy = TOYS.get(config.data)
    require_sense(config, toy)
    require_outside(config.data, run_path or runs, todo="name another folder with --runs or --run")
    dataset = (
        toy_dataset(toy)
        if toy is not None
        else load_dataset(
            config.data, size=config.size, channels=config.channels, holdout=config.holdout, progress=progress.say
        )
    )
    # Points are images of one pixel with as many channels as the plane has dimensions.
    count, channels, height = (*dataset.train.images.shape, 1)[:3]
    resolved = config.resolve(
        num_images=count, size=height, channels=channels, snapshot_cost=snapshot_cost(config, height, channels)
    )
    backend = backend_of(config)
    run = find_run(config, resolved, runs, run_path, new)
    if run is None:
        resolved = choose_penalty(resolved, dataset, backend, progress.say)
        environment = describe(
            command=command or sys.argv,
            backend_reason=backend.reason,
            threads=backend.threads,
            dataset=facts_of(dataset),
        )
        run = Run.create(
            run_path or claim_run_path(runs, config.data, config.preset),
            resolved,
            environment,
            network_summary(resolved),
        )
        progress.say(run.networks())
    else:
        resolved = resumed_config(run, config, resolved)
    progress.say(
        f"{config.data}: {count:,} training images of {height}×{height}×{channels}, "
        f"{len(dataset.test.images):,} held out · {backend.reason} · {run.path}"
    )
    with run.locked():
        if resolved != run.config():
            run.store_config(resolved)
        judge = ToyJudge(run, toy, resolved, progress) if toy else Judge(run, dataset, resolved, progress)
        try:
            outcome = train(
                run,
                dataset.train.images,
                dataset.test.images,
                scaled(resolved, toy) if toy else resolved,
                backend,
                data_hash=dataset.train.content_hash,
                on_snapshot=judge,
                progress=progress,
            )
            judge.finish(outcome.status != "interrupted")
        finally:
            judge.close()
        progress.say(farewell(run, outcome, resolved, judge.costs()))
        products: dict[str, Path] = {}
        if outcome.status != "interrupted":
            products = judge.products() if isinstance(judge, ToyJudge) else make_products(run, resolved, progress)
        if outcome.status != "interrupted":
            run.mark_finished(dataclasses.asdict(outcome) | judge.costs())
    return Launched(run, outcome, products)


def require_sense(config: Config, toy: Toy | None) -> None:
    """Raises ConfigError: networks for images on points or the reverse; a metric to choose by that there is not."""
    if toy is not None:
        require_points(config, toy)
    elif config.network == "toy":
        raise ConfigError(
            "--network toy makes points, not images",
            found=f"--data {config.data} --preset {config.preset}",
            todo=f"leave --preset and --network out, or train on points: {', '.join(TOYS)}",
        )
    if config.stop == "auto":
        require_measurements(config, "--stop auto")
    if config.best_by not in METRICS:
        raise ConfigError(
            f"--best-by knows no metric {config.best_by!r}",
            found=config.best_by,
            todo=did_you_mean(config.best_by, list(METRICS)),
        )


def require_measurements(config: Config, option: str) -> None:
    """Raises ConfigError: `option` waits for findings, and nothing is measured."""
    if not config.metrics:
        points = f"{config.data}, whose points get scores and no findings"
        raise ConfigError(
            f"{option} needs measurements",
            found=points if config.network == "toy" else "--no-metrics",
            todo=f"leave {option} out" if config.network == "toy" else "leave one of the two out",
        )


def find_run(config: Config, resolved: Config, runs: Path, run_path: Path | None, new: bool) -> Run | None:
    """The run to go on with, None when a new one is wanted."""
    if run_path is not None:
        exists = (run_path / "config.json").is_file()
        if exists and new:
            raise RunError(f"{run_path} exists", found="--new and --run together", todo="drop one of them")
        return Run(run_path) if exists else None
    if new:
        return None
    for run in reversed(list_runs(runs)):
        try:
            stored = run.config()
            planned = as_planned(config, resolved, stored)
            same = not config_changes(stored, planned) and stored.epochs == planned.epochs
        except GanscopeError:
            continue
        if same and not run.finished():
            return run
    return None


def as_planned(config: Config, resolved: Config, stored: Config) -> Config:
    """The resolved config with what the stored run decided and `config` leaves open: its plan and its penalties.

    A longer training keeps the first plan's spacing of lines and snapshots and its schedule of rates.
    """
    derived = ("burn_in", "snapshots", "log_every", "snapshot_every")
    kept: dict[str, Any] = {name: getattr(stored, name) for name in derived if getattr(config, name) is None}
    if (config.choose_penalty, stored.choose_penalty) == ("pilot", "piloted"):
        kept |= {"r1": stored.r1, "r2": stored.r2, "choose_penalty": stored.choose_penalty}
    return dataclasses.replace(resolved, **kept)


def resumed_config(run: Run, config: Config, resolved: Config) -> Config:
    """The config to go on with in `run`.

    Raises:
        RunError: other settings differ, each named old → new.
    """
    stored = run.config()
    planned = as_planned(config, resolved, stored)
    if changes := config_changes(stored, planned):
        raise RunError(
            f"{run.path} was started with other settings",
            found="; ".join(changes),
            todo="give the same settings to resume it, or start another run with --new",
        )
    return planned


# What the plan of snapshots assumes, in float32 operations; the share that they really took is printed at the end.
OVERHEAD_FLOPS = 1e8  # of an iteration, whatever the networks: about 1 ms of one core
METRIC_FLOPS = 5e10  # of a snapshot's metrics, once there are features
FEATURE_FLOPS_PER_PIXEL = 1.5e4  # of the feature space


def snapshot_cost(config: Config, size: int, channels: int) -> float:
    """What a snapshot costs, in iterations: G, D and the feature space on all fakes, against G's and D's steps.

    A backward pass costs two forward ones; D's weights get no gradients in G's step. The moving average of G also makes
    the images from which its batch statistics are measured.
    """
    g, d = plain_networks(config, size, channels)
    g_flops = networks.flops(g, config.latent_dim)
    d_flops = networks.flops(d, *judged_shape(config, size, channels)) / config.pack
    d_step = config.batch_size * (g_flops + 6 * d_flops)
    g_step = config.batch_size * (2 * g_flops + 2 * d_flops)
    iteration = config.d_steps * d_step + config.g_steps * g_step + OVERHEAD_FLOPS
    measuring = METRIC_FLOPS + config.num_fakes * FEATURE_FLOPS_PER_PIXEL * size**2 if config.metrics else 0.0
    standing = STANDING_LATENTS if config.ema_half_life > 0 else 0
    return ((config.num_fakes + standing) * g_flops + config.num_fakes * d_flops + measuring) / iteration


def judged_shape(config: Config, size: int, channels: int) -> tuple[int, ...]:
    """What D takes, without the batch: `(C, H, W)` of an image, `(d,)` of a point; a pack multiplies the first."""
    first = channels * config.pack
    return (first,) if config.network == "toy" else (first, size, size)


def plain_networks(config: Config, size: int, channels: int) -> tuple[Module, Module]:
    """Both networks, to be counted or described: spectral normalisation would hide the weights behind its own."""
    return build_networks(dataclasses.replace(config, init_std=None, spectral_norm=False), size, channels)


def facts_of(dataset: Dataset) -> dict[str, Any]:
    """What the record says of the data."""
    return {
        "name": dataset.name,
        "num_train": len(dataset.train.images),
        "num_test": len(dataset.test.images),
        "shape": list(dataset.train.images.shape[1:]),
        "content_hash": dataset.train.content_hash,
        "classes": list(dataset.train.class_names),
        "num_skipped": len(dataset.skipped),
        "skipped": [list(pair) for pair in dataset.skipped[:100]],
    }


def network_summary(config: Config) -> str:
    """The table of both networks' layers."""
    assert config.size is not None and config.channels is not None
    g, d = plain_networks(config, config.size, config.channels)
    shape = judged_shape(config, config.size, config.channels)
    return networks.summary(g, d, latent_dim=config.latent_dim, image_shape=shape)


def farewell(run: Run, outcome: Outcome, config: Config, costs: dict[str, float]) -> str:
    """How it ended, what it cost, and how to go on."""
    whole = max(outcome.train_seconds + outcome.snapshot_seconds, 1e-9)
    shares = [f"{name.removesuffix('_seconds')} {seconds / whole:.1%}" for name, seconds in costs.items() if seconds]
    took = (
        f"{duration(outcome.train_seconds)} of training, {duration(outcome.snapshot_seconds)} of snapshots and saving"
        + (f" ({', '.join(shares)} of the whole)" if shares else "")
    )
    if outcome.status == "interrupted":
        return (
            f"stopped at {outcome.images_seen:,} images after {took}; everything is saved.\n"
            f"Go on with the same command, or: ganscope train {config.data} --run {run.path} …"
        )
    if outcome.status == "stopped":
        return f"stopped by itself at {outcome.images_seen:,} images after {took}: {outcome.reason}"
    return f"finished {config.epochs:g} epochs, {outcome.images_seen:,} images, after {took}"


def make_products(run: Run, config: Config, progress: Progress) -> dict[str, Path]:
    """Curves, films and the report of a run; each that cannot be made is said, none stops the others."""
    from ganscope import film, report

    products: dict[str, Path] = {}
    samples = run.samples()
    if samples and run.sample_path(samples[-1]).is_file():
        products["images"] = run.sample_path(samples[-1])
    makers = {
        "curves": lambda: save_curves(run),
        "film": lambda: film.grid_film(run)[0],
        "page": lambda: report.write_report(run),
    }
    if run.real_map_info_path.is_file():
        makers["map film"] = lambda: film.make_film(run)[0]
    for name, make in makers.items():
        try:
            products[name] = make()
        except GanscopeError as error:
            progress.say(f"no {name}: {error}")
    return products


def save_curves(run: Run) -> Path:
    """`curves.png` of a run."""
    config, history = run.config(), run.history()
    path = run.product("curves.png")
    title = f"{config.data}, preset {config.preset} · {math.floor(history[-1]['epoch'] + 0.5) if history else 0} epochs"
    with atomic(path) as file:
        draw_curves(file, history, run.lines("test"), title)
    return path
