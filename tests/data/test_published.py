"""The published sets: their content is known, and another is refused."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from fixtures.pictures import num_images, png, write
from fixtures.serving import Server
from ganscope.data import load, published, sources
from ganscope.data.download import Remote
from ganscope.data.load import load_dataset
from ganscope.data.published import IdxFile, IdxSet, verify_idx
from ganscope.errors import DataError


def test_lfw_of_another_number_is_refused_and_never_labelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "lfw", {f"person{k}/{i}.png": png(100 * k + i) for k in range(2) for i in range(12)})
    monkeypatch.setenv("GANSCOPE_DATA", str(tmp_path))
    with pytest.raises(DataError, match="is not the published set of 13,233 images"):
        load_dataset("lfw", cache=tmp_path / "cache")
    monkeypatch.setattr(published, "LFW_NUM_IMAGES", 24)
    assert load_dataset("lfw", cache=tmp_path / "cache").train.labels is None


@pytest.mark.data
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_published_sets_have_their_known_shape_and_labels(data_root: Path, name: str) -> None:
    data = load_dataset(name)
    assert data.train.images.shape == (60_000, 1, 28, 28) and data.test.images.shape == (10_000, 1, 28, 28)
    assert data.train.labels is not None and len(data.train.class_names) == 10
    first = {"mnist": [5, 0, 4, 1, 9], "fashion-mnist": [9, 0, 0, 3, 0]}[name]
    assert data.train.labels[:5].tolist() == first
    if name == "mnist":
        assert float(data.train.images.mean()) / 255 == pytest.approx(0.1307, abs=1e-4)


@pytest.mark.data
@pytest.mark.slow
def test_lfw_decodes_in_a_minute_and_opens_in_a_second(data_root: Path, tmp_path: Path) -> None:
    start = time.process_time()
    data = load_dataset("lfw", cache=tmp_path)
    cpu_seconds = time.process_time() - start
    assert num_images(data) == 13_233 and data.train.images.shape[1:] == (3, 64, 64) and data.train.labels is None
    assert cpu_seconds < 100, "60 s on two cores, with some slack for a shared machine"
    code = "import sys, pathlib, ganscope.data.load as d; d.load_dataset('lfw', cache=pathlib.Path(sys.argv[1]))"
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert time.perf_counter() - start < 5, "under 1 s on a quiet machine, imports included"


def tiny_published(server: Server, wrong: str = "") -> IdxSet:
    """A published set of 20 images, on the server as gzip; the file named `wrong` has one byte changed."""
    rng = np.random.default_rng(3)
    files = []
    for stem, shape in (("a-images", (16, 4, 4)), ("a-labels", (16,)), ("b-images", (4, 4, 4)), ("b-labels", (4,))):
        values = rng.integers(0, 256, shape) if len(shape) > 1 else np.arange(shape[0]) % 2
        head = bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
        content = head + values.astype(np.uint8).tobytes()
        name = f"tiny/{stem}.gz"
        files.append(IdxFile(Remote(name, (f"{server.url}/{name}",)), shape, hashlib.sha256(content).hexdigest()))
        server.files[f"/{name}"] = gzip.compress(content[:-1] + b"\7" if stem == wrong else content)
    return IdxSet("tiny", files[0], files[1], files[2], files[3], class_names=("even", "odd"))


def test_a_published_set_is_downloaded_verified_and_read(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GANSCOPE_DATA", raising=False)
    monkeypatch.setitem(sources.DATASETS, "tiny", partial(sources._idx_set, tiny_published(server)))
    for _ in range(2):
        dataset = load.load_dataset("tiny", cache=tmp_path, size=4)
        assert dataset.train.images.shape == (16, 1, 4, 4) and dataset.test.images.shape == (4, 1, 4, 4)
        assert dataset.train.class_names == ("even", "odd") and dataset.train.labels is not None
        assert dataset.train.labels.tolist() == [0, 1] * 8
    assert len(server.requests) == 4, "the second time everything is there"


@pytest.mark.parametrize("wrong", ["a-images", "b-labels"])
def test_a_published_set_of_wrong_content_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.delenv("GANSCOPE_DATA", raising=False)
    monkeypatch.setitem(sources.DATASETS, "tiny", partial(sources._idx_set, tiny_published(server, wrong)))
    with pytest.raises(DataError, match=f"is not the published tiny/{wrong}") as caught:
        load.load_dataset("tiny", cache=tmp_path)
    assert "content SHA-256" in caught.value.found and "expected" in caught.value.found
    assert list(tmp_path.glob("datasets/*")) == []


def test_a_set_known_in_several_orders_passes_by_shape_and_is_said_to_be_unverified(tmp_path: Path) -> None:
    """As the images of Fashion-MNIST do; its labels, and any other shape, do not."""
    content = bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 6])
    (tmp_path / "file").write_bytes(content)
    packed = hashlib.md5(content).hexdigest()
    said: list[str] = []
    verify_idx(tmp_path / "file", IdxFile(Remote("a", ()), (2,), "0" * 64, packed), said.append)
    assert said == [], "the published packed file is known"
    verify_idx(tmp_path / "file", IdxFile(Remote("a", ()), (2,), "0" * 64, "0" * 32), said.append)
    assert len(said) == 1 and "not verified" in said[0]
    for unlike in (IdxFile(Remote("a", ()), (3,), "0" * 64, "0" * 32), IdxFile(Remote("a", ()), (2,), "0" * 64)):
        with pytest.raises(DataError, match="is not the published"):
            verify_idx(tmp_path / "file", unlike, said.append)


def test_a_wrong_file_in_the_data_folder_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANSCOPE_DATA", str(tmp_path / "data"))
    monkeypatch.setitem(sources.DATASETS, "tiny", partial(sources._idx_set, tiny_published(server, "a-images")))
    for name, content in server.files.items():
        path = tmp_path / "data" / name.lstrip("/").removesuffix(".gz")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.decompress(content) if name.endswith(".gz") else content)
    with pytest.raises(DataError, match="is not the published tiny/a-images"):
        load.load_dataset("tiny", cache=tmp_path / "cache")
    assert server.requests == []
