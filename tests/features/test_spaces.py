"""Feature spaces: shapes for every size, determinism, the cache, and what they can tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from ganscope.errors import ConfigError, DependencyError
from ganscope.features import cache, spaces
from ganscope.features.classifier import Classifier, planned_images, train_classifier
from ganscope.features.encoder import Encoder, contrastive_encoder, random_encoder
from ganscope.features.spaces import FEATURE_SPACES, feature_space
from ganscope.progress import Say


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads on a machine that is busy with other tests wait for each other most of the time."""
    monkeypatch.setattr(spaces, "THREADS", 1)
    monkeypatch.setattr(spaces.classifier, "planned_images", lambda num_images, size: 8 * num_images)


@dataclass(frozen=True)
class Part:
    images: np.ndarray
    labels: np.ndarray | None
    class_names: tuple[str, ...]
    content_hash: str


def digits() -> tuple[Part, Part]:
    """scikit-learn's 8 × 8 digits: 1,437 to train on, 360 held out."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = (bunch.images * 15.9375).astype(np.uint8)[:, None]
    order = np.random.default_rng(0).permutation(len(images))
    names = tuple(str(digit) for digit in range(10))
    train, test = order[:1437], order[1437:]
    return (
        Part(images[train], bunch.target[train], names, "digits-train"),
        Part(images[test], bunch.target[test], names, "digits-test"),
    )


def unlabelled(size: int = 16, channels: int = 3, count: int = 120) -> Part:
    source = np.random.default_rng(0)
    return Part(source.integers(0, 256, (count, channels, size, size), dtype=np.uint8), None, (), f"noise-{size}")


@pytest.mark.parametrize(("size", "channels"), [(8, 1), (8, 3), (16, 3), (28, 1), (32, 3), (64, 3), (128, 1)])
def test_networks_take_every_size_and_channel_count(size: int, channels: int) -> None:
    images = torch.zeros(3, channels, size, size, dtype=torch.uint8)
    net = Classifier(size, channels, 7).eval()
    found = net.features(images)
    assert found.shape == (3, 64)
    assert net.logits(found).shape == (3, 7)
    assert sum(p.numel() for p in net.parameters()) < 600_000
    assert Encoder(size, channels).eval()(images).shape == (3, 2 * 4 * (32 + 64 + 128))


def test_the_digits_classifier_is_accurate_and_leaves_the_global_state(tmp_path: Path) -> None:
    train, test = digits()
    torch.manual_seed(5)
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    space = feature_space(train, test, tmp_path)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    assert (space.name, space.num_classes) == ("classifier", 10)
    assert space.accuracy is not None
    assert space.accuracy > 0.95
    values = space(train.images[:300])
    assert values.dtype == np.float32
    assert values.shape == (300, space.dim)
    probabilities = space.classify(test.images)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert (probabilities.argmax(axis=1) == test.labels).mean() == pytest.approx(space.accuracy)


def test_training_is_a_function_of_images_and_seed() -> None:
    train, _ = digits()
    images, labels = train.images[:300], train.labels
    assert labels is not None

    def weights(seed: int) -> str:
        return cache.fingerprint(train_classifier(images, labels[:300], 10, num_images=1500, seed=seed).state_dict())

    assert weights(0) == weights(0) != weights(1)


def test_the_cache_is_used_and_a_damaged_file_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = unlabelled()
    made = []

    def make(train: spaces.Images, progress: Say) -> torch.nn.Module:
        made.append(1)
        return spaces._make_pca(train, progress)

    monkeypatch.setitem(FEATURE_SPACES, "pca", spaces.Maker(make, "test-recipe"))
    first = feature_space(part, part, tmp_path, name="pca")
    second = feature_space(part, part, tmp_path, name="pca")
    assert len(made) == 1
    assert first.version == second.version
    np.testing.assert_array_equal(first(part.images), second(part.images))
    (path,) = (tmp_path / "features").iterdir()
    path.write_bytes(path.read_bytes()[:100])
    third = feature_space(part, part, tmp_path, name="pca")
    assert len(made) == 2
    assert third.version == first.version
    assert [found.name for found in (tmp_path / "features").iterdir()] == [path.name]
    other = Part(part.images[::2], None, (), "other content")
    assert feature_space(other, other, tmp_path, name="pca").version != first.version


def test_a_cache_file_cannot_run_code(tmp_path: Path) -> None:
    part = unlabelled()
    feature_space(part, part, tmp_path, name="pca")
    (path,) = (tmp_path / "features").iterdir()
    marker = tmp_path / "executed"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (marker,)  # type: ignore[return-value]

    torch.save({"format": cache.FORMAT, "state": Evil()}, path)
    feature_space(part, part, tmp_path, name="pca")
    assert not marker.exists()


@pytest.mark.parametrize("name", ["random", "pca"])
def test_a_feature_depends_on_its_image_only(name: str, tmp_path: Path) -> None:
    part = unlabelled(size=28, channels=1, count=300)
    space = feature_space(part, part, tmp_path, name=name)
    whole = space(part.images)
    np.testing.assert_allclose(space(part.images[260:]), whole[260:], rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(space(part.images[:250]), whole[:250])


def test_whitened_features_have_variance_one_and_are_uncorrelated(tmp_path: Path) -> None:
    part = unlabelled(size=16, count=900)
    covariance = np.cov(feature_space(part, part, tmp_path, name="random")(part.images).T)
    np.testing.assert_allclose(covariance, np.eye(len(covariance)), atol=0.05)


def test_the_pixel_space_keeps_distances_of_low_dimensional_images(tmp_path: Path) -> None:
    source = np.random.default_rng(1)
    patterns = source.normal(size=(5, 1 * 16 * 16))
    images = np.clip(128 + 12 * source.normal(size=(200, 5)) @ patterns, 0, 255).astype(np.uint8).reshape(-1, 1, 16, 16)
    space = feature_space(Part(images, None, (), "low"), Part(images, None, (), "low"), tmp_path, name="pca")
    found = space(images)
    flat = images.reshape(200, -1) / 255
    expected = np.linalg.norm(flat[0] - flat[1:20], axis=1)
    np.testing.assert_allclose(np.linalg.norm(found[0] - found[1:20], axis=1), expected, rtol=0.05)


def test_few_or_no_labels_fall_back_to_the_unlabelled_space(tmp_path: Path) -> None:
    part = unlabelled(count=60)
    assert feature_space(part, part, tmp_path).name == spaces.UNLABELLED
    names = Part(part.images, np.arange(60) % 30, tuple(map(str, range(30))), "two images a class")
    assert not spaces.has_usable_labels(names)
    assert feature_space(names, names, tmp_path).accuracy is None
    with pytest.raises(ConfigError, match="needs labels"):
        feature_space(names, names, tmp_path, name="classifier")
    with pytest.raises(ConfigError, match="did you mean 'pca'"):
        feature_space(part, part, tmp_path, name="pcaa")
    with pytest.raises(ValueError, match="knows no classes"):
        feature_space(part, part, tmp_path).classify(part.images)


def test_inception_needs_the_users_weights_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = unlabelled()
    monkeypatch.delenv("GANSCOPE_INCEPTION", raising=False)
    with pytest.raises(DependencyError, match="set GANSCOPE_INCEPTION to a TorchScript file"):
        feature_space(part, part, tmp_path, name="inception")
    foreign = tmp_path / "weights.pt"
    foreign.write_bytes(b"not a network")
    monkeypatch.setenv("GANSCOPE_INCEPTION", str(foreign))
    with pytest.raises(DependencyError, match=r"weights\.pt"):
        feature_space(part, part, tmp_path, name="inception")


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_scripted_network_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class MeanColour(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.float().mean(dim=[2, 3])

    path = tmp_path / "mean.pt"
    torch.jit.script(MeanColour()).save(path)
    monkeypatch.setenv("GANSCOPE_DINOV2", str(path))
    grey = Part(np.full((4, 1, 16, 16), 7, np.uint8), None, (), "grey")
    space = feature_space(grey, grey, tmp_path, name="dinov2")
    assert space.dim == 3
    np.testing.assert_array_equal(space(grey.images), np.full((4, 3), 7.0))


def test_the_contrastive_encoder_learns_on_its_pretext() -> None:
    said: list[str] = []
    images = unlabelled(size=16, count=64).images
    net = contrastive_encoder(images, num_images=64 * 20, batch=64, progress=said.append)
    before, after = random_encoder(images).state_dict(), net.state_dict()
    assert not any(torch.equal(before[key], after[key]) for key in before if key.endswith("weight"))
    losses = [float(text.split("loss ")[1]) for text in said]
    assert losses[-1] < losses[0]
    assert not net.training


def test_the_budget_of_training_shrinks_with_the_pixels() -> None:
    assert planned_images(60_000, 28) == 300_000
    assert planned_images(13_000, 64) < 80_000
    assert planned_images(1437, 8) == 20 * 1437


REAL_BUDGET = planned_images


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(("data", "floor"), [("mnist", 0.992), ("fashion-mnist", 0.92)])
def test_the_published_sets_reach_their_accuracy(
    data: str, floor: float, data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ganscope.data.load import load_dataset

    monkeypatch.setattr(spaces.classifier, "planned_images", REAL_BUDGET)
    dataset = load_dataset(data, cache=tmp_path)
    space = feature_space(dataset.train, dataset.test, tmp_path)
    assert space.accuracy is not None
    assert space.accuracy >= floor
