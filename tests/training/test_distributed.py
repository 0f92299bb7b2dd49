"""One process, two or four: the same training, up to the order of sums; and what happens when one of them dies."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from ganscope.config.fields import OBJECTIVE_NAMES
from ganscope.errors import ConfigError, PeerError
from ganscope.training import clock
from ganscope.training.distributed import World

HERE = Path(__file__).parent
NETWORKS: dict[str, dict[str, Any]] = {
    "mlp": dict(network="mlp"),
    "dcgan": dict(network="dcgan"),
    "dcgan, D without batch norm": dict(network="dcgan", d_norm="none", bottom=True, g_blur=True),
    "resnet": dict(network="resnet", g_width=16, d_width=16),
    "toy": dict(network="toy"),
}
# One of each network, of each objective, and of everything that draws at random or looks across a batch.
CASES: dict[str, dict[str, Any]] = {
    "minimax": dict(NETWORKS["dcgan"], objective="minimax", instance_noise=0.1, flip=True, label_real=0.9),
    "non-saturating": dict(NETWORKS["mlp"], g_steps=2, d_steps=2),
    "least-squares": dict(NETWORKS["mlp"], objective="least-squares", pack=2, batch_size=14),
    "hinge": dict(NETWORKS["dcgan"], objective="hinge", spectral_norm=True, ema_half_life=100.0),
    "wasserstein": dict(NETWORKS["resnet"], objective="wasserstein", gradient_penalty=10.0),
    "clipped": dict(NETWORKS["toy"], objective="wasserstein", weight_clip=0.05, latent="uniform"),
    "relativistic": dict(
        NETWORKS["dcgan, D without batch norm"], objective="relativistic", r1=0.1, r2=0.1, penalty_noise=0.05,
        penalty_share=0.25, burn_in=200, burn_in_lr=0.1,
    ),
    "conditional": dict(
        NETWORKS["dcgan, D without batch norm"], conditional=True, class_balance="uniform", r1=0.1, penalty_noise=0.05,
        penalty_share=0.5, d_classify=0.3, g_classify=0.1,
    ),
    "augmented": dict(
        NETWORKS["dcgan, D without batch norm"], objective="relativistic", r1=0.1, r2=0.1, penalty_noise=0.05,
        penalty_share=0.25, augment="translation,noise,colour,flip", augment_strength=0.8,
    ),
    "augmented packs": dict(
        NETWORKS["dcgan, D without batch norm"], pack=2, r1=0.1, r2=0.1, augment="translation,cutout",
        augment_strength=0.8,
    ),
    # No grey areas here: the resnet's biases begin at 0, and so its activations there lie at the kink of a leaky ReLU,
    # where rounding decides the slope.
    "augmented, gradient penalty": dict(
        NETWORKS["resnet"], objective="wasserstein", gradient_penalty=10.0, augment="colour,flip",
        augment_strength=0.8,
    ),
    "exact penalties": dict(NETWORKS["mlp"], objective="relativistic", r1=0.1, r2=0.1),
    "penalties through batch norm": dict(NETWORKS["dcgan"], r1=0.1, r2=0.1),
    "from the disk": dict(NETWORKS["mlp"], order="blocks", in_memory=False, batch_size=7),
}  # fmt: skip


def start(arguments: list[str], world: int) -> list[subprocess.Popen[str]]:
    """`python …` as each of `world` processes, as torchrun would start them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = []
    for rank in range(world):
        told = dict(WORLD_SIZE=world, RANK=rank, LOCAL_RANK=rank, LOCAL_WORLD_SIZE=world, MASTER_PORT=port)
        environment = {**os.environ, "MASTER_ADDR": "127.0.0.1", **{name: str(value) for name, value in told.items()}}
        processes.append(
            subprocess.Popen(
                [sys.executable, *arguments], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        )
    return processes


def ranks(cases: dict[str, Any], folder: Path, world: int, precision: str = "float64") -> list[dict[str, Any]]:
    """What each of `world` processes found."""
    folder.mkdir(exist_ok=True)
    for process in start([str(HERE / "ranks.py"), json.dumps(cases), str(folder), precision], world):
        _, errors = process.communicate(timeout=500)
        assert process.returncode == 0, errors
    return [torch.load(folder / f"{world}-{rank}.pt", weights_only=True) for rank in range(world)]


def assert_same_training(
    cases: dict[str, Any], folder: Path, worlds: tuple[int, ...], tolerance: float = 1e-10
) -> None:
    alone = ranks(cases, folder, 1)[0]
    for world in worlds:
        for found in ranks(cases, folder, world):
            for name in cases:
                for ours, theirs in zip(found[name]["tensors"], alone[name]["tensors"], strict=True):
                    assert ours.dtype == theirs.dtype and (ours.dtype == torch.float64 or not ours.is_floating_point())
                    assert torch.allclose(ours, theirs, rtol=tolerance, atol=tolerance), (
                        name, world, float((ours - theirs).abs().max()),
                    )  # fmt: skip
                assert torch.allclose(found[name]["rows"], alone[name]["rows"], rtol=tolerance, atol=tolerance), name
                assert found[name]["images_seen"] == alone[name]["images_seen"]


def test_two_processes_train_the_same_as_one(tmp_path: Path) -> None:
    assert {case.get("objective", "non-saturating") for case in CASES.values()} == set(OBJECTIVE_NAMES)
    assert_same_training(CASES, tmp_path, (2,))


@pytest.mark.slow
def test_every_objective_with_every_network_in_two_and_four_processes(tmp_path: Path) -> None:
    cases = {
        f"{objective}, {network}": dict(settings, objective=objective)
        for objective in OBJECTIVE_NAMES
        for network, settings in NETWORKS.items()
    }
    assert_same_training(CASES | cases, tmp_path, (2, 4))


@pytest.mark.slow
def test_the_same_world_gives_the_same_bits_and_all_processes_the_same_weights(tmp_path: Path) -> None:
    cases = {name: CASES[name] for name in ("hinge", "relativistic", "non-saturating")}
    first, again = (ranks(cases, tmp_path / name, 2, "float32") for name in ("a", "b"))
    for name in cases:
        for one, other, twice in zip(
            first[0][name]["tensors"], first[1][name]["tensors"], again[0][name]["tensors"], strict=True
        ):
            assert torch.equal(one, other) and torch.equal(one, twice), name


def test_parts_are_the_whole_batch_and_packs_stay_together() -> None:
    rows = torch.arange(14).view(7, 2).repeat_interleave(1, 0)
    parts = [World(rank, 3).part(rows) for rank in range(3)]
    assert sorted(torch.cat(parts)[:, 0].tolist()) == rows[:, 0].tolist()
    packed = [World(rank, 3).part(torch.arange(14), pack=2).view(-1, 2) for rank in range(3)]
    assert all(bool((part[:, 1] == part[:, 0] + 1).all()) for part in packed)
    assert [len(part) for part in packed] == [World(rank, 3).count(14, 2) // 2 for rank in range(3)] == [3, 2, 2]
    with pytest.raises(ConfigError, match="too small"):
        World(0, 8).require_rows(14, 2)


def test_one_ctrl_c_that_torchrun_passes_on_again_lets_the_training_save(monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal tells every process, torchrun tells them once more: that is not the second that ends at once."""
    for name, value in dict(WORLD_SIZE="2", RANK="0", MASTER_ADDR="127.0.0.1").items():
        monkeypatch.setenv(name, value)
    with clock.interruptible() as came:
        assert not came()
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert came()
        monkeypatch.setattr(clock, "SAME_SECONDS", 0.0)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    monkeypatch.delenv("RANK")
    with clock.interruptible() as came:  # a process of its own: as ever
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_who_lost_the_others_says_so_before_torchrun_ends_it() -> None:
    """torchrun sends SIGTERM at the same moment: handlers that were there before the training must not come back."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(PeerError, match="has ended"), clock.interruptible(), World(0, 2).hearing():
            raise RuntimeError("Connection closed by peer")
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


SETTINGS = ["train", "digits", "--preset", "plain", "--size", "8", "--g-width", "4", "--d-width", "4", "--no-metrics"]
SETTINGS += ["--map", "none", "--epochs", "4", "--snapshots", "2", "--num-fakes", "128", "--batch-size", "32"]
SETTINGS += ["--log-every", "5", "--precision", "float32", "--threads", "1"]
SETTINGS += ["--augment", "translation,cutout", "--augment-strength", "0.5"]


def last(run: Path) -> dict[str, Any]:
    return dict(torch.load(sorted((run / "checkpoints").glob("*.pt"))[-1], weights_only=True))


def test_two_processes_record_the_run_of_one_and_a_kill_ends_both_and_resumes(tmp_path: Path) -> None:
    """Killed in the middle, carried on by one process alone: the run that was never interrupted, to rounding."""
    whole = start(["-m", "ganscope", *SETTINGS, "--run", str(tmp_path / "one")], 1)[0]
    command = ["-m", "ganscope", *SETTINGS, "--run", str(tmp_path / "two"), "--checkpoint-seconds", "0"]
    processes = start(command, 2)
    deadline = time.monotonic() + 300
    while not list((tmp_path / "two" / "checkpoints").glob("*.pt")) and time.monotonic() < deadline:
        assert all(process.poll() is None for process in processes), processes[0].communicate()[1]
        time.sleep(0.01)
    processes[1].send_signal(signal.SIGKILL)
    killed = time.monotonic()
    _, errors = processes[0].communicate(timeout=60)
    processes[1].communicate()
    assert time.monotonic() - killed < 30
    assert processes[0].returncode == 1
    assert errors.count("ganscope: another process of this training has ended") == 1 and "Traceback" not in errors
    resumed = start(command[:-2], 1)[0]
    for process in (resumed, whole):
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    one, two = last(tmp_path / "one"), last(tmp_path / "two")
    assert one["images_seen"] == two["images_seen"] and one["iteration"] == two["iteration"]
    for name, tensor in one["g"].items():
        assert torch.allclose(tensor.float(), two["g"][name].float(), atol=2e-3), name
    lines = [(tmp_path / run / "history.jsonl").read_text().splitlines() for run in ("one", "two")]
    assert len(lines[0]) == len(lines[1])
    for a, b in zip(*lines, strict=True):
        assert json.loads(a)["images_seen"] == json.loads(b)["images_seen"]
        assert json.loads(a)["d_loss"] == pytest.approx(json.loads(b)["d_loss"], abs=0.02)
