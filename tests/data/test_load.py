"""From a name, a folder, an archive or an array to split, cached, memory-mapped images."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganscope.data import cache, published
from ganscope.data.cache import hold_out
from ganscope.data.folder import ImageFiles
from ganscope.data.load import Dataset, load_dataset
from ganscope.data.sources import DATASETS
from ganscope.data.survey import survey
from ganscope.errors import ConfigError, DataError

RNG = np.random.default_rng(0)


def png(seed: int, side: int = 12, mode: str = "RGB") -> bytes:
    """A picture of noise, different for every seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    out = BytesIO()
    Image.fromarray(pixels).convert(mode).save(out, "PNG")
    return out.getvalue()


def write(root: Path, files: dict[str, bytes]) -> str:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return str(root)


def all_images(dataset: Dataset) -> set[bytes]:
    return {image.tobytes() for part in (dataset.train, dataset.test) for image in part.images}


def num_images(dataset: Dataset) -> int:
    return len(dataset.train.images) + len(dataset.test.images)


def classes(num: int, per_class: int) -> dict[str, bytes]:
    return {f"class{k}/{i}.png": png(100 * k + i) for k in range(num) for i in range(per_class)}


# The contract


def test_a_folder_gives_the_contract(tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path / "my faces", classes(2, 20)))
    assert data.name == "my-faces"
    assert data.train.images.shape == (36, 3, 12, 12) and data.test.images.shape == (4, 3, 12, 12)
    for part in (data.train, data.test):
        assert isinstance(part.images, np.memmap) and part.images.dtype == np.uint8
        assert part.images.flags.c_contiguous and not part.images.flags.writeable
        assert part.labels is not None and part.labels.dtype == np.int64 and len(part.labels) == len(part.images)
        assert part.class_names == ("class0", "class1")
        assert len(part.content_hash) == 16 and int(part.content_hash, 16) >= 0
        assert part.names is not None and len(part.names) == len(part.images)
        for image, label, name in zip(part.images, part.labels, part.names, strict=True):
            k, i = name.removeprefix("class").removesuffix(".png").split("/")
            assert label == int(k)
            np.testing.assert_array_equal(np.moveaxis(image, 0, 2), Image.open(BytesIO(png(100 * int(k) + int(i)))))
    assert data.skipped == ()


def test_digits_need_no_download_and_split_80_20_by_class() -> None:
    data = load_dataset("digits")
    assert data.train.images.shape[1:] == (1, 8, 8) and num_images(data) == 1797
    assert len(data.test.images) / 1797 == pytest.approx(0.2, abs=0.005)
    assert data.train.labels is not None and data.test.labels is not None
    counts = np.bincount(data.train.labels) / (np.bincount(data.train.labels) + np.bincount(data.test.labels))
    assert np.abs(counts - 0.8).max() < 0.01
    assert data.train.images.max() == 255 and data.train.images.min() == 0
    assert data.train.class_names == tuple("0123456789")


def test_the_same_twice_and_from_another_cache(tmp_path: Path) -> None:
    path = write(tmp_path / "a", classes(2, 15))
    first, again, other = load_dataset(path), load_dataset(path), load_dataset(path, cache=tmp_path / "other")
    for data in (again, other):
        np.testing.assert_array_equal(data.test.images, first.test.images)
        assert (data.train.content_hash, data.test.names) == (first.train.content_hash, first.test.names)


def test_the_hash_follows_content_labels_and_settings(tmp_path: Path) -> None:
    files = classes(2, 12)
    base = load_dataset(write(tmp_path / "a", files)).train.content_hash
    renamed = {name.replace("class1", "other"): content for name, content in files.items()}
    changed = dict(files) | {"class0/0.png": png(999)}
    assert load_dataset(write(tmp_path / "b", files)).train.content_hash == base
    assert load_dataset(write(tmp_path / "c", renamed)).train.content_hash != base
    assert load_dataset(write(tmp_path / "d", changed)).train.content_hash != base
    assert load_dataset(str(tmp_path / "a"), size=8).train.content_hash != base
    assert load_dataset(str(tmp_path / "a"), channels=1).train.content_hash != base
    assert load_dataset(str(tmp_path / "a"), holdout=0.3).train.content_hash != base


