"""The judge at a snapshot on planted cases: equal sets, a dropped class, copies, noise; protocol and cost."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from ganscope.metrics.evaluator import Evaluator, Sizes
from ganscope.metrics.table import METRICS

K = 4


@dataclass(frozen=True)
class Part:
    images: np.ndarray
    labels: np.ndarray | None
    class_names: tuple[str, ...]


@dataclass
class PixelSpace:
    """16 pixels are 16 features; the class is the brightest row."""

    num_classes: int = K
    name: str = "identity"
    version: str = "0"
    calls: list[int] = field(default_factory=list)

    def describe(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        self.calls.append(len(images))
        x = np.asarray(images).reshape(len(images), -1).astype(np.float32) / 32
        if not self.num_classes:
            return x, None
        scores = np.exp(x.reshape(len(x), K, 4).mean(axis=2))
        return x, (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


def picture(count: int, seed: int, classes: tuple[int, ...] = (0, 1, 2, 3)) -> tuple[np.ndarray, np.ndarray]:
    """4 × 4 images with one bright row, the class, and noise everywhere."""
    source = np.random.default_rng(seed)
    labels = source.choice(classes, count)
    images = source.normal(60, 18, size=(count, 1, 4, 4))
    images[np.arange(count), 0, labels] += 100
    return np.clip(images, 0, 255).astype(np.uint8), labels


def parts(num_train: int = 1500, num_test: int = 800) -> tuple[Part, Part]:
    names = ("first", "second", "third", "fourth")
    return Part(*picture(num_train, 1), names), Part(*picture(num_test, 2), names)


def test_twins_do_not_depend_on_the_order_of_the_files() -> None:
    """A folder a class comes sorted by class: reals of some classes only would lie closer together."""
    train, test = parts()
    assert train.labels is not None
    images = train.images.copy()
    images[train.labels == K - 1] = images[train.labels == K - 1] // 16 * 16  # a class whose images are nearly alike
    order = np.argsort(train.labels, kind="stable")
    mixed, in_order = (
        Evaluator(
            Part(images[rows], train.labels[rows], train.class_names), test, PixelSpace(), PixelSpace(0),
            num_fake=300, sizes=Sizes(balls=600),
        ).twin
        for rows in (np.arange(len(order)), order)
    )  # fmt: skip
    assert in_order == pytest.approx(mixed, rel=0.1)


@pytest.fixture(scope="module")
def monitor() -> Evaluator:
    return Evaluator(*parts(), PixelSpace(), PixelSpace(0), num_fake=600, sizes=Sizes(balls=600))


def values(monitor: Evaluator, fakes: np.ndarray) -> dict[str, float]:
    return {name: metric.value for name, metric in monitor.measure(fakes).metrics.items()}


def test_a_perfect_generator_is_at_every_floor(monitor: Evaluator) -> None:
    found = monitor.measure(picture(600, 3)[0]).metrics
    for name, metric in found.items():
        assert metric.floor is not None
        stderr = metric.stderr or 0.0
        # The floor has the same error as the value, and reals of its own.
        assert abs(metric.value - metric.floor) < 4.5 * stderr + 0.02 * abs(metric.floor) + 1e-3, name
    assert set(found) == set(METRICS) - {"tstr", "structure"}


def test_a_dropped_class_lowers_recall_and_coverage_and_leaves_precision(monitor: Evaluator) -> None:
    whole, dropped = values(monitor, picture(600, 3)[0]), values(monitor, picture(600, 3, (0, 1, 2))[0])
    assert dropped["recall"] == pytest.approx(0.75 * whole["recall"], abs=0.05)
    assert dropped["coverage"] == pytest.approx(0.75 * whole["coverage"], abs=0.06)
    assert dropped["precision"] == pytest.approx(whole["precision"], abs=0.05)
    assert dropped["modes"] == 3
    assert dropped["class_kl"] == pytest.approx(np.log(4 / 3), abs=0.03)
    assert dropped["frechet"] > 5 * whole["frechet"]
    share = monitor.observe(picture(600, 3, (0, 1, 2))[0])["class_share"]["fake"]
    assert share[3] == 0
    assert sum(share) == pytest.approx(1)


def test_copies_are_found_with_their_originals_and_a_good_sampler_is_not_accused(monitor: Evaluator) -> None:
    train = parts()[0].images
    copied = train[200:700].copy()
    copied[:, 0, 0, 0] ^= 1  # not equal to the last bit
    seen = monitor.measure(copied)
    assert seen.metrics["memorisation"].value > 0.9
    assert seen.metrics["memorisation_z"].value < -10
    assert all(real == fake + 200 for fake, real in seen.copies.pairs)
    honest = monitor.measure(picture(600, 5)[0]).metrics
    assert honest["memorisation"].value < 0.03
    assert abs(honest["memorisation_z"].value) < 4


def test_noise_lowers_precision_and_confidence_and_copies_nothing(monitor: Evaluator) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (600, 1, 4, 4), dtype=np.uint8)
    found = values(monitor, noise)
    assert found["precision"] < 0.05
    assert found["coverage"] < 0.05
    assert found["memorisation"] <= 0.03
    assert found["diversity"] > 1.2


def test_one_picture_again_and_again_is_all_duplicates(monitor: Evaluator) -> None:
    found = values(monitor, np.repeat(picture(1, 8)[0], 600, axis=0))
    assert found["duplicate_rate"] == 1.0
    assert found["diversity"] == pytest.approx(0.0, abs=1e-6)
    assert found["recall"] == 0.0
    assert found["modes"] == 1
    assert np.isfinite(found["frechet"])


def test_a_line_is_json_with_the_protocol_and_the_map_gets_the_features() -> None:
    space = PixelSpace()
    monitor = Evaluator(*parts(), space, PixelSpace(0, name="pixels"), num_fake=500, sizes=Sizes(balls=400, copies=100))
    space.calls.clear()
    fakes = picture(500, 9)[0]
    line = monitor.observe(fakes)
    assert space.calls == [500]  # once, and no real again
    assert line["features"].shape == (500, 16)
    assert line["labels"].shape == (500,)
    assert monitor.observe(fakes)["metrics"] == line["metrics"]  # a function of the fakes
    entry = json.loads(json.dumps(line["metrics"], allow_nan=False))
    assert [entry["frechet"][key] for key in ("num_real", "num_fake", "floor_num")] == [1500, 500, 500]
    assert entry["recall"]["num_real"] == 400
    assert (entry["memorisation"]["num_real"], entry["memorisation"]["num_fake"]) == (1500, 100)
    assert entry["memorisation"]["features"] == "pixels"
    assert entry["class_kl"]["num_fake"] == 500
    assert json.loads(json.dumps(line["class_share"]))["real"] == pytest.approx([0.25] * 4, abs=0.05)


def test_without_labels_clusters_stand_in_for_classes() -> None:
    train, test = (Part(part.images, None, ()) for part in parts())
    monitor = Evaluator(train, test, PixelSpace(0), PixelSpace(0), num_fake=500, sizes=Sizes(balls=300))
    assert len(monitor.kind_names) == len(monitor.real_share) == 20
    line = monitor.observe(picture(500, 3, (0, 1, 2))[0])
    missing = np.asarray(line["class_share"]["real"])[np.asarray(line["class_share"]["fake"]) == 0].sum()
    assert missing == pytest.approx(0.25, abs=0.08)
    assert "confidence" not in line["metrics"]


def test_with_hardly_any_held_out_images_half_of_the_training_images_make_the_floors() -> None:
    monitor = Evaluator(*parts(1000, 20), PixelSpace(), PixelSpace(0), num_fake=400)
    found = monitor.measure(picture(400, 3)[0]).metrics
    assert found["frechet"].num_real == 500
    assert found["frechet"].num_fake == 400
    for name in ("precision", "recall", "coverage"):
        assert found[name].value == pytest.approx(found[name].floor, abs=0.06)


def test_with_few_held_out_images_as_many_fakes_are_compared() -> None:
    monitor = Evaluator(*parts(1000, 250), PixelSpace(), PixelSpace(0), num_fake=600)
    found = monitor.measure(picture(600, 3)[0]).metrics
    assert found["coverage"].num_fake == found["coverage"].floor_num == 250
    assert found["class_kl"].num_fake == 600
    assert found["coverage"].value == pytest.approx(found["coverage"].floor, abs=0.06)


@pytest.mark.data
@pytest.mark.slow
def test_on_mnist_copies_are_found_and_fresh_digits_acquitted(data_root: Path, tmp_path: Path) -> None:
    from ganscope.data.load import load_dataset
    from ganscope.features.spaces import feature_space
    from ganscope.metrics.memorisation import memorisation, nearness

    dataset = load_dataset("mnist", cache=tmp_path)
    space = feature_space(dataset.train, dataset.test, tmp_path, name="pca")
    source = np.random.default_rng(0)
    train, order = space(dataset.train.images), source.permutation(10_000)
    normal = nearness(train, space(dataset.test.images[np.sort(order[:2000])]))
    fresh = np.array(dataset.test.images[np.sort(order[2000:2500])])
    chosen = np.sort(source.permutation(60_000)[:500])
    copies = np.clip(dataset.train.images[chosen] + source.normal(0, 25, fresh.shape), 0, 255).astype(np.uint8)
    honest = memorisation(normal, nearness(train, space(fresh)))
    assert honest.copied[0] < 0.03
    assert abs(honest.z) < 4
    found = memorisation(normal, nearness(train, space(copies)))
    assert found.copied[0] > 0.8
    assert found.z < -25
    assert all(chosen[fake] == real for fake, real in found.pairs)
    mixed = np.concatenate([copies[:50], fresh[50:]])
    assert memorisation(normal, nearness(train, space(mixed))).copied[0] == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize("labelled", [True, False])
def test_images_that_are_all_the_same_can_be_measured(labelled: bool) -> None:
    same = np.full((300, 1, 4, 4), 200, np.uint8)
    part = Part(same, np.zeros(300, np.int64) if labelled else None, ("only", "other", "third", "fourth"))
    space = PixelSpace() if labelled else PixelSpace(0)
    monitor = Evaluator(part, part, space, PixelSpace(0), num_fake=260, structure=PixelSpace(0))
    for fakes in (same[:260], picture(260, 1)[0]):
        line = json.dumps(monitor.observe(fakes)["metrics"], allow_nan=False)
        assert json.loads(line)["frechet"]["value"] is not None
    found = monitor.measure(same[:260]).metrics
    assert found["frechet"].value == pytest.approx(0.0, abs=1e-6)
    assert found["diversity"].value == 1.0
    # Every fresh real is an exact copy, so that a copy is nothing to accuse a generator of.
    assert found["memorisation"].value - (found["memorisation"].floor or 0) < 0.02


def test_structure_is_measured_in_its_own_space_with_its_own_floor() -> None:
    shapes = PixelSpace(0, name="structure")
    monitor = Evaluator(*parts(), PixelSpace(), PixelSpace(0), num_fake=600, structure=shapes, sizes=Sizes(balls=400))
    found = monitor.measure(picture(600, 3)[0]).metrics
    assert found["structure"].features == "structure"
    assert found["structure"].value == pytest.approx(found["frechet"].value)
    assert found["structure"].floor == pytest.approx(found["frechet"].floor)
    assert found["structure"].groups == found["frechet"].groups


@pytest.mark.parametrize("num_train", [54, 90, 180, 360])
def test_a_perfect_generator_is_not_accused_on_a_small_set(num_train: int) -> None:
    """Fresh reals in the place of fakes; without labels, as small folders are."""
    from ganscope.diagnosis import diagnose, quality_now

    for seed in range(3):
        held_out = max(5, num_train // 10)
        train = Part(picture(num_train, 50 + seed)[0], None, ())
        test = Part(picture(held_out, 60 + seed)[0], None, ())
        monitor = Evaluator(train, test, PixelSpace(0), PixelSpace(0), num_fake=400, seed=seed)
        noise = np.random.default_rng(0).normal(128, 20, (400, 1, 4, 4)).astype(np.uint8)
        lines = []
        for k, fakes in enumerate([noise, *(picture(400, 70 + 10 * seed + k)[0] for k in range(4))]):
            seen = monitor.observe(fakes)
            line = {"images_seen": 9600 * k, "iteration": 150 * k, "epoch": 0.0}
            lines.append(line | {"metrics": seen["metrics"], "class_share": seen["class_share"]})
        game = {"d_loss": 1.2, "g_loss": 0.8, "d_real": 0.6, "d_fake_before": 0.4}
        history = [{"images_seen": line["images_seen"]} | game for line in lines[1:]]
        found = diagnose(history, [], lines, {"num_images": num_train})
        assert not [finding.id for finding in found if finding.severity != "info"]
        assert quality_now(lines).level >= 2, quality_now(lines)
