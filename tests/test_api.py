"""The Python API: what a PyTorch user hands over is trained, and the run answers with typed lines."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

import ganscope
from ganscope.runs import Snapshot

QUICK: dict[str, Any] = {
    "preset": "mlp", "g_width": 8, "d_width": 8, "epochs": 1.0, "snapshots": 1, "num_fakes": 128, "metrics": False,
    "map": "none", "quiet": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    found = load_digits()
    return (found.images * 15.9375).astype(np.uint8)[:400], found.target[:400]


@pytest.fixture
def run(digits: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> ganscope.Run:
    return ganscope.train(*digits, run=tmp_path / "run", **QUICK)


def test_an_array_is_trained_and_the_run_is_typed(run: ganscope.Run) -> None:
    assert run.config.size == 8 and run.config.channels == 1
    history = run.history()
    assert history[-1].images_seen >= 320 and history[-1].d_loss is not None
    assert run.sample(3).shape == (3, 1, 8, 8)
    assert run.report().is_file() and run.findings == () and run.best is None


class Pairs(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """Images in [-1, 1] with labels, as torchvision's transforms leave them."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images = torch.from_numpy(images).float().div(127.5).sub(1)[:, None]
        self.labels = labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.images[index], int(self.labels[index])


@pytest.mark.parametrize("kind", ["tensor", "channels last", "dataset"])
def test_other_forms_of_the_same_images_are_the_same_training(
    kind: str, digits: tuple[np.ndarray, np.ndarray], run: ganscope.Run, tmp_path: Path
) -> None:
    images, labels = digits
    forms: dict[str, tuple[Any, ...]] = {
        "tensor": (torch.from_numpy(images).float() / 255, labels),
        "channels last": (images[..., None], labels),
        "dataset": (Pairs(images, labels),),
    }
    other = ganscope.train(*forms[kind], run=tmp_path / "other", **QUICK)
    assert [line.d_loss for line in other.history()] == [line.d_loss for line in run.history()]
    assert np.array_equal(other.sample(4), run.sample(4))


def test_a_callback_sees_every_snapshot_and_may_end_the_training(
    digits: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    seen: list[int] = []

    def look(snapshot: Snapshot) -> str | None:
        assert snapshot.fakes.shape == (128, 1, 8, 8) and isinstance(snapshot.g, torch.nn.Module)
        seen.append(snapshot.images_seen)
        return "enough" if snapshot.images_seen >= 320 else None

    settings = QUICK | {"epochs": 20.0, "snapshots": 20}
    stopped = ganscope.train(*digits, run=tmp_path / "run", callback=look, **settings)
    assert seen[0] == 0 and seen[-1] >= 320 and len(seen) == len(stopped._run.samples())
    assert stopped.history()[-1].images_seen == seen[-1] < 20 * 300
    assert stopped._run.summary()["reason"] == "enough"


def test_nothing_beside_a_whole_config_is_ignored() -> None:
    config = ganscope.make_config("digits", "mlp", epochs=1.0)
    with pytest.raises(ganscope.ConfigError, match="a whole Config is trained as it is") as error:
        ganscope.train(config, g_lr=0.1, preset="dcgan")
    assert "g_lr" in str(error.value) and "preset" in str(error.value)
    assert dataclasses.replace(config, g_lr=0.1).g_lr == 0.1


def test_a_generator_is_a_module_on_a_device(run: ganscope.Run) -> None:
    loaded = ganscope.load_generator(run.path, device="cpu")
    assert isinstance(loaded.g, torch.nn.Module)
    made = loaded.g(loaded.latents(2))
    assert made.shape == (2, 1, 8, 8) and float(made.detach().abs().max()) <= 1.0
    with pytest.raises(ganscope.ConfigError, match="not available"):
        ganscope.load_generator(run.path, device="cuda:9")


def test_a_data_set_is_checked_from_python(tmp_path: Path) -> None:
    report = ganscope.check("digits")
    assert type(report).__name__ == "Report"
    with pytest.raises(ganscope.DataError):
        ganscope.check(tmp_path / "nothing")


def test_everything_public_is_there() -> None:
    assert all(hasattr(ganscope, name) for name in ganscope.__all__)
    assert "r3dcgan" in ganscope.PRESETS and ganscope.__version__
    with pytest.raises(AttributeError):
        _ = ganscope.nothing_of_the_kind  # type: ignore[attr-defined]


def test_python_api_and_notebook_object(digits_run: Path) -> None:
    run = ganscope.Run(digits_run)
    assert run.sample(3).shape == (3, 1, 8, 8)
    assert run.verdict and run.verdict in repr(run)
    shown = run._repr_html_()
    assert shown.count("data:image/png;base64,") == 2