def test_a_changed_folder_is_decoded_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "a", {f"{i}.png": png(i) for i in range(5)})
    before = load_dataset(path)
    write(tmp_path / "a", {"new.png": png(77)})
    assert num_images(load_dataset(path)) == num_images(before) + 1


# Every container gives the same images


def test_folder_zip_tar_and_tgz_agree(tmp_path: Path) -> None:
    files = classes(3, 11)
    folder = load_dataset(write(tmp_path / "set", files))
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(f"wrapping/{name}", content)
    for ending, mode in (("tar", "w"), ("tgz", "w:gz"), ("tar.gz", "w:gz")):
        with tarfile.open(tmp_path / f"set.{ending}", mode) as archive_file:
            for name in reversed(files):
                info = tarfile.TarInfo(f"./{name}")
                info.size = len(files[name])
                archive_file.addfile(info, BytesIO(files[name]))
    for ending in ("zip", "tar", "tgz", "tar.gz"):
        data = load_dataset(str(tmp_path / f"set.{ending}"))
        assert data.name == "set" and data.train.class_names == folder.train.class_names
        assert data.train.content_hash == folder.train.content_hash, ending
        assert data.test.content_hash == folder.test.content_hash


def test_arrays_and_idx_files(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (40, 10, 10), dtype=np.uint8)
    labels = np.arange(40) % 2
    np.save(tmp_path / "a.npy", images)
    np.savez(tmp_path / "a.npz", images=images, labels=labels)
    for name, array in (("x-images-idx3-ubyte", images), ("x-labels-idx1-ubyte", labels.astype(np.uint8))):
        head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
        (tmp_path / name).write_bytes(head + array.tobytes())
    plain, pair, idx = (load_dataset(str(tmp_path / name)) for name in ("a.npy", "a.npz", "x-images-idx3-ubyte"))
    assert all(all_images(data) == {image.tobytes() for image in images} for data in (plain, pair, idx))
    assert plain.train.labels is None and plain.train.class_names == () and plain.train.names is None
    assert pair.train.class_names == idx.train.class_names == ("0", "1")
    assert pair.train.content_hash == idx.train.content_hash != plain.train.content_hash


def test_an_npz_with_a_test_part_keeps_it(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (10, 10, 10), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x_train=images[:7], x_test=images[7:])
    data = load_dataset(str(tmp_path / "a.npz"))
    np.testing.assert_array_equal(data.train.images[:, 0], images[:7])
    np.testing.assert_array_equal(data.test.images[:, 0], images[7:])


def test_train_and_test_folders_are_the_split_and_not_classes(tmp_path: Path) -> None:
    names = [f"{part}/{k}/{i}.png" for part in ("train", "test") for k in "ab" for i in range(10)]
    files = {name: png(seed) for seed, name in enumerate(names)}
    data = load_dataset(write(tmp_path / "a", files))
    assert data.test.names is not None and all(name.startswith("test/") for name in data.test.names)
    assert len(data.train.images) == len(data.test.images) == 20 and data.train.class_names == ("a", "b")


# Size and channels


def test_own_size_is_kept_when_square_equal_and_not_large(tmp_path: Path) -> None:
    for side, expected in ((8, 8), (28, 28), (128, 128), (129, 64)):
        path = write(tmp_path / str(side), {f"{i}.png": png(i, side) for i in range(2)})
        assert load_dataset(path).train.images.shape[2:] == (expected, expected)


def test_mixed_sizes_become_what_nine_in_ten_have_or_what_is_asked(tmp_path: Path) -> None:
    path = write(tmp_path / "a", {"a.png": png(1, 10), "b.png": png(2, 20), "c.png": png(3, 1)})
    assert load_dataset(path).train.images.shape[1:] == (3, 8, 8)
    big = write(tmp_path / "b", {f"{i}.png": png(i, 70 + i) for i in range(10)} | {"small.png": png(99, 9)})
    assert load_dataset(big).train.images.shape[1:] == (3, 64, 64)
    assert load_dataset(path, size=(12, 20)).train.images.shape[1:] == (3, 12, 20)
    assert load_dataset(path, size=16, channels=1).train.images.shape[1:] == (1, 16, 16)


