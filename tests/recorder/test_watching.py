"""What loops hand over: reals, labels, generators and numbers of any kind; what cannot be is said."""

from __future__ import annotations

import functools
import math
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

import ganscope
from ganscope.errors import ConfigError, DataError, RunError
from ganscope.recorder import Scope
from ganscope.recorder.worker import Beside

PIXELS = np.random.default_rng(0).integers(0, 256, (120, 1, 8, 8), np.uint8)
PIXELS[0, 0, 0, :2] = 0, 255  # so that a range is all there
LABELS = np.arange(120) % 3
TENSOR = torch.from_numpy(PIXELS).float() / 127.5 - 1


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Scope]:
    """A scope that measures nothing."""
    monkeypatch.setattr(Beside, "start", lambda self: None)
    return functools.partial(ganscope.watch, out=tmp_path / "run", num_fakes=20, map="none", metrics=False)


class Pairs(Dataset[Any]):
    """Items as dicts, as Hugging Face has them."""

    def __init__(self, key: str = "pixel_values") -> None:
        self.key = key

    def __len__(self) -> int:
        return len(TENSOR)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {self.key: TENSOR[index], "label": int(LABELS[index])}


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Any:
        return zip(TENSOR, LABELS.tolist(), strict=True)


REALS: dict[str, tuple[Any, Any, int]] = {  # reals, labels, classes
    "uint8": (PIXELS, None, 0),
    "floats to 255": (PIXELS.astype(np.float32), LABELS, 3),
    "NHWC in [0, 1]": (np.moveaxis(PIXELS, 1, 3) / 255, [f"kind {k}" for k in LABELS], 3),
    "without channels": (TENSOR[:, 0], np.eye(3)[LABELS], 3),
    "half a precision": (TENSOR.half(), LABELS[:, None].astype(np.float64), 3),
    "that require gradients": (TENSOR.clone().requires_grad_(), None, 0),
    "a pair of arrays": ((PIXELS, LABELS), None, 3),
    "a shuffled loader of tuples": (
        DataLoader(TensorDataset(TENSOR, torch.from_numpy(LABELS)), 16, shuffle=True), None, 3,
    ),
    "a loader of dicts": (DataLoader(Pairs(), 16), None, 3),
    "a loader of a stream": (DataLoader(Stream(), 16), None, 3),
    "batches of a generator": ((TENSOR[i : i + 40] for i in range(0, 120, 40)), None, 0),
    "a number for each image": (PIXELS, np.arange(120), 0),
}  # fmt: skip


@pytest.mark.parametrize("case", REALS)
def test_reals_of_any_kind_are_the_same_pictures(watch: Callable[..., Scope], case: str) -> None:
    reals, labels, classes = REALS[case]
    with watch(reals, labels) as scope:
        data = scope.dataset
        found = np.concatenate([data.train.images, data.test.images])
        assert len(data.train.class_names) == classes
    key = found.reshape(120, -1).astype(np.int64).sum(axis=1)
    expected = PIXELS.reshape(120, -1).astype(np.int64).sum(axis=1)
    assert np.abs(np.sort(key) - np.sort(expected)).max() <= 2 * 64  # 64 levels each


def test_held_out_images_that_are_scaled_otherwise(watch: Callable[..., Scope]) -> None:
    with watch(TENSOR[:80], LABELS[:80], (PIXELS[80:], LABELS[80:])) as scope:
        assert np.array_equal(scope.dataset.test.images, PIXELS[80:])
        assert len(scope.dataset.train.class_names) == 3


@pytest.mark.parametrize(
    ("reals", "labels", "options", "said"),
    [
        (PIXELS, LABELS[:50], {}, "labels do not belong to the real images"),
        (PIXELS, np.ones((120, 5)), {}, "classes only if one is 1"),
        (PIXELS[:, [0, 0]], None, {}, "no axis of 1, 3 or 4 channels"),
        (DataLoader(Pairs("foo"), 16), None, {}, "which entry holds the image"),
        (PIXELS, None, {"objective": "wasserstien"}, "did you mean 'wasserstein'"),
        (PIXELS, None, {"map": "tsn"}, "did you mean 'tsne'"),
        (PIXELS, None, {"num_fakes": 0}, "num_fakes cannot be 0"),
        (PIXELS, None, {"batch_size": 0}, "batch_size cannot be 0"),
    ],
)
def test_what_cannot_be_is_said_before_the_training(
    watch: Callable[..., Scope], tmp_path: Path, reals: Any, labels: Any, options: dict[str, Any], said: str
) -> None:
    with pytest.raises((ConfigError, DataError)) as caught:
        watch(reals, labels, **options)
    assert said in str(caught.value) and not (tmp_path / "run").exists()


