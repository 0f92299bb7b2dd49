"""`ganscope evaluate RUN`: every metric of one snapshot beside its floor, with the protocol; train on synthetic.

M fakes, K classes. Images `(M, C, H, W) uint8`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganscope.config import Plan, size_of
from ganscope.data import Dataset, cache_root, load_configured
from ganscope.device import has_fast_bf16
from ganscope.drawing import save_grid
from ganscope.errors import ConfigError, DataError, RunError
from ganscope.features import (
    FEATURES,
    FeatureSpace,
    feature_space,
    has_usable_labels,
    planned_images,
    recalled,
    train_classifier,
)
from ganscope.files import atomic, write_json
from ganscope.metrics import (
    METRICS,
    Evaluator,
    Metric,
    Observation,
    Sizes,
    class_share_line,
    missing,
    share_stderr,
)
from ganscope.progress import Say
from ganscope.runs import Run
from ganscope.training import asked, backend_of, generate, read_generator

FID_IMAGES = 50_000  # Heusel et al. 2017; with fewer, or other features, it is a Fréchet distance and not FID
LARGE = Sizes(moments=50_000, balls=10_000, copies=2_000, moved=500)
TSTR_FAKES = 60_000
FEWEST_FAKES = 128  # as many as a snapshot has at least; fewer say nothing about a distribution


def evaluate(
    run_path: Path | str,
    *,
    snapshot: str | int = "best",
    num_fake: int = 10_000,
    tstr: bool = False,
    features: str = "auto",
    data: str | None = None,
    cache: Path | None = None,
    progress: Say | None = None,
) -> dict[str, Any]:
    """Measure one generator of a run with many fakes; write `evaluation-<images_seen>.json` and the suspected copies.

    Args:
        snapshot: "best" (the last where none was measured), "last", or the kept one nearest to so many images.
        num_fake: fakes drawn, from latents that no snapshot uses.
        tstr: also train a classifier on fakes and test it on real images.
        features: a feature space, or "auto".
        data: where the data lie now, when they have moved.

    Returns:
        what the JSON file holds: `images_seen`, `metrics`, `class_share`, `class_names`, `feature_space`, `findings`
        and `verdict` of the snapshot, `table` (text), and `files`.

    Raises:
        RunError: no run, no generator kept, a run on a toy, or other data than it was trained on.
        ConfigError: train-on-synthetic without labels, too few fakes, or an unknown feature space.
    """
    say = progress or (lambda text: None)
    if num_fake < FEWEST_FAKES:
        raise ConfigError(f"-n must be at least {FEWEST_FAKES}", found=str(num_fake), todo="leave it out: 10,000")
    run = Run.open(run_path)
    run.require_images(f"its scores are in {run.product('scores.json')} and, by snapshot, in evals.jsonl")
    config = run.config()
    seen = run.choose_generator(snapshot)
    dataset = dataset_of(run, config, say, data)
    cache = cache_root() if cache is None else cache
    if tstr and not has_usable_labels(dataset.train):
        raise ConfigError(
            "train on synthetic, test on real needs labels",
            found=f"{len(dataset.train.class_names)} classes in {config.data}",
            todo="leave out --tstr, or put the images into one folder a class",
        )
    space = feature_space(dataset.train, dataset.test, cache, name=features, progress=say)
    pixels = feature_space(dataset.train, dataset.test, cache, name="pca", progress=say)
    say(f"drawing {num_fake:,} fakes at {seen:,} images seen")
    sample = _sampler(run, config, seen)
    fakes, _ = sample(num_fake, "evaluate")
    shapes = None if space.num_classes else feature_space(dataset.train, dataset.test, cache, name="structure")
    monitor = Evaluator(
        dataset.train, dataset.test, space, pixels, structure=shapes, num_fake=num_fake, seed=config.seed, sizes=LARGE,
        recall=functools.partial(recalled, cache=cache),
    )  # fmt: skip
    found = monitor.measure(fakes)
    metrics = dict(found.metrics)
    if tstr:
        labeller = (
            space
            if space.num_classes
            else feature_space(dataset.train, dataset.test, cache, name="classifier", progress=say)
        )
        count = min(TSTR_FAKES, len(dataset.train.images))
        made, own = sample(count, "tstr")
        metrics["tstr"] = train_on_synthetic(dataset, made, labeller, say, own=own)
    line = next((line for line in run.evals() if line["images_seen"] == seen), {})
    result: dict[str, Any] = {
        "images_seen": seen,
        "best": run.best(),
        "num_fake": num_fake,
        "feature_space": {"name": space.name, "version": space.version, "dim": space.dim, "accuracy": space.accuracy},
        "metrics": {name: metric.to_dict() for name, metric in metrics.items()},
        "class_names": list(monitor.kind_names),
        "class_share": class_share_line(monitor.real_share, found.share),
        "missing": missing_kinds(monitor, found, len(fakes)),
        "findings": line.get("findings", []),
        "verdict": line.get("verdict", ""),
    }
    result["table"] = render(metrics, result)
    picture = run.product(f"copies-{seen:09d}.png")
    with atomic(picture) as file:
        save_grid(file, pair_picture(dataset.train.images, fakes, found.copies.pairs), columns=8)
    report = run.product(f"evaluation-{seen:09d}.json")
    result["files"] = {"json": str(report), "copies": str(picture)}
    write_json(report, result)
    return result


def dataset_of(run: Run, config: Plan, say: Say, data: str | None = None) -> Dataset:
    """The data that a run was trained on, by content."""
    try:
        dataset = load_configured(config, data, progress=say)
    except DataError as error:
        if data is not None or not error.what.startswith("no data set"):
            raise
        todo = "give the path where they lie now with --data"
        raise DataError(f"the data of {run.path} are not where they were", found=config.data, todo=todo) from error
    expected = run.environment().get("dataset", {}).get("content_hash", dataset.train.content_hash)
    if dataset.train.content_hash != expected:
        raise RunError(
            f"{data or config.data} is not what {run.path} was trained on",
            found=f"content {dataset.train.content_hash}, the run has {expected}",
            todo="give back the original images",
        )
    return dataset


def _sampler(run: Run, config: Plan, seen: int) -> Callable[[int, str], tuple[np.ndarray, np.ndarray | None]]:
    """A function that draws `count` fakes from latents of its own purpose: `(count, C, H, W) uint8`, and the classes
    `(count,)` that they were asked for, None of a generator that is told none."""
    backend = backend_of(config)
    g = read_generator(config, run.generator_path(seen), backend)

    def sample(count: int, purpose: str) -> tuple[np.ndarray, np.ndarray | None]:
        given = asked(config, count, purpose, balance="data")
        return generate(g, given, backend), None if given.labels is None else given.labels.numpy()

    return sample


def train_on_synthetic(
    dataset: Dataset, fakes: np.ndarray, labeller: FeatureSpace, say: Say, seed: int = 0, own: np.ndarray | None = None
) -> Metric:
    """Accuracy on real held-out images of a classifier that saw fakes only (CAS, Ravuri & Vinyals 2019).

    The fakes `(M, C, H, W) uint8` carry the classes that a conditional generator was asked for, `own (M,)`, else the
    labels that a classifier trained on reals gives them; the fresh classifier has the same network, the same recipe and
    sees as many images. The floor is the accuracy of the same classifier trained on M reals. Labels from a classifier
    are distillation: even noise so labelled teaches something (71 % on the digits), so only the gap to the floor
    speaks of the fakes.
    """
    train, test = dataset.train, dataset.test
    assert train.labels is not None and test.labels is not None
    labels = labeller.classify(fakes).argmax(axis=1) if own is None else own
    count = min(len(fakes), len(train.images))
    order = np.random.default_rng(seed).permutation(len(train.images))[:count]
    real = labeller.accuracy if count == len(train.images) else None  # it is that very classifier
    if real is None:
        real = _accuracy_of(np.asarray(train.images[order]), train.labels[order], dataset, say, "reals")
    fake = _accuracy_of(fakes[:count], labels[:count], dataset, say, "fakes")
    stderr = share_stderr(fake, len(test.images))
    return Metric(
        name="tstr", value=fake, stderr=stderr, floor=real, num_real=count, num_fake=count, floor_num=count,
        features=labeller.name, version=labeller.version,
    )  # fmt: skip


def _accuracy_of(images: np.ndarray, labels: np.ndarray, dataset: Dataset, say: Say, side: str) -> float:
    """Train on images with labels, test on the held-out reals."""
    dtype = torch.bfloat16 if has_fast_bf16(torch.device("cpu")) else None
    net = train_classifier(
        images,
        labels,
        len(dataset.train.class_names),
        num_images=planned_images(len(images), size_of(images.shape[2:])),
        autocast_dtype=dtype,
        progress=lambda text: say(f"{text} (on {side})"),
    )
    space = FeatureSpace("tstr", "", FEATURES, None, len(dataset.train.class_names), net)
    return float((space.classify(dataset.test.images).argmax(axis=1) == dataset.test.labels).mean())


def missing_kinds(monitor: Evaluator, found: Observation, num_fake: int) -> list[str]:
    """The classes or clusters that are missing, as every part of ganscope defines it (`metrics.missing`)."""
    absent = missing(monitor.real_share, found.share.share, num_fake, found.share.stderr)
    return [monitor.kind_names[kind] for kind in np.flatnonzero(absent)]


def pair_picture(train: np.ndarray, fakes: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Each suspected copy beside its training image: `(2·P, C, H, W) uint8`, fake first, most suspicious first."""
    images = [side for fake, real in pairs for side in (fakes[fake], np.asarray(train[real]))]
    return np.stack(images)