def test_channels_follow_the_pictures_and_not_the_mode(tmp_path: Path) -> None:
    grey = {f"{i}.png": png(i, mode="L") for i in range(3)}
    with BytesIO(png(3, mode="L")) as file, BytesIO() as out:
        Image.open(file).convert("RGB").save(out, "PNG")
        grey_as_colour = out.getvalue()
    path = write(tmp_path / "a", grey | {"3.png": grey_as_colour})
    assert load_dataset(path).train.images.shape[1] == 1
    write(tmp_path / "a", {"4.png": png(4)})
    assert load_dataset(path).train.images.shape[1] == 3


@pytest.mark.parametrize("bad", [{"size": 0}, {"channels": 2}, {"holdout": 0.0}, {"holdout": 1.0}])
def test_settings_out_of_range_are_config_errors(bad: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        load_dataset("digits", **bad)  # type: ignore[arg-type]


# Labels


def test_one_class_only_has_no_labels(tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path / "a", {f"cats/{i}.png": png(i) for i in range(12)}))
    assert data.train.labels is None and data.train.class_names == ()


def test_folders_of_few_images_are_not_classes(tmp_path: Path) -> None:
    """Like the faces, a folder a person: 9 images a folder are below the 10 asked for."""
    assert load_dataset(write(tmp_path / "a", classes(3, 9))).train.labels is None
    assert load_dataset(write(tmp_path / "b", classes(3, 10))).train.labels is not None
    one_loose = load_dataset(write(tmp_path / "c", classes(2, 15) | {"loose.png": png(999)}))
    assert one_loose.train.labels is not None and num_images(one_loose) == 30, "a stray file is left out"
    many_loose = classes(2, 15) | {f"loose{i}.png": png(900 + i) for i in range(5)}
    assert load_dataset(write(tmp_path / "d", many_loose)).train.labels is None


# The split


def test_a_single_image_is_both_parts(tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path / "a", {"only.png": png(0)}))
    np.testing.assert_array_equal(data.train.images, data.test.images)
    assert len(data.train.images) == 1


@pytest.mark.parametrize("num", [2, 3, 9])
def test_at_least_one_image_is_held_out_and_one_is_left(tmp_path: Path, num: int) -> None:
    data = load_dataset(write(tmp_path / "a", {f"{i}.png": png(i) for i in range(num)}))
    assert len(data.test.images) == 1 and len(data.train.images) == num - 1


def test_duplicates_are_never_on_both_sides(tmp_path: Path) -> None:
    files = {f"{i}_{copy}.png": png(i) for i in range(30) for copy in range(1 + i % 4)}
    data = load_dataset(write(tmp_path / "a", files), holdout=0.3)
    train, test = ({image.tobytes() for image in part.images} for part in (data.train, data.test))
    assert not train & test and len(train | test) == 30 and num_images(data) == len(files)
    assert len(data.test.images) == pytest.approx(0.3 * len(files), abs=4)


