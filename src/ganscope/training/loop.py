"""The training: Goodfellow et al. 2014, algorithm 1, with what a run needs around it.

Everything random is a function of `(seed, purpose, images_seen)`, so a run resumed from any checkpoint is, bit for bit,
the run that was never interrupted (same machine, same thread count).
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from ganscope.config import Plan
from ganscope.device import Backend, every_core
from ganscope.errors import OtherDataError, OtherVersionError, RunError, TrainingError
from ganscope.networks import told
from ganscope.progress import Progress, Status
from ganscope.runs import Run
from ganscope.training import objectives
from ganscope.training.batches import Batch, Batches
from ganscope.training.captured import iteration_of
from ganscope.training.checkpoint import load_checkpoint, require_finite, save_checkpoint, save_generator
from ganscope.training.clock import Clock, interruptible
from ganscope.training.distributed import ALONE, World
from ganscope.training.packing import packed
from ganscope.training.sampling import Latents, fixed_latents, generate, images_at_once, latents, normalise, sampler
from ganscope.training.state import SCALARS, TrainState, new_state
from ganscope.training.steering import LOOK_AT, drawn_rows, is_due
from ganscope.training.step import Game

KEPT_GENERATORS = 16  # the log-spaced history
TEST_IMAGES = 2000  # held-out reals scored at every evaluation


@dataclass(frozen=True)
class Outcome:
    """How a training ended: `finished`, `interrupted` or `stopped`, with the reason of the last."""

    status: str
    reason: str
    images_seen: int
    train_seconds: float
    snapshot_seconds: float


class Recording(Protocol):
    """What the training tells of itself: the part of a `Recorder` that is used here."""

    def log(self, images_seen: int, scalars: Mapping[str, Any]) -> dict[str, Any]:
        """One line of means; returns it with its epoch."""
        ...

    def log_held_out(self, images_seen: int, scalars: Mapping[str, Any]) -> None:
        """One line of what was measured on held-out images."""
        ...

    def due(self, images_seen: int) -> bool:
        """Whether a snapshot is due."""
        ...

    def snapshot(
        self,
        images_seen: int,
        fakes: np.ndarray,
        *,
        labels: np.ndarray | None,
        scores: np.ndarray,
        g: Any,
        d: Any,
        train_seconds: float,
    ) -> str | None:
        """Images of the fixed latents; a returned text ends the training with that reason."""
        ...


def train(
    run: Run,
    images: np.ndarray,
    test_images: np.ndarray,
    config: Plan,
    backend: Backend,
    recorder: Recording,
    *,
    data_hash: str,
    labels: np.ndarray | None = None,
    test_labels: np.ndarray | None = None,
    progress: Progress | None = None,
    world: World = ALONE,
) -> Outcome:
    """Train until the planned epochs are over, from the newest good checkpoint where there is one.

    Args:
        images: real training images, `(N, C, H, W) uint8` (`(N, d) float32` for toys).
        test_images: held-out real images of the same kind.
        config: resolved.
        labels, test_labels: classes `(N,) int64` of both, for a conditional training.
        recorder: is told of every interval, evaluation and snapshot, and says when a snapshot is due.
        world: the processes that train together. The first reads and writes `run`; the others never touch it.

    Raises:
        TrainingError: a loss or weight is not finite.
        RunError: the disk is full, or no checkpoint can be read.
        PeerError: another of several processes has ended.
    """
    world.require_rows(config.batch_size, config.pack)
    progress = progress or Progress(quiet=True)
    state = new_state(config, backend, begun=world.records and not run.checkpoints(), world=world)
    resumed = world.records and resume(state, run, data_hash, progress)
    resumed = state.spread(resumed, world)
    batches, game = Batches(images, config, backend, labels, world=world), Game.of(config, backend, world)
    advance = iteration_of(game, state, batches, progress.say)
    fixed = fixed_latents(config)
    known = Held(images, labels if config.num_classes else None)
    held_out = Held(test_images, test_labels if config.num_classes else None)
    total, start_images = config.total_iterations(len(images)), state.images_seen
    clock = Clock()
    reason: str | None = None

    def snapshot(of: TrainState) -> str | None:
        return world.tell(take_and_record(of)) or None

    def take_and_record(of: TrainState) -> str | None:
        if not world.records:
            return None
        with clock.paused():
            fakes, scores, g = take_snapshot(of, run, config, backend, fixed)
            with every_core(backend) if config.threads == 0 else contextlib.nullcontext():
                advice = recorder.snapshot(
                    of.images_seen,
                    fakes,
                    labels=numbers(fixed.labels),
                    scores=scores,
                    g=g,
                    d=of.d,
                    train_seconds=clock.seconds,
                )
            thin_generators(run)
        return advice

    def open_record() -> str | None:
        """The untrained networks' losses and images. They depend on the seed alone, so the first step goes before."""
        untrained = new_state(config, backend) if world.records else state
        with clock.paused():
            evaluate(untrained)
        return snapshot(untrained)

    def evaluate(of: TrainState) -> None:
        if world.records:
            evaluate_held_out(of, recorder, held_out, config, backend)

    def save_now() -> None:
        state.sum_rows(world)
        world.require_equal(state.g_parameters + state.d_parameters, state.iteration)
        if world.records:
            save(state, run, config, data_hash)

    with interruptible() as interrupted:
        opened, saved_at = resumed, time.monotonic()
        while state.iteration < total and not reason and not world.any(interrupted(), state.iteration):
            # advance
            epoch_before = state.images_seen / len(images)
            state.recent[state.recent_count] = advance()
            state.recent_count += 1
            epoch = state.images_seen / len(images)
            # steer
            if is_due(config, state.images_seen):
                look_at_d(state, known, held_out, config, backend)
                world.spread([state.steering.numbers])
            # log
            if state.recent_count == config.log_every or state.iteration == total:
                state.sum_rows(world)
                line = log_interval(state, recorder, config)
                left = (total - state.iteration) * config.images_per_iteration
                speed = (state.images_seen - start_images) / max(clock.seconds, 1e-9)
                progress.update(status_of(line, config, speed, left / max(speed, 1e-9)), force=state.iteration == total)
            # what is due
            evaluates = math.floor(epoch / config.eval_every) > math.floor(epoch_before / config.eval_every)
            shows = recorder.due(state.images_seen) or state.iteration == total
            saves = world.any(time.monotonic() - saved_at >= config.checkpoint_seconds, state.iteration)
            if not opened and (evaluates or shows or saves):
                opened, reason = True, open_record()
            # measure on held-out images
            if evaluates:
                evaluate(state)
            # snapshot
            if shows:
                reason = snapshot(state) or reason
            # save
            if saves:
                with clock.paused():
                    save_now()
                saved_at = time.monotonic()
        if not opened:
            reason = open_record()
        save_now()
        was_interrupted = world.any(interrupted())
    progress.close()
    images_per_second = (state.images_seen - start_images) / max(clock.seconds, 1e-9)
    timing = {"seconds": clock.seconds, "paused_seconds": clock.paused_seconds, "images_per_second": images_per_second}
    if world.records:
        run.append("timing", {"images_seen": state.images_seen, "kind": "train", **timing})
    status = "stopped" if reason else "interrupted" if was_interrupted and state.iteration < total else "finished"
    return Outcome(status, reason or "", state.images_seen, clock.seconds, clock.paused_seconds)


