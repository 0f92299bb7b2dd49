"""From a name, a folder, an archive or an array to split, cached, memory-mapped images."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fixtures.pictures import num_images, png, write
from ganscope.data.load import Dataset, load_dataset
from ganscope.errors import ConfigError, DataError

RNG = np.random.default_rng(0)


def all_images(dataset: Dataset) -> set[bytes]:
    return {image.tobytes() for part in (dataset.train, dataset.test) for image in part.images}


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
    modes: Any = {"tar": "w", "tgz": "w:gz", "tar.gz": "w:gz"}
    for ending, mode in modes.items():
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


def test_nothing_but_copies_still_gives_two_parts(tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path / "a", {f"{i}.png": png(0) for i in range(4)}))
    assert len(data.train.images) == 3 and len(data.test.images) == 1


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


# The cache


# The published sets


def test_torch_is_not_needed() -> None:
    code = "import sys; sys.modules['torch'] = None; import ganscope.data.inspect; print('sklearn' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "False"


@pytest.mark.slow
def test_an_array_larger_than_the_memory_is_read_in_blocks(tmp_path: Path) -> None:
    """768 MB of pictures are understood, decoded and kept by a process whose own memory stays under 400 MB."""
    path, num = tmp_path / "large.npy", 62_500
    images = np.lib.format.open_memmap(path, "w+", np.uint8, (num, 64, 64, 3))
    noise = np.random.default_rng(0).integers(0, 255, (500, 64, 64, 3)).astype(np.uint8)
    for start in range(0, num, 500):
        noise[:, 0, 0] = start // 500 % 251
        images[start : start + 500] = noise
    images.flush()
    del images
    code = (
        "import sys, threading, time; from pathlib import Path; from ganscope.data.load import load_dataset\n"
        "peak, running = [0], [True]\n"
        "def watch():\n"
        "    while running:\n"
        "        line = next(l for l in open('/proc/self/status') if l.startswith('RssAnon'))\n"
        "        peak[0] = max(peak[0], int(line.split()[1])); time.sleep(0.02)\n"
        "thread = threading.Thread(target=watch); thread.start()\n"
        "found = load_dataset(sys.argv[1], cache=Path(sys.argv[2]))\n"
        "running.clear(); thread.join()\n"
        "print(len(found.train.images) + len(found.test.images), peak[0] // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(tmp_path / "cache")], capture_output=True, text=True, check=True
    )
    count, peak = map(int, done.stdout.split())
    assert count == num and peak < 400, done.stdout