def test_copies_across_classes_stay_together() -> None:
    hashes = [bytes([i // 2]) for i in range(40)]
    labels = np.arange(40) % 2  # both members of every pair, in different classes
    held = hold_out(hashes, labels, 0.25)
    assert (held[0::2] == held[1::2]).all() and held.sum() == 10


def test_nothing_but_copies_still_gives_two_parts(tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path / "a", {f"{i}.png": png(0) for i in range(4)}))
    assert len(data.train.images) == 3 and len(data.test.images) == 1


def test_the_split_does_not_depend_on_names_or_order() -> None:
    hashes = [RNG.bytes(16) for _ in range(200)]
    held = hold_out(hashes, None, 0.1)
    order = RNG.permutation(200)
    np.testing.assert_array_equal(hold_out([hashes[i] for i in order], None, 0.1), held[order])
    assert held.sum() == 20


# Trouble


def trouble() -> dict[str, bytes]:
    cut = BytesIO()
    Image.open(BytesIO(png(1, 64))).save(cut, "JPEG")
    return {
        "good/a.png": png(1),
        "good/b.png": png(2),
        "bad/zero.png": b"",
        "bad/text.png": b"this is a text",
        "bad/cut.jpg": cut.getvalue()[:700],
        "notes.txt": b"not looked at",
    }


def test_unreadable_files_are_skipped_and_listed(tmp_path: Path) -> None:
    said: list[str] = []
    data = load_dataset(write(tmp_path / "a", trouble()), progress=said.append)
    assert num_images(data) == 2
    assert [name for name, _ in data.skipped] == ["bad/cut.jpg", "bad/text.png", "bad/zero.png"]
    reasons = [why.split(":")[0] for _, why in data.skipped]
    assert reasons == ["cut short", "not an image, or damaged from the start", "empty"]
    assert any("3 unreadable" in line for line in said)


def test_strict_refuses_them_also_from_the_cache(tmp_path: Path) -> None:
    path = write(tmp_path / "a", trouble())
    for _ in range(2):
        with pytest.raises(DataError, match="not every file can be read") as caught:
            load_dataset(path, strict=True)
        assert "3 unreadable" in caught.value.found


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, "no files"),
        ({"a.txt": b"x", "b.csv": b"y"}, "1 .txt, 1 .csv"),
        ({"a.png": b"", "b.png": b"text"}, "2 files, none readable"),
    ],
    ids=["empty", "other kinds", "none readable"],
)
def test_a_folder_without_images_is_one_clear_error(tmp_path: Path, files: dict[str, bytes], found: str) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(DataError, match="holds no image that can be read") as caught:
        load_dataset(write(tmp_path / "a", files))
    assert found in caught.value.found and "give a folder" in caught.value.todo


def test_an_unknown_name_suggests_a_known_one() -> None:
    with pytest.raises(DataError, match="no data set 'mnits'") as caught:
        load_dataset("mnits")
    assert "did you mean 'mnist'" in caught.value.todo


def test_a_file_that_is_no_data_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(0))
    with pytest.raises(DataError, match="is not a data set"):
        load_dataset(str(tmp_path / "a.png"))