def render(metrics: dict[str, Metric], result: dict[str, Any]) -> str:
    """The table that the command prints."""
    space = result["feature_space"]
    accuracy = f", {100 * space['accuracy']:.1f} % right on held-out images" if space["accuracy"] else ""
    lines = [
        f"snapshot at {result['images_seen']:,} images seen, {result['num_fake']:,} fakes",
        f"features: {space['name']} {space['version']}, {space['dim']} numbers{accuracy}",
        "",
        f"{'metric':<20} {'value':>9} {'±':>8} {'floor':>9}  {'reals':>7} {'fakes':>7}  better",
    ]
    for name, metric in metrics.items():
        lines.append(
            f"{title_of(metric):<20} {_number(metric.value):>9} {_number(metric.stderr):>8} {_number(metric.floor):>9}"
            f"  {metric.num_real:>7,} {metric.num_fake:>7,}  {METRICS[name].better}"
        )
    missing = result["missing"]
    lines += ["", f"missing: {', '.join(missing) if missing else 'none'} of {len(result['class_names'])} kinds"]
    lines += ["floor: the same number for held-out real images in the place of the fakes"]
    if result["verdict"]:
        lines.append(f"verdict: {result['verdict']}")
    return "\n".join(lines)


def title_of(metric: Metric) -> str:
    """The metric's title; FID only for what deserves the name."""
    if metric.name == "frechet" and metric.features == "inception" and metric.num_fake >= FID_IMAGES:
        return "FID"
    return METRICS[metric.name].title


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value == round(value) and abs(value) >= 10 else f"{value:.4g}"