def resume(state: TrainState, run: Run, data_hash: str, progress: Progress) -> bool:
    """Fill `state` from the newest checkpoint that can be read, and drop what the run recorded after it.

    Returns whether there was one. Nothing is deleted before a good one is found.

    Raises:
        RunError: there are checkpoints, and none of them is good; or a finished run has lost them.
    """
    checkpoints, damaged = run.checkpoints(), []
    if not checkpoints and run.finished():
        raise RunError(
            f"{run.path} is finished, and has no checkpoint to train it further from",
            found=f"{len(run.generators())} generators and no file in checkpoints/",
            todo="use its generators as they are, or start another run with --new",
        )
    for path in reversed(checkpoints):
        try:
            load_checkpoint(state, path, data_hash)
        except (OtherDataError, OtherVersionError):
            raise
        except RunError as error:
            if path == checkpoints[0]:
                raise
            progress.say(f"{error.what} ({error.found}); resuming from the checkpoint before it")
            damaged.append(path)
            continue
        progress.say(f"resuming {run.path} at {state.images_seen:,} images (iteration {state.iteration:,})")
        break
    for path in damaged:
        path.unlink(missing_ok=True)
    run.rewind(state.images_seen if checkpoints else -1)
    run.unmark_finished()
    return bool(checkpoints)