class Generator(nn.Module):
    """With everything that a snapshot could disturb: batch statistics, dropout, noise of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 64), nn.BatchNorm1d(64), nn.Dropout(0.5))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.layers(z) + 0.1 * torch.randn(len(z), 64, dtype=z.dtype)).reshape(-1, 1, 8, 8)


def held(g: Generator) -> dict[str, Callable[[torch.Tensor], Any]]:
    """The same generator in whatever a program keeps it."""
    networks, several, made = {"G": g}, [g], functools.partial(g)

    def inner(z: torch.Tensor) -> torch.Tensor:
        return several[0](z)

    return {
        "itself": g, "lambda": lambda z: g(z), "dict": lambda z: networks["G"](z), "list": lambda z: several[0](z),
        "partial": made, "function of a function": lambda z: inner(z), "tuple": lambda z: (g(z), z),
        "dict result": lambda z: {"latent": z, "images": g(z)}, "list of pictures": lambda z: list(g(z)),
    }  # fmt: skip


@pytest.mark.parametrize("case", held(Generator()))
def test_a_snapshot_leaves_no_trace(watch: Callable[..., Scope], case: str) -> None:
    torch.manual_seed(0)
    g = Generator()
    g.layers[2].eval()  # a mode that is not its parent's
    with watch(TENSOR) as scope:
        scope.snapshot(64, g, latent_shape=4)
        before = {name: value.clone() for name, value in g.state_dict().items()}
        states = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
        with torch.enable_grad():
            scope.snapshot(128, held(g)[case], latent_shape=4)
            assert torch.is_grad_enabled()
        assert torch.equal(states[0], torch.get_rng_state()) and states[2] == random.getstate()
        assert states[1] == np.random.get_state()[1].tolist()  # noqa: NPY002
        assert all(torch.equal(before[name], value) for name, value in g.state_dict().items())
        assert [part.training for part in g.modules()] == [True, True, True, True, False]
        assert all(weight.grad is None for weight in g.parameters())
        first, second = (np.load(scope.run.sample_path(seen, ".npy")) for seen in scope.run.samples())
        assert np.array_equal(first, second)


def test_a_generator_that_raises_leaves_no_trace_either(watch: Callable[..., Scope]) -> None:
    g = Generator()

    def fails(z: torch.Tensor) -> torch.Tensor:
        g(z)
        raise RuntimeError("out of memory")

    state = torch.get_rng_state()
    with watch(TENSOR) as scope:
        scope.snapshot(64, fails, latent_shape=4)
        assert all(part.training for part in g.modules()) and torch.equal(state, torch.get_rng_state())
        assert not scope.run.samples()


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_generators_of_other_precisions(watch: Callable[..., Scope], kind: torch.dtype) -> None:
    with watch(TENSOR) as scope:
        scope.snapshot(64, nn.Sequential(nn.Linear(4, 64), nn.Tanh()).to(kind), latent_shape=4)
        assert scope.run.samples() == [64]


def test_labels_as_the_generator_wants_them(watch: Callable[..., Scope]) -> None:
    class OneHot(nn.Linear):
        def forward(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
            return torch.tanh(super().forward(y))

    class LabelsFirst(nn.Embedding):
        def forward(self, labels: torch.Tensor, z: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
            return torch.tanh(super().forward(labels))

    with watch(TENSOR, LABELS) as scope:
        scope.snapshot(64, LabelsFirst(3, 64), latent_shape=4)
        scope.snapshot(128, OneHot(3, 64), latent_shape=4)
        for seen in (64, 128):
            made = np.load(scope.run.sample_path(seen, ".npy"))
            assert np.array_equal(made[0], made[3]) and not np.array_equal(made[0], made[1])


def test_numbers_of_any_kind(watch: Callable[..., Scope], capsys: pytest.CaptureFixture[str]) -> None:
    with watch(TENSOR) as scope:
        scope.log(
            64, a=np.float32(1.5), b=3, c=2 * torch.tensor(1.0, requires_grad=True), d=torch.ones(4), e=[1, 2],
            f=np.array([1.0, 3.0]), g=True, h=None, i="text", j={"a": 1}, k=math.nan, l=torch.zeros(0), images_seen=7,
            epoch=9, d_real=torch.tensor(0.5, dtype=torch.float16),
        )  # fmt: skip
        scope.close()
        (line,) = scope.run.history()
    expected = {"a": 1.5, "b": 3.0, "c": 2.0, "d": 1.0, "e": 1.5, "f": 2.0, "g": 1.0, "k": None, "l": None}
    assert {name: line[name] for name in expected} == expected
    assert line["images_seen"] == 64 and line["d_real"] == 0.5 and line["epoch"] != 9 and "i" not in line
    assert "i and j: no number, and left out" in capsys.readouterr().err


def test_time_goes_forward(watch: Callable[..., Scope], capsys: pytest.CaptureFixture[str]) -> None:
    with watch(TENSOR) as scope:
        for seen in (640, 320, 640, 640, 1280):
            scope.log(seen, g_loss=float(seen))
            scope.snapshot(seen, PIXELS[:20])
        for wrong in (math.nan, -5, "soon"):
            scope.log(wrong, g_loss=1.0)  # type: ignore[arg-type]
            assert scope.due(wrong) is False  # type: ignore[arg-type]
        scope.log(torch.tensor(1344), g_loss=1.0)  # type: ignore[arg-type]
        assert scope.run.samples() == [640, 1280]
        logged = [line["images_seen"] for line in scope.run.history()]
        assert logged == sorted(logged) and logged[0] == 640 and logged[-1] == 1344
    said = capsys.readouterr().err
    assert said.count("images_seen has gone back") == 1 and said.count("a snapshot at 640 images already") == 1
    assert "images_seen is no number of images" in said


def test_pictures_that_cannot_be(watch: Callable[..., Scope], capsys: pytest.CaptureFixture[str]) -> None:
    with watch(TENSOR) as scope:
        scope.snapshot(64, PIXELS[:0])
        scope.snapshot(128, torch.full((20, 1, 8, 8), math.nan))
        scope.snapshot(192, torch.rand(20, 1, 8, 8))
        assert scope.run.samples() == [128, 192]
    said = capsys.readouterr().err
    assert "a snapshot needs images" in said and "the generator has diverged" in said
    assert "all the fakes' values lie in [0, 1], the reals' in [-1, 1]" in said


def test_a_forked_worker_has_no_part_in_it(watch: Callable[..., Scope]) -> None:
    with watch(TENSOR) as scope:
        child = os.fork()
        if not child:
            scope.log(64, g_loss=1.0)
            scope.snapshot(64, PIXELS[:20])
            scope.close()
            os._exit(0)
        os.waitpid(child, 0)
        assert not scope.run.history() and not scope.run.samples() and not scope.run.finished()
        scope.log(128, g_loss=2.0)
    assert [line["g_loss"] for line in scope.run.history()] == [2.0]


def test_the_same_run_watched_twice_by_one_program(watch: Callable[..., Scope]) -> None:
    scope = watch(TENSOR)
    with pytest.raises(RunError, match="this program's own watch"):
        watch(TENSOR)
    scope.close(wait=False)
    watch(TENSOR).close(wait=False)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_ends_the_loop_passes_through_and_keeps_the_run(
    watch: Callable[..., Scope], error: type[BaseException]
) -> None:
    scope = watch(TENSOR)

    def loop() -> None:
        with scope:
            scope.log(64, g_loss=1.0)
            scope.snapshot(64, PIXELS[:20])
            raise error

    with pytest.raises(error):
        loop()
    assert scope.closed and not scope.run.finished() and scope.run.samples() == [64]
    scope.close()
    scope.log(128, g_loss=1.0)
    assert len(scope.run.history()) == 1


def test_the_end_is_a_snapshot_and_the_page_says_that_it_is_the_end(
    watch: Callable[..., Scope], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[bool] = []
    monkeypatch.setattr(Scope, "page", lambda self: pages.append(self.run.finished()) or self.run.path)
    weights = torch.zeros(4, 64)
    with watch(TENSOR) as scope:
        scope.snapshot(64, lambda z: torch.tanh(z @ weights).reshape(-1, 1, 8, 8), latent_shape=4)
        weights += 1
        scope.log(128, g_loss=1.0)
    assert scope.run.samples() == [64, 128] and pages == [True]
    last = np.load(scope.run.sample_path(128, ".npy"))
    assert last.std() > 10 > np.load(scope.run.sample_path(64, ".npy")).std()