def test_hostile_archives_give_their_good_images_and_a_list(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
        for name in ("../up.png", "/abs.png", "good.png", "fine.png"):
            info = tarfile.TarInfo(name)
            content = png(len(name))
            info.size = len(content)
            archive.addfile(info, BytesIO(content))
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    data = load_dataset(str(tmp_path / "a.tgz"))
    assert num_images(data) == 2
    assert [name for name, _ in data.skipped] == ["../up.png", "/abs.png", "link.png"]


def test_names_that_are_not_utf8_do_not_break_printing_or_json(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "a")
    os.mkdir(folder)  # noqa: PTH102 (bytes)
    for name, content in ((b"na\xffme.png", png(0)), (b"b\xfe.png", png(1)), (b"bad\xff.png", b"")):
        with open(folder + b"/" + name, "wb") as file:  # noqa: PTH123 (bytes)
            file.write(content)
    data = load_dataset(str(tmp_path / "a"))
    names = [*(data.train.names or ()), *(data.test.names or ())]
    assert sorted(names) == ["b\\xfe.png", "na\\xffme.png"]
    assert data.skipped == (("bad\\xff.png", "empty: the file has 0 bytes"),)
    json.dumps([names, data.skipped], ensure_ascii=False).encode("utf-8")


def test_links_in_a_folder_are_followed_once_and_pipes_are_not_read(tmp_path: Path) -> None:
    write(tmp_path / "a", {"x/1.png": png(1), "x/2.png": png(2)})
    (tmp_path / "a/x/loop").symlink_to(tmp_path / "a")
    (tmp_path / "a/dead.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "a/pipe.png")
    data = load_dataset(str(tmp_path / "a"))
    assert num_images(data) == 2 and [name for name, _ in data.skipped] == ["dead.png", "pipe.png"]


# The cache


def test_a_damaged_cache_is_built_again(tmp_path: Path) -> None:
    path, cache = write(tmp_path / "a", {f"{i}.png": png(i) for i in range(4)}), tmp_path / "cache"
    expected = load_dataset(path, cache=cache).train.images.copy()
    (entry,) = (cache / "datasets").iterdir()
    for name in ("train.npy", "dataset.json"):
        content = (entry / name).read_bytes()
        (entry / name).write_bytes(content[: len(content) // 2])
        np.testing.assert_array_equal(load_dataset(path, cache=cache).train.images, expected)
    (entry / "dataset.json").unlink()
    np.testing.assert_array_equal(load_dataset(path, cache=cache).train.images, expected)


def test_two_at_once_build_one_cache(tmp_path: Path) -> None:
    path, cache = write(tmp_path / "a", {f"{i}.png": png(i) for i in range(200)}), tmp_path / "cache"
    with ThreadPoolExecutor(4) as pool:
        hashes = {data.train.content_hash for data in pool.map(lambda _: load_dataset(path, cache=cache), range(4))}
    assert len(hashes) == 1 and len(list((cache / "datasets").iterdir())) == 1


def test_a_process_killed_while_decoding_does_no_harm(tmp_path: Path) -> None:
    path, cache = write(tmp_path / "a", {f"{i}.png": png(i) for i in range(40)}), tmp_path / "cache"
    code = (
        "import os, signal, sys, pathlib, ganscope.data.cache as c, ganscope.data.load as d;"
        "c._write_rows = lambda *a: os.kill(os.getpid(), signal.SIGKILL);"
        "d.load_dataset(sys.argv[1], cache=pathlib.Path(sys.argv[2]))"
    )
    assert subprocess.run([sys.executable, "-c", code, path, str(cache)]).returncode == -signal.SIGKILL
    assert [entry.name[0] for entry in (cache / "datasets").iterdir()] == ["."], "only its scratch folder is there"
    assert num_images(load_dataset(path, cache=cache)) == 40


def test_what_killed_processes_left_is_cleared_away(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    folder, now = tmp_path / "cache/datasets", time.time()
    ages = {f".old.{os.getpid()}.7.tmp": 7200, ".new.2.7.tmp": 0, f".dead.{dead.pid}.7.tmp": 300,
            f".slow.{os.getpid()}.7.tmp": 300}  # fmt: skip
    for name, age in ages.items():
        (folder / name).mkdir(parents=True)
        os.utime(folder / name, (now - age, now - age))
    load_dataset(write(tmp_path / "a", {"1.png": png(1)}), cache=tmp_path / "cache")
    assert {name[1:4] for name in ages if (folder / name).exists()} == {"new", "slo"}


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "_write_rows", full)
    with pytest.raises(DataError, match="cannot be kept") as caught:
        load_dataset(write(tmp_path / "a", {"1.png": png(1)}), cache=tmp_path / "cache")
    assert "No space left" in caught.value.found and "GANSCOPE_CACHE" in caught.value.todo
    assert list((tmp_path / "cache/datasets").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the way")
    with pytest.raises(DataError, match="cannot be kept"):
        load_dataset("digits", cache=tmp_path / "cache")


# The published sets


def test_the_table_has_the_four_names() -> None:
    assert list(DATASETS) == ["digits", "mnist", "fashion-mnist", "lfw"]


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


def test_torch_is_not_needed() -> None:
    code = "import sys; sys.modules['torch'] = None; import ganscope.data.inspect; print('sklearn' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "False"


def test_a_file_that_may_not_be_looked_at_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root every file may be: the system's refusal is put in its place."""
    for name in ("a.png", "b.png"):
        Image.fromarray(np.random.default_rng(len(name)).integers(0, 256, (8, 8), np.uint8)).save(tmp_path / name)
    stat = Path.stat

    def refused(path: Path, **options: Any) -> os.stat_result:
        if path.name == "a.png":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", refused)
    found = survey(ImageFiles(tmp_path))
    assert list(found.headers) == ["b.png"] and "looked at" in found.unreadable["a.png"]