def log_interval(state: TrainState, recorder: Recording, config: Plan) -> dict[str, Any]:
    """One line of history: means over the interval, gradient norms of its last iteration.

    Raises:
        TrainingError: a loss is not finite; names the iteration.
    """
    rows = state.recent[: state.recent_count].double().cpu()
    bad = torch.nonzero(~torch.isfinite(rows).all(dim=1))
    if len(bad):
        iteration = state.iteration - state.recent_count + 1 + int(bad[0])
        wrong = {name: float(x) for name, x in zip(SCALARS, rows[int(bad[0])], strict=True)}
        raise TrainingError(
            f"the losses are not finite at iteration {iteration}",
            found=", ".join(f"{name} {value:g}" for name, value in wrong.items()),
            todo="lower --g-lr and --d-lr, or use --precision float32; the last good checkpoint is kept",
        )
    means = dict(zip(SCALARS, rows.mean(dim=0).tolist(), strict=True))
    scalars: dict[str, Any] = {
        **means,
        "jsd_bound": float(objectives.jsd_bound(torch.tensor(means["value"], dtype=torch.float64))),
        "d_grad_norm": gradient_norm(state.d_parameters),
        "g_grad_norm": gradient_norm(state.g_parameters),
        "d_lr": state.d_optimizer.lr,
        "g_lr": state.g_optimizer.lr,
    }
    if config.augment != "none":
        r_v = state.steering.r_v
        scalars |= {"augment_strength": state.steering.strength, "r_v": None if math.isnan(r_v) else r_v}
    state.recent_count = state.recent_summed = 0
    return recorder.log(state.images_seen, scalars)


def gradient_norm(parameters: list[torch.nn.Parameter]) -> float:
    """The Euclidean norm of all gradients together."""
    squares = torch.stack([p.grad.double().square().sum() for p in parameters if p.grad is not None])
    return float(squares.sum().sqrt())


class Held(NamedTuple):
    """Held-out images `(N, C, H, W) uint8`, and their classes where the networks are told."""

    images: np.ndarray
    labels: np.ndarray | None

    def first(self, count: int, backend: Backend) -> Batch:
        """`count` of them on the device, from the start again where there are fewer."""
        return self.at(np.arange(count) % len(self.images), backend)

    def at(self, index: np.ndarray, backend: Backend) -> Batch:
        """Those at `index`, on the device."""
        images = normalise(torch.from_numpy(self.images[index]).to(backend.device))
        labels = None if self.labels is None else torch.from_numpy(np.asarray(self.labels[index], np.int64))
        return Batch(images, None if labels is None else labels.to(backend.device))


def numbers(labels: Tensor | None) -> np.ndarray | None:
    """Classes as an array."""
    return None if labels is None else labels.numpy()


