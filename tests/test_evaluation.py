"""Evaluating a small run on the digits: the record, the table, the picture; train on synthetic against its control."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope import evaluation as module
from ganscope.config.plan import Plan, plan
from ganscope.config.presets import make_config
from ganscope.data import cache_root
from ganscope.data.load import Dataset, load_dataset
from ganscope.device import choose_backend
from ganscope.errors import ConfigError, DataError, RunError
from ganscope.evaluation import evaluate, title_of, train_on_synthetic
from ganscope.features import spaces
from ganscope.metrics.table import Metric
from ganscope.runs.run import Run
from ganscope.training.checkpoint import save_generator
from ganscope.training.state import new_state


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spaces, "THREADS", 1)
    monkeypatch.setattr(spaces.classifier, "planned_images", lambda num_images, size: 6 * num_images)


def untrained_run(path: Path, dataset: Dataset) -> Run:
    """A run of the digits with two generators that have learned nothing."""
    config: Plan = plan(
        make_config("digits", "mlp", epochs=1.0, threads=1), num_images=len(dataset.train.images), size=8, channels=1
    )
    run = Run.create(path, config, {"dataset": {"content_hash": dataset.train.content_hash}}, "")
    state = new_state(config, choose_backend(device="cpu", threads=1, convolutional=False))
    for seen in (640, 1280):
        save_generator(state.g, run.generator_path(seen))
    run.append("evals", {"images_seen": 640, "best": 640, "verdict": "it has hardly begun", "findings": []})
    return run


def test_an_untrained_generator_is_measured_recorded_and_drawn(tmp_path: Path, private_cache: Path) -> None:
    dataset = load_dataset("digits")
    run = untrained_run(tmp_path / "run", dataset)
    said: list[str] = []
    result = evaluate(run.path, num_fake=400, progress=said.append)
    assert result["images_seen"] == 640  # the best
    metrics = result["metrics"]
    assert metrics["precision"]["value"] < 0.5 * metrics["precision"]["floor"]
    assert metrics["frechet"]["value"] > 5 * metrics["frechet"]["floor"]
    assert metrics["memorisation"]["value"] < 0.05
    assert metrics["frechet"]["features"] == "classifier"
    assert result["feature_space"]["accuracy"] > 0.9
    assert json.loads(Path(result["files"]["json"]).read_text())["metrics"] == metrics
    with Image.open(result["files"]["copies"]) as picture:
        assert picture.size == (8 * (8 + 1) * 7 + 7, 4 * (8 + 1) * 7 + 7)  # 4 rows of 4 pairs, enlarged 7 times
    table = result["table"]
    for word in ("Fréchet distance", "floor", "coverage", "verdict: it has hardly begun", "classifier"):
        assert word in table
    assert "FID" not in table
    assert evaluate(run.path, snapshot="last", num_fake=400)["images_seen"] == 1280


def test_the_snapshot_is_the_best_the_last_or_the_nearest(tmp_path: Path) -> None:
    run = untrained_run(tmp_path / "run", load_dataset("digits"))
    assert [run.choose_generator(which) for which in ("best", "last", 700, 10**9)] == [640, 1280, 640, 1280]
    with pytest.raises(RunError, match="no snapshot 'first'"):
        run.choose_generator("first")
    run.generator_path(640).unlink()
    assert run.choose_generator("best") == 1280
    run.generator_path(1280).unlink()
    with pytest.raises(RunError, match="no generator yet"):
        run.choose_generator("best")


def test_other_data_than_the_run_was_trained_on_are_refused(tmp_path: Path) -> None:
    run = untrained_run(tmp_path / "run", load_dataset("digits"))
    (run.path / "environment.json").write_text(json.dumps({"dataset": {"content_hash": "other"}}))
    with pytest.raises(RunError, match="is not what"):
        evaluate(run.path)


def test_train_on_synthetic_reaches_the_control_on_real_images_and_fails_on_a_collapse(private_cache: Path) -> None:
    dataset = load_dataset("digits")
    space = spaces.feature_space(dataset.train, dataset.test, private_cache)
    real = np.asarray(dataset.train.images)[::-1]
    found = train_on_synthetic(dataset, real, space, lambda text: None)
    assert found.floor == space.accuracy  # as many reals, the same recipe: that classifier
    assert space.accuracy is not None
    assert space.accuracy > 0.9
    assert found.value == pytest.approx(space.accuracy, abs=0.04)
    assert found.num_real == found.num_fake == len(real)
    collapsed = np.repeat(real[:2], 200, axis=0)
    found = train_on_synthetic(dataset, collapsed, space, lambda text: None)
    assert found.value < 0.3
    assert found.floor is not None
    assert 0.7 < found.floor < space.accuracy  # of 400 reals


def test_train_on_synthetic_needs_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = untrained_run(tmp_path / "run", load_dataset("digits"))
    monkeypatch.setattr(module, "has_usable_labels", lambda train: False)
    with pytest.raises(ConfigError, match="needs labels"):
        evaluate(run.path, tstr=True)


def test_only_inception_at_fifty_thousand_is_called_fid() -> None:
    def title(space: str, count: int) -> str:
        return title_of(Metric("frechet", 1.0, 0.1, 0.5, count, count, count, space, "0"))

    assert title("inception", 50_000) == "FID"
    assert title("inception", 10_000) == title("classifier", 50_000) == "Fréchet distance"


def test_data_that_have_moved_are_found_by_their_content(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (200, 8, 8), np.uint8)
    np.save(tmp_path / "here.npy", images)
    dataset = load_dataset(str(tmp_path / "here.npy"))
    run = untrained_run(tmp_path / "run", dataset)
    run.store_config(dataclasses.replace(run.config(), data=str(tmp_path / "here.npy")))
    (tmp_path / "here.npy").rename(tmp_path / "there.npy")
    with pytest.raises(DataError, match="not where they were") as caught:
        evaluate(run.path, num_fake=200)
    assert "--data" in caught.value.todo
    assert evaluate(run.path, num_fake=200, data=str(tmp_path / "there.npy"))["metrics"]
    np.save(tmp_path / "other.npy", images[::-1] ^ 1)
    with pytest.raises(RunError, match="is not what"):
        evaluate(run.path, num_fake=200, data=str(tmp_path / "other.npy"))


@pytest.mark.slow
def test_a_conditional_generators_own_labels_count_and_wrong_ones_teach_nothing() -> None:
    """Real images in the place of fakes: with the classes they were asked for, and with these mixed up."""
    data = load_dataset("digits")
    space = spaces.feature_space(data.train, data.test, cache_root())
    images, own = np.array(data.train.images), data.train.labels
    assert own is not None
    right = train_on_synthetic(data, images, space, str, own=own)
    mixed = train_on_synthetic(data, images, space, str, own=np.random.default_rng(0).permutation(own))
    assert right.value > 0.95 and mixed.value < 0.4
