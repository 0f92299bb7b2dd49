"""Exactness: the same seed gives the same bits; an interrupted run is, bit for bit, the uninterrupted one."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganscope.config.plan import Plan, plan
from ganscope.config.presets import make_config
from ganscope.device import choose_backend
from ganscope.errors import RunError, TrainingError
from ganscope.progress import Progress
from ganscope.recorder import Judge, Recorder, planned
from ganscope.runs.run import Run
from ganscope.runs.snapshot import Snapshot
from ganscope.training.loop import Outcome, train
from ganscope.training.sampling import generate, latents, sampler
from ganscope.training.state import new_state

SETTINGS: dict[str, dict[str, Any]] = {
    "mlp": dict(network="mlp", label_real=0.9, ema_half_life=300.0),
    "dcgan": dict(network="dcgan", g_width=4, d_width=4, flip=True, d_steps=2, instance_noise=0.1, ema_half_life=100.0),
    "relativistic": dict(
        network="mlp", objective="relativistic", r1=0.1, r2=0.1, g_steps=2, burn_in=600, burn_in_lr=0.1
    ),
    "augmented": dict(
        network="dcgan",
        d_norm="none",
        g_width=4,
        d_width=4,
        objective="relativistic",
        r1=0.1,
        r2=0.1,
        penalty_noise=0.1,
        penalty_share=0.5,
        augment="translation,noise,colour,flip",
        augment_target=0.2,
        augment_strength=0.5,
    ),
    "conditional": dict(
        network="dcgan",
        d_norm="none",
        g_width=4,
        d_width=4,
        objective="relativistic",
        r1=0.1,
        r2=0.1,
        penalty_noise=0.1,
        penalty_share=0.5,
        conditional=True,
        class_balance="uniform",
        d_classify=0.3,
        g_classify=0.1,
        ema_half_life=100.0,
    ),
}


def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (97, 1, 8, 8), dtype=np.uint8)


def labels() -> np.ndarray:
    return (np.arange(97) % 10 > 6).astype(np.int64)


def config_of(kind: str, **overrides: Any) -> Plan:
    settings = dict(
        batch_size=10, epochs=6.0, num_fakes=128, snapshots=5, log_every=7, threads=1, checkpoint_seconds=0.0
    )
    return plan(
        make_config("x", "mlp", **{**settings, **SETTINGS[kind], **overrides}),
        num_images=97,
        size=8,
        channels=1,
        class_counts=np.bincount(labels()),
    )


def recorder_of(run: Run, config: Plan, judge: Judge | None = None) -> Recorder:
    assert config.snapshot_every is not None
    step = config.images_per_iteration
    return Recorder(
        run, num_images=97, images_per_iteration=step, due=planned(config.snapshot_every, step), judge=judge
    )


def run_training(path: Path, config: Plan, stop_at: int | None = None) -> Outcome:
    run = Run(path) if (path / "config.json").is_file() else Run.create(path, config, {}, "")

    class Stop(Judge):
        def look_at(self, snapshot: Snapshot) -> str | None:
            return "enough" if stop_at is not None and snapshot.images_seen >= stop_at else None

    backend = choose_backend(device="cpu", threads=1, convolutional=config.network == "dcgan")
    return train(
        run,
        images(),
        images()[:20],
        config,
        backend,
        recorder_of(run, config, Stop()),
        data_hash="h",
        labels=labels(),
        test_labels=labels()[:20],
        progress=Progress(quiet=True),
    )


def assert_same_run(a: Path, b: Path) -> None:
    """History, held-out losses and sample images byte for byte; every tensor of the last checkpoint bit for bit."""
    for name in ("history.jsonl", "test.jsonl"):
        assert (a / name).read_bytes() == (b / name).read_bytes(), name
    for folder in ("samples", "generators"):
        assert sorted(p.name for p in (a / folder).iterdir()) == sorted(p.name for p in (b / folder).iterdir())
    for path in (a / "samples").iterdir():
        assert path.read_bytes() == (b / "samples" / path.name).read_bytes(), path.name
    first, second = (torch.load(Run(path).checkpoints()[-1], weights_only=True) for path in (a, b))
    assert_equal(first, second, "checkpoint")


def assert_equal(a: Any, b: Any, where: str) -> None:
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b), where
    elif isinstance(a, dict):
        assert a.keys() == b.keys(), where
        for key in a:
            assert_equal(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list):
        assert len(a) == len(b), where
        for index, (left, right) in enumerate(zip(a, b, strict=True)):
            assert_equal(left, right, f"{where}[{index}]")
    else:
        assert a == b, where


@pytest.mark.parametrize("kind", SETTINGS)
def test_same_seed_same_bits_and_resumed_equals_uninterrupted(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganscope.training.steering.LOOK_EVERY", 70)
    config = config_of(kind)
    run_training(tmp_path / "whole", config)
    run_training(tmp_path / "again", config)
    assert_same_run(tmp_path / "whole", tmp_path / "again")
    for stop_at in (0, 100, 300, 500):
        run_training(tmp_path / "parts", config, stop_at)
    assert run_training(tmp_path / "parts", config).status == "finished"
    assert_same_run(tmp_path / "whole", tmp_path / "parts")
    strengths = {line.get("augment_strength") for line in Run(tmp_path / "whole").history()}
    assert (len(strengths) > 2) == (kind == "augmented"), "steered, and remembered by a checkpoint"


def test_the_first_step_comes_before_the_untrained_snapshot(tmp_path: Path) -> None:
    """Both the images and the held-out losses of the untrained networks come later and are still theirs."""
    config = config_of("mlp", log_every=1)
    run = Run.create(tmp_path / "run", config, {}, "")
    backend = choose_backend(device="cpu", threads=1, convolutional=False)
    untrained = generate(sampler(new_state(config, backend), config, backend), latents(config, 128, "fixed"), backend)
    seen: list[tuple[int, int]] = []

    class Look(Judge):
        def look_at(self, snapshot: Snapshot) -> None:
            seen.append((snapshot.images_seen, len(run.history())))
            if snapshot.images_seen == 0:
                assert np.array_equal(snapshot.fakes, untrained)

    train(run, images(), images()[:20], config, backend, recorder_of(run, config, Look()), data_hash="h")
    assert seen[0][0] == 0 and seen[0][1] >= 1
    assert [shown for shown, _ in seen] == sorted(shown for shown, _ in seen)
    assert run.lines("test")[0]["images_seen"] == 0


def test_another_seed_gives_another_run(tmp_path: Path) -> None:
    run_training(tmp_path / "a", config_of("mlp"))
    run_training(tmp_path / "b", config_of("mlp", seed=1))
    assert (tmp_path / "a" / "history.jsonl").read_bytes() != (tmp_path / "b" / "history.jsonl").read_bytes()


CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from test_loop import config_of, run_training
run_training(Path(sys.argv[2]), config_of("mlp", epochs=30.0))
"""


