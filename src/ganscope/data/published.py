"""The published data sets: where each file is, and how its content is known to be right.

What is verified is the content, not the wrapping: gzip and tar can be written in many ways. A file is looked for in
`$GANSCOPE_DATA` first (packed or not), then among the downloads in the cache, and is downloaded when it is nowhere.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ganscope.data.arrays import read_idx
from ganscope.data.download import Remote, fetch
from ganscope.errors import DataError
from ganscope.progress import Say

DATA_VARIABLE = "GANSCOPE_DATA"


@dataclass(frozen=True)
class IdxFile:
    """One IDX file of a published set."""

    remote: Remote
    shape: tuple[int, ...]
    sha256: str  # of the decompressed file
    packed_md5: str = ""  # of the published `.gz`, where the decompressed file comes in more than one order


@dataclass(frozen=True)
class IdxSet:
    """Images and labels in the four files of MNIST's layout."""

    name: str
    train_images: IdxFile
    train_labels: IdxFile
    test_images: IdxFile
    test_labels: IdxFile
    class_names: tuple[str, ...]

    def files(self) -> tuple[IdxFile, IdxFile, IdxFile, IdxFile]:
        """In the order of the fields."""
        return self.train_images, self.train_labels, self.test_images, self.test_labels


# The shape of one image or label, SHA-256 of the decompressed file, MD5 of the published `.gz` or "".
_Entry = tuple[tuple[int, ...], str, str]


def _idx_set(
    name: str,
    mirrors: list[str],
    *,
    images: _Entry,
    labels: _Entry,
    test_images: _Entry,
    test_labels: _Entry,
    classes: str,
) -> IdxSet:
    def file(stem: str, num: int, entry: _Entry) -> IdxFile:
        shape, sha256, packed_md5 = entry
        remote = Remote(f"{name}/{stem}.gz", tuple(f"{mirror}/{stem}.gz" for mirror in mirrors))
        return IdxFile(remote, (num, *shape), sha256, packed_md5)

    return IdxSet(
        name,
        file("train-images-idx3-ubyte", 60000, images),
        file("train-labels-idx1-ubyte", 60000, labels),
        file("t10k-images-idx3-ubyte", 10000, test_images),
        file("t10k-labels-idx1-ubyte", 10000, test_labels),
        tuple(classes.split("|")),
    )


MNIST = _idx_set(
    "mnist",
    ["https://ossci-datasets.s3.amazonaws.com/mnist", "https://storage.googleapis.com/cvdf-datasets/mnist"],
    images=((28, 28), "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", ""),
    labels=((), "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", ""),
    test_images=((28, 28), "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", ""),
    test_labels=((), "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", ""),
    classes="0|1|2|3|4|5|6|7|8|9",
)

# The image files are in circulation in more than one order inside a class: one decompressed content and the published
# packed file are known by hash; another passes by its shape and the verified labels, and is said to be unverified.
FASHION_MNIST = _idx_set(
    "fashion-mnist",
    [
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
    ],
    images=(
        (28, 28),
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    ),
    labels=((), "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9", ""),
    test_images=(
        (28, 28),
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "bef4ecab320f06d8554ea6380940ec79",
    ),
    test_labels=((), "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34", ""),
    classes="T-shirt/top|Trouser|Pullover|Dress|Coat|Sandal|Shirt|Sneaker|Bag|Ankle boot",
)

LFW = Remote("lfw-deepfunneled.tgz", ("http://vis-www.cs.umass.edu/lfw/lfw-deepfunneled.tgz",))
LFW_FOLDERS = ("lfw-deepfunneled", "lfw")  # the archive unpacked
LFW_NUM_IMAGES = 13233


def data_root() -> Path | None:
    """The folder `$GANSCOPE_DATA`, None when it is not set. Raises `DataError` when it is set and not a folder."""
    value = os.environ.get(DATA_VARIABLE, "")
    if not value:
        return None
    root = Path(value).expanduser()
    if not root.is_dir():
        todo = "set it to your folder of data sets, or unset it"
        raise DataError(f"{DATA_VARIABLE} is not a folder", found=value, todo=todo)
    return root


def locate(remote: Remote, cache: Path, verify: Callable[[Path], None], progress: Say, *unpacked: str) -> Path:
    """A published file in `$GANSCOPE_DATA` (or one of its `unpacked` names there), in the cache, or downloaded there.

    Only a download is verified here; what was found is verified by whoever reads it. Raises `DataError`.
    """
    root = data_root()
    for name in (remote.name, *unpacked) if root else ():
        if root and (root / name).exists():
            return root / name
    return fetch(remote, cache / "downloads", verify=verify, progress=progress)


def locate_idx(file: IdxFile, cache: Path, progress: Say) -> Path:
    """One IDX file, packed or not. Raises `DataError`."""
    unpacked = file.remote.name.removesuffix(".gz")
    return locate(file.remote, cache, lambda path: verify_idx(path, file, progress), progress, unpacked)


def verify_idx(path: Path, file: IdxFile, progress: Say) -> None:
    """Raises `DataError` when the content of `path` is not that of the published `file`."""
    content, packed_md5 = _digests(path)
    if content == file.sha256 or (file.packed_md5 and packed_md5 == file.packed_md5):
        return
    if file.packed_md5 and read_idx(path).shape == file.shape:
        progress(f"{path}: the shape is right, the content is not verified: its SHA-256 {content[:12]}… is not known")
        return
    raise DataError(
        f"{path} is not the published {file.remote.name}",
        found=f"content SHA-256 {content[:16]}…, expected {file.sha256[:16]}…",
        todo="delete it and run again to download it, or check what it is",
    )


def _digests(path: Path) -> tuple[str, str]:
    """SHA-256 of the content after decompression, and MD5 of the file as it is."""
    content, packed = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            for block in iter(lambda: file.read(1 << 20), b""):
                packed.update(block)
        with gzip.GzipFile(path) if zipped else path.open("rb") as stream:
            for block in iter(lambda: stream.read(1 << 20), b""):
                content.update(block)
    except (EOFError, zlib.error, OSError) as error:
        todo = "delete it and run again to download it"
        raise DataError(f"{path} is cut short or damaged", found=str(error), todo=todo) from error
    return content.hexdigest(), packed.hexdigest()
