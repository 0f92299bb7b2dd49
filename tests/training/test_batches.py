"""Batches: what lies in memory and what is read from the disk are the same; memory stays bounded."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fixtures.streams import BACKEND, numbered, numbers, plan_of
from ganscope.config.plan import Plan, plan
from ganscope.config.presets import make_config
from ganscope.training.batches import Batches


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize("order", ["images", "blocks"])
@pytest.mark.parametrize("count", [1, 6, 36, 100, 143])
def test_disk_and_memory_give_the_same_batches_and_every_image_once_an_epoch(
    tmp_path: Path, order: str, count: int
) -> None:
    images, config = numbered(count, tmp_path / "x.npy"), plan_of(order, count, flip=True)
    held, read = (Batches(images, config, BACKEND, in_memory=where) for where in (True, False))
    positions = range(0, 3 * count, 9)
    for position in positions:
        assert torch.equal(held.at(position, 9).images, read.at(position, 9).images)
    # From anywhere, as after an interruption, and back.
    for position in (2 * count + 1, 5, 7 * count, 0):
        fresh = Batches(images, config, BACKEND, in_memory=False)
        assert torch.equal(fresh.at(position, 40).images, read.at(position, 40).images), position
    plain = Batches(images, dataclasses.replace(config, flip=False), BACKEND, in_memory=False)
    epochs = [numbers(plain.at(epoch * count, count)) for epoch in range(3)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(count))] * 3
    assert count < 10 or (epochs[0] != epochs[1] and epochs[0] != sorted(epochs[0]))


LIMITED = """
import resource, sys
import numpy as np, torch
from ganscope.config import make_config, plan
from ganscope.device import choose_backend
from ganscope.training import Batches
torch.set_num_threads(1)
backend = choose_backend(device="cpu", threads=1, convolutional=True)
images = np.load(sys.argv[1], mmap_mode="r")
used = int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmData"))) * 1024
limit = used + images.nbytes * 3 // 5
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
config = plan(make_config("x", "r3dcgan-64"), num_images=len(images), size=64, channels=3, in_memory=False)
assert config.order == "blocks"
batches = Batches(images, config, backend, in_memory=True if sys.argv[2] == "memory" else None)
total = sum(int((batches.at(at, 64).images[:, 0, 0, 0] > 0).sum()) for at in range(0, len(images) + 640, 64))
anonymous = int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("RssAnon"))) * 1024
print(total, limit, anonymous)
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="limits of memory are those of Linux")
def test_a_set_larger_than_the_memory_allowed_is_read_through_once(tmp_path: Path) -> None:
    """900 MB, sparse on the disk, under a limit 360 MB below their size; a copy of them dies of it."""
    count = 75_000
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, 3, 64, 64)}
    path = tmp_path / "large.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + count * 3 * 64 * 64)
    command = [sys.executable, "-W", "error", "-c", LIMITED, str(path)]
    done = subprocess.run([*command, "disk"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    total, _, anonymous = map(int, done.stdout.split())
    assert total == 0 and anonymous < 800e6  # two windows of 134 MB, PyTorch itself, and room
    assert subprocess.run([*command, "memory"], capture_output=True, check=False).returncode != 0


LABELS = np.array([0] * 80 + [1] * 15 + [3] * 5)  # there are no images of class 2


def told(**settings: Any) -> Plan:
    asked = make_config("x", "mlp", **settings)
    return plan(asked, num_images=100, size=1, channels=1, class_counts=np.bincount(LABELS))


def labelled(**settings: Any) -> Batches:
    images = np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1)
    return Batches(images, told(**settings), BACKEND, LABELS)


def values(images: torch.Tensor) -> np.ndarray:
    return ((images.flatten() + 1) * 127.5).round().long().numpy()


def test_the_labels_are_those_of_the_images_across_epochs() -> None:
    real = labelled(conditional=True).at(60, 90)
    assert real.labels is not None
    assert np.array_equal(real.labels.numpy(), LABELS[values(real.images)])


def test_nobody_is_told_unless_asked() -> None:
    plain, aware = labelled().at(30, 20), labelled(conditional=True).at(30, 20)
    assert plain.labels is None and torch.equal(plain.images, aware.images), "the order of images is the same"
    with pytest.raises(ValueError, match="needs labels"):
        Batches(np.zeros((100, 1, 1, 1), np.uint8), told(conditional=True), BACKEND)


def test_uniform_shows_every_class_that_there_is_as_often() -> None:
    even = labelled(conditional=True, class_balance="uniform")
    for epoch in range(3):
        real = even.at(100 * epoch, 100)
        assert real.labels is not None
        counts = np.bincount(real.labels.numpy(), minlength=4)
        assert counts[2] == 0 and sorted(counts[[0, 1, 3]]) == [33, 33, 34]
        assert np.array_equal(real.labels.numpy(), LABELS[values(real.images)])
        shown = np.bincount(values(real.images), minlength=100)
        assert shown[80:95].min() >= 2 and shown[:80].max() == 1, "rare images again and again, the others once"
    assert torch.equal(even.at(250, 10).images, labelled(conditional=True, class_balance="uniform").at(250, 10).images)