def start_child(path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", CHILD, str(Path(__file__).parent), str(path)])


def test_killed_at_random_moments_equals_uninterrupted(tmp_path: Path) -> None:
    """SIGKILL to a real process that writes a checkpoint after every step, so that many kills fall into a write."""
    run_training(tmp_path / "whole", config_of("mlp", epochs=30.0))
    Run.create(tmp_path / "killed", config_of("mlp", epochs=30.0), {}, "")
    moments = random.Random(0)
    kills = 0
    for _ in range(3):
        before = len(Run(tmp_path / "killed").history())
        child = start_child(tmp_path / "killed")
        deadline = time.monotonic() + 60
        while (
            child.poll() is None and len(Run(tmp_path / "killed").history()) <= before and time.monotonic() < deadline
        ):
            time.sleep(0.02)
        time.sleep(moments.uniform(0.0, 0.3))
        child.send_signal(signal.SIGKILL)
        kills += child.wait() == -signal.SIGKILL
    assert kills >= 2, "the children finished before they could be killed"
    assert start_child(tmp_path / "killed").wait() == 0
    assert_same_run(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_finishes_the_step_and_saves(tmp_path: Path, number: signal.Signals) -> None:
    Run.create(tmp_path / "run", config_of("mlp", epochs=30.0), {}, "")
    child = start_child(tmp_path / "run")
    while child.poll() is None and not Run(tmp_path / "run").history():
        time.sleep(0.02)
    child.send_signal(number)
    assert child.wait() == 0
    checkpoint = torch.load(Run(tmp_path / "run").checkpoints()[-1], weights_only=True)
    assert checkpoint["images_seen"] == checkpoint["iteration"] * 10 > 0


def test_a_checkpoint_of_another_version_is_not_taken_for_damage(tmp_path: Path) -> None:
    config = config_of("mlp", keep_checkpoints=3)
    run_training(tmp_path / "run", config, stop_at=300)
    paths = Run(tmp_path / "run").checkpoints()
    content = torch.load(paths[-1], weights_only=True)
    torch.save(content | {"format": "ganscope-checkpoint-99"}, paths[-1])
    with pytest.raises(RunError, match="is not a ganscope-checkpoint"):
        run_training(tmp_path / "run", config)
    assert Run(tmp_path / "run").checkpoints() == paths


def test_a_finished_run_without_checkpoints_keeps_its_generators(tmp_path: Path) -> None:
    config = config_of("mlp")
    run_training(tmp_path / "run", config)
    run = Run(tmp_path / "run")
    run.mark_finished({})
    for path in run.checkpoints():
        path.unlink()
    kept = run.generators()
    with pytest.raises(RunError, match="no checkpoint to train it further from"):
        run_training(tmp_path / "run", config)
    assert kept and run.generators() == kept and run.finished()


def test_a_truncated_checkpoint_is_passed_over_for_the_one_before(tmp_path: Path) -> None:
    config = config_of("mlp", keep_checkpoints=3)
    run_training(tmp_path / "whole", config)
    run_training(tmp_path / "cut", config, stop_at=300)
    newest = Run(tmp_path / "cut").checkpoints()[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    run_training(tmp_path / "cut", config)
    assert_same_run(tmp_path / "whole", tmp_path / "cut")


def test_only_damaged_checkpoints_are_one_clear_error_and_stay(tmp_path: Path) -> None:
    config = config_of("mlp", keep_checkpoints=1)
    run_training(tmp_path / "run", config, stop_at=100)
    path = Run(tmp_path / "run").checkpoints()[-1]
    path.write_bytes(b"foreign")
    with pytest.raises(RunError, match=rf"{path.name} cannot be read"):
        run_training(tmp_path / "run", config)
    assert path.read_bytes() == b"foreign"


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    config = config_of("mlp", keep_checkpoints=1)
    run_training(tmp_path / "run", config, stop_at=100)

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "trap was sprung",))

    torch.save({"format": "ganscope-checkpoint-2", "x": Trap()}, Run(tmp_path / "run").checkpoints()[-1])
    with pytest.raises(RunError, match="cannot be read"):
        run_training(tmp_path / "run", config)
    assert not (tmp_path / "trap was sprung").exists()


def test_other_data_is_refused(tmp_path: Path) -> None:
    config = config_of("mlp")
    run_training(tmp_path / "run", config, stop_at=100)
    run = Run(tmp_path / "run")
    backend = choose_backend(device="cpu", threads=1)
    with pytest.raises(RunError, match="data set is not the one"):
        train(run, images(), images(), config, backend, recorder_of(run, config), data_hash="other")


def test_divergence_names_the_iteration_and_keeps_the_good_checkpoint(tmp_path: Path) -> None:
    config = config_of("mlp", g_lr=1e38, d_lr=1e38, label_real=1.0)
    with pytest.raises(TrainingError, match=r"not finite at iteration \d+"):
        run_training(tmp_path / "run", config)
    for path in Run(tmp_path / "run").checkpoints():
        weights = torch.load(path, weights_only=True)
        assert all(bool(torch.isfinite(tensor).all()) for tensor in weights["g"].values())