@torch.no_grad()
def evaluate_held_out(state: TrainState, recorder: Recording, held_out: Held, config: Plan, backend: Backend) -> None:
    """One line of `test.jsonl`: plain labels 1 and 0, both networks in evaluation mode, as many fakes as reals."""
    count = max(config.pack, min(TEST_IMAGES, len(held_out.images)) // config.pack * config.pack)
    real, labels = held_out.first(count, backend)
    g, d = told(state.g, labels), told(state.d, labels)
    z = latents(config, count, "test", state.images_seen).to(backend.device)
    state.g.eval(), state.d.eval()
    with backend.autocast():
        real_logits = packed(d, real, config.pack).float()
        fake_logits = packed(d, g(z).float(), config.pack).float()
    state.g.train(), state.d.train()
    objective = objectives.OBJECTIVES[config.objective]
    scalars = {
        "d_loss": float(objective.d_loss(real_logits, fake_logits, objectives.Targets())),
        "g_loss": float(objective.g_loss(fake_logits, real_logits, objectives.Targets())),
        "d_real": float(torch.sigmoid(real_logits).mean()),
        "d_fake": float(torch.sigmoid(fake_logits).mean()),
        "value": float(objectives.value(real_logits, fake_logits)),
        "num_real": count,
        "num_fake": count,
    }
    if all(math.isfinite(number) for number in scalars.values()):
        recorder.log_held_out(state.images_seen, scalars)


@torch.no_grad()
def look_at_d(state: TrainState, known: Held, held_out: Held, config: Plan, backend: Backend) -> None:
    """D's mean logits of unchanged training images, held-out ones and fakes, in evaluation mode; the strength moves."""
    rows = drawn_rows(config, len(known.images), state.images_seen)
    rows = rows[: max(1, len(rows) // config.pack) * config.pack]
    fresh = max(config.pack, min(LOOK_AT, len(held_out.images)) // config.pack * config.pack)
    z = latents(config, len(rows), "look", state.images_seen).to(backend.device)
    state.g.eval(), state.d.eval()
    with backend.autocast():

        def logit(batch: Batch) -> float:
            return float(packed(told(state.d, batch.labels), batch.images, config.pack).float().mean())

        train = known.at(rows, backend)
        fake = Batch(told(state.g, train.labels)(z).float(), train.labels)
        means = logit(train), logit(held_out.first(fresh, backend)), logit(fake)
    state.g.train(), state.d.train()
    state.steering.look(*means, config.augment_target)


def take_snapshot(
    state: TrainState, run: Run, config: Plan, backend: Backend, fixed: Latents
) -> tuple[np.ndarray, np.ndarray, torch.nn.Module]:
    """Images from the fixed latents, D's scores of them, and the sampler, whose weights go into the run."""
    require_finite(state)
    g = sampler(state, config, backend)
    fakes = generate(g, fixed, backend, images_at_once(config))
    scores = score(state, fakes, fixed.labels, config, backend)
    save_generator(g, run.generator_path(state.images_seen))
    return fakes, scores, g


@torch.no_grad()
def score(
    state: TrainState, images: np.ndarray, labels: Tensor | None, config: Plan, backend: Backend, batch: int = 250
) -> np.ndarray:
    """D(x) of images `(N, C, H, W) uint8`, D in evaluation mode: `(N,) float32 in [0, 1]`; a pack shares its score."""
    state.d.eval()
    parts = []
    batch -= batch % config.pack
    for start in range(0, len(images) - len(images) % config.pack, batch):
        part = normalise(torch.from_numpy(images[start : start + batch]).to(backend.device))
        part = part[: len(part) - len(part) % config.pack]
        d = told(state.d, None if labels is None else labels[start : start + len(part)].to(backend.device))
        with backend.autocast():
            logits = packed(d, part, config.pack).float()
        parts.append(torch.sigmoid(logits).repeat_interleave(config.pack).cpu())
    state.d.train()
    scores = torch.cat(parts).numpy()
    return np.pad(scores, (0, len(images) - len(scores)), mode="edge")


def save(state: TrainState, run: Run, config: Plan, data_hash: str) -> None:
    """A checkpoint; older ones beyond `keep_checkpoints` go once it is there."""
    save_checkpoint(state, run.checkpoint_path(state.images_seen), data_hash)
    for path in run.checkpoints()[: -config.keep_checkpoints]:
        path.unlink(missing_ok=True)


def thin_generators(run: Run) -> None:
    """Keep the best generator, the newest ones, and a log-spaced history, so that one can go back to any era."""
    kept = run.generators()
    if len(kept) <= KEPT_GENERATORS:
        return
    newest = kept[-1]
    targets = np.geomspace(max(1, newest / 2**12), newest, KEPT_GENERATORS - 2)
    wanted = {kept[0], kept[-1], kept[-2], run.best()}
    wanted |= {min(kept, key=lambda seen, target=target: abs(seen - target)) for target in targets}  # type: ignore[misc]
    for seen in kept:
        if seen not in wanted:
            run.generator_path(seen).unlink(missing_ok=True)


def status_of(line: dict[str, Any], config: Plan, speed: float, seconds_left: float) -> Status:
    return Status(
        epoch=line["epoch"],
        epochs=config.epochs,
        images_per_second=speed,
        seconds_left=seconds_left,
        d_loss=line["d_loss"],
        g_loss=line["g_loss"],
        d_real=line["d_real"],
        d_fake_before=line["d_fake_before"],
        d_fake_after=line["d_fake_after"],
    )
