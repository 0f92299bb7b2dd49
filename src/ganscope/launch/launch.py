"""From a config to a finished run: find the data, the run and the machine's best path; train; leave the pictures."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.config import AUTO_PRESETS, Config, Plan, auto_preset, make_config, plan, size_of, size_text
from ganscope.data import (
    Dataset,
    Decision,
    chosen_size,
    load_configured,
    located,
    require_outside,
    require_variety,
    trainable_size,
)
from ganscope.device import Backend
from ganscope.errors import ConfigError, did_you_mean
from ganscope.launch.estimate import expected, network_summary, snapshot_cost, too_short
from ganscope.launch.follow import announcement, follow
from ganscope.launch.resume import find_run, resumed_config
from ganscope.memory import fits_in_memory
from ganscope.metrics import METRICS
from ganscope.pilots import choose_penalty
from ganscope.progress import Progress, duration
from ganscope.recorder import Callback, CallingJudge, ImageJudge, Judge, Recorder, planned
from ganscope.runs import Run, claim_run_path, describe
from ganscope.toys import TOYS, Toy, ToyJudge, require_points, scaled, toy_dataset
from ganscope.trackers import Bridge
from ganscope.training import Outcome, World, backend_of, joined_world, train


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
    log_to: Sequence[str] = (),
    progress: Progress | None = None,
    command: list[str] | None = None,
    callback: Callback | None = None,
) -> Launched:
    """Train `config`, in `run_path`, or in the unfinished run of the same settings in `runs`, or in a new one.

    `callback` is called with every `Snapshot` once it is recorded; text that it returns ends the training.
    `log_to`: names of `TRACKERS` that are told as well.

    Raises:
        GanscopeError: the data, the settings, the run or the training cannot go on; what was saved stays.
    """
    progress = progress or Progress()
    with joined_world() as world:
        if not world.records:
            run, outcome = follow(world, lambda: read_data(of_trainable_size(config, progress), progress))
            return Launched(run, outcome, {})
        try:
            training = prepare(config, runs, run_path, new, progress, command)
        except BaseException:
            world.tell("")
            raise
        return carry_out(training, progress, world, callback, log_to)


@dataclass(frozen=True)
class Prepared:
    """All that a training needs."""

    run: Run
    dataset: Dataset
    plan: Plan
    backend: Backend
    toy: Toy | None

    @property
    def trained(self) -> Plan:
        """The plan as the training reads it."""
        return scaled(self.plan, self.toy) if self.toy else self.plan


def read_data(config: Config, progress: Progress) -> Dataset:
    """The images, or the points of a toy."""
    toy = TOYS.get(config.data)
    if toy is not None:
        return toy_dataset(toy, classes=bool(config.conditional))
    return load_configured(config, progress=progress.say)


def prepare(
    config: Config,
    runs: Path,
    run_path: Path | None,
    new: bool,
    progress: Progress,
    command: list[str] | None,
) -> Prepared:
    """The data read, everything decided, the run found or made."""
    toy = TOYS.get(config.data)
    require_sense(config, toy)
    config = of_trainable_size(config, progress)
    if toy is None:
        config = dataclasses.replace(config, data=located(config.data))
    require_outside(config.data, run_path or runs, todo="name another folder with --runs or --run")
    config = with_classes_decided(config)
    dataset = read_data(config, progress)
    for decision in dataset.decisions:
        progress.say(decision)
    require_variety(dataset)
    # Points are images of one pixel with as many channels as the plane has dimensions.
    count, channels, height, width = (*dataset.train.images.shape, 1, 1)[:4]
    known: dict[str, Any] = {"num_images": count, "size": size_of((height, width)), "channels": channels}
    known["class_counts"] = class_counts(config, dataset)
    cost, in_memory = snapshot_cost(plan(config, **known)), fits_in_memory(dataset.train.images.nbytes)
    resolved = plan(config, **known, snapshot_cost=cost, in_memory=in_memory)
    backend = backend_of(resolved)
    content = dataset.train.content_hash
    run = find_run(config, resolved, runs, run_path, new, content)
    if run is None:
        if config.conditional is None and resolved.conditional:
            fewest = min(count for count in resolved.class_counts if count)
            telling = f"both networks are told the {len(resolved.class_counts)} classes"
            progress.say(
                str(Decision(telling, f"each has {fewest:,} images or more", "--no-conditional trains without"))
            )
        resolved = choose_penalty(resolved, dataset, backend, progress.say)
        environment = describe(
            command=command or sys.argv,
            backend_reason=backend.reason,
            threads=backend.threads,
            dataset=facts_of(dataset),
        ) | {"piloted": config.choose_penalty == "pilot"}
        run = Run.create(
            run_path or claim_run_path(runs, config.data, config.preset),
            resolved,
            environment,
            network_summary(resolved),
        )
        progress.say(run.networks())
    else:
        resolved = resumed_config(run, config, resolved, content)
    progress.say(
        f"{config.data}: {count:,} training images of {height}×{width}×{channels}, "
        f"{len(dataset.test.images):,} held out · {backend.reason} · {run.path}"
    )
    for told in (too_short(resolved, count), expected(resolved, count, backend)):
        if told:
            progress.say(told)
    return Prepared(run, dataset, resolved, backend, toy)


def carry_out(
    training: Prepared, progress: Progress, world: World, callback: Callback | None, log_to: Sequence[str]
) -> Launched:
    """Train, record, and leave the pictures."""
    run, dataset, resolved, toy = training.run, training.dataset, training.plan, training.toy
    count = len(dataset.train.images)
    with run.locked():
        if resolved != run.config():
            run.store_config(resolved)
        judge: Judge = ToyJudge(run, toy, resolved, progress) if toy else ImageJudge(run, dataset, resolved, progress)
        if callback is not None:
            judge = CallingJudge(judge, callback)
        step = resolved.images_per_iteration
        due = planned(resolved.snapshot_every, step)
        bridge = Bridge(run, log_to, progress.say) if log_to else None
        grid = (len(resolved.shown_classes), resolved.class_columns) if resolved.class_columns else None
        recorder = Recorder(
            run, num_images=count, images_per_iteration=step, due=due, judge=judge, bridge=bridge, grid=grid
        )
        world.tell(announcement(run, training.trained, dataset))
        try:
            outcome = train(
                run,
                dataset.train.images,
                dataset.test.images,
                training.trained,
                training.backend,
                recorder,
                data_hash=dataset.train.content_hash,
                labels=dataset.train.labels,
                test_labels=dataset.test.labels,
                progress=progress,
                world=world,
            )
            recorder.finish(outcome.status != "interrupted")
        finally:
            recorder.close()
        progress.say(farewell(run, outcome, resolved, recorder.costs()))
        products: dict[str, Path] = {}
        if outcome.status != "interrupted":
            products = recorder.products()
        if outcome.status != "interrupted":
            run.mark_finished(dataclasses.asdict(outcome) | recorder.costs())
    return Launched(run, outcome, products)


def configure(data: str, preset: str = "auto", *, progress: Progress | None = None, **settings: Any) -> Config:
    """A config from a preset and what differs from it; `auto` looks at the data, so that the preset fits their size.

    Raises:
        GanscopeError: an unknown preset or setting, a value out of range, data that cannot be read.
    """
    config = make_config(data, preset, **settings)
    if preset != "auto" or data in AUTO_PRESETS:
        return config
    size = chosen_size(data, (progress or Progress(quiet=True)).say, **settings)
    return make_config(data, auto_preset(data, size), **settings)


def of_trainable_size(config: Config, progress: Progress) -> Config:
    """The config with the nearest size that its networks make; says so where it is another than the one asked for."""
    if config.size is None or config.network in ("mlp", "toy"):
        return config
    size = trainable_size(config.size)
    if size != config.size:
        before, after = (size_text(side, "x") if isinstance(side, tuple) else side for side in (config.size, size))
        progress.say(f"--size {before} becomes {after}: the nearest that the {config.network} networks make")
    return dataclasses.replace(config, size=size)


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


def with_classes_decided(config: Config) -> Config:
    """The config where the other settings leave no choice whether the networks are told the classes."""
    if config.conditional is not None:
        return config
    if config.class_balance != "data" or config.d_classify > 0:
        return dataclasses.replace(config, conditional=True)
    return dataclasses.replace(config, conditional=False) if config.pack > 1 else config


def class_counts(config: Config, dataset: Dataset) -> tuple[int, ...]:
    """Training images of each class, `()` where the networks must not be told them.

    Raises:
        ConfigError: a conditional training without labels, or of one class.
    """
    if config.conditional is False:
        return ()
    train, test = dataset.train, dataset.test
    counts = (
        np.bincount(train.labels, minlength=len(train.class_names)) if train.labels is not None else np.zeros(0, int)
    )
    if test.labels is None or (counts > 0).sum() < 2:
        if config.conditional is None:
            return ()
        found = f"one class in {config.data}" if len(counts) else f"no labels in {config.data}"
        raise ConfigError(
            "--conditional needs images of several classes",
            found=found,
            todo="put the images into one folder a class (or give an array y of labels), or leave --conditional out",
        )
    return tuple(counts.tolist())


def require_measurements(config: Config, option: str) -> None:
    """Raises ConfigError: `option` waits for findings, and nothing is measured."""
    if not config.metrics:
        points = f"{config.data}, whose points get scores and no findings"
        raise ConfigError(
            f"{option} needs measurements",
            found=points if config.network == "toy" else "--no-metrics",
            todo=f"leave {option} out" if config.network == "toy" else "leave one of the two out",
        )


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


def farewell(run: Run, outcome: Outcome, config: Plan, costs: dict[str, float]) -> str:
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
            f"Resume with the same command, or: ganscope train {config.data} --run {run.path} …"
        )
    if outcome.status == "stopped":
        return f"stopped by itself at {outcome.images_seen:,} images after {took}: {outcome.reason}"
    return f"finished {config.epochs:g} epochs, {outcome.images_seen:,} images, after {took}"
