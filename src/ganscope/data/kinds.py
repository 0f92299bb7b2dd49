"""What a file or folder is, by its first bytes and its names; and what to do with one that cannot be read."""

from __future__ import annotations

from pathlib import Path

from ganscope.data.archive import printable, sniff
from ganscope.data.decode import SUFFIXES
from ganscope.data.pixel_tables import is_pixel_table
from ganscope.errors import DataError

VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv"})
TABLE_SUFFIXES = frozenset({".parquet", ".arrow"})

# First bytes → (what it is, what to do).
_REFUSED = {
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "unpack it (7z x FILE) and give the folder"),
    b"Rar!\x1a\x07": ("a rar archive", "unpack it (unrar x FILE) and give the folder"),
    b"\x28\xb5\x2f\xfd": ("a zstd archive", "unpack it (unzstd FILE) and give what comes out"),
    b"SQLite format 3": ("an SQLite database", "save the images as files"),
    b"%PDF": ("a PDF", "save its pictures as files (pdfimages)"),
    b"\x80\x02": ("a Python pickle", "only CIFAR's batches are read; save the arrays as .npz"),
    b"\x80\x03": ("a Python pickle", "only CIFAR's batches are read; save the arrays as .npz"),
    b"\x80\x04": ("a Python pickle", "only CIFAR's batches are read; save the arrays as .npz"),
    b"\x80\x05": ("a Python pickle", "only CIFAR's batches are read; save the arrays as .npz"),
    b"\x5c\x01\0\0": ("a NIfTI volume", "save its slices as images or as .npy"),
    b"II*\0": ("a single TIFF", "give the folder that holds the images"),
    b"MM\0*": ("a single TIFF", "give the folder that holds the images"),
    b"\xff\xd8\xff": ("a single JPEG image", "give the folder that holds the images"),
    b"\x89PNG": ("a single PNG image", "give the folder that holds the images"),
    b"GIF8": ("a single GIF", "give the folder that holds the images; frames: ffmpeg -i FILE frames/%05d.png"),
    b"BM": ("a single BMP image", "give the folder that holds the images"),
    b"<!": ("a web page", "the download went wrong: a page came in place of the file"),
    b"<html": ("a web page", "the download went wrong: a page came in place of the file"),
    b"\x1f\x8b": ("a file packed with gzip", "unpack it (gunzip FILE) and give what comes out"),
    b"BZh": ("a file packed with bzip2", "unpack it (bunzip2 FILE) and give what comes out"),
    b"\xfd7zXZ": ("a file packed with xz", "unpack it (unxz FILE) and give what comes out"),
    b"8BPS": ("a Photoshop file", "save its pictures as PNG"),
    b"RIFF": ("a single WebP image", "give the folder that holds the images"),
    b"PK\x03\x04": ("a zip that is cut short, or one part of several", "copy or download it again, all parts joined"),
    b"version https://git-lfs": ("a pointer of Git LFS", "fetch the real file: git lfs pull"),
}


def kind_of(path: Path) -> str:
    """zip, tar, npy, npz, idx, hdf5, mat, parquet, lmdb, video or table. Raises `DataError` for anything else."""
    found = sniff(path)
    if found:
        return found
    with path.open("rb") as file:
        start = file.read(512)
    suffix = path.suffix.lower()
    if start[:10] == b"MATLAB 5.0":
        return "mat"
    if start[:8] == b"\x89HDF\r\n\x1a\n" or start[:10] == b"MATLAB 7.3":
        return "hdf5"
    if start[:4] == b"PAR1" or start[:6] == b"ARROW1" or (suffix == ".arrow" and start[:4] == b"\xff\xff\xff\xff"):
        return "parquet"
    if suffix in VIDEO_SUFFIXES or start[4:8] == b"ftyp" or start[:4] == b"\x1aE\xdf\xa3" or start[8:12] == b"AVI ":
        return "video"
    if suffix in (".csv", ".tsv", ".txt") and is_pixel_table(path):
        return "table"
    what, todo = _named(start, suffix)
    raise DataError(f"{printable(str(path))} is not a data set", found=what, todo=todo)


# Suffixes of what has no first bytes of its own, or is known better by its name.
_BY_SUFFIX = {
    ".tfrecord": ("TensorFlow's records", "write the images into a folder or a zip as files"),
    ".tfrecords": ("TensorFlow's records", "write the images into a folder or a zip as files"),
    ".beton": ("FFCV's records", "write the images into a folder or a zip as files"),
    ".rec": ("MXNet's records", "write the images into a folder or a zip as files"),
    ".safetensors": ("weights or tensors, no images", "save images as .npz"),
    ".ckpt": ("weights or tensors, no images", "save images as .npz: numpy.savez(file, images=…, labels=…)"),
    ".pth": ("weights or tensors, no images", "save images as .npz: numpy.savez(file, images=…, labels=…)"),
    ".pt": ("weights or tensors of PyTorch", "save images as .npz: numpy.savez(file, images=…, labels=…)"),
    ".txt": ("text", "give the folder that holds the images; a list of classes goes to --labels"),
    ".csv": ("a table without pixels", "give the folder that holds the images, and this file to --labels"),
    ".json": ("text", "give the folder that holds the images, and this file to --labels"),
    ".jsonl": ("text", "give the folder that holds the images, and this file to --labels"),
}


def _named(start: bytes, suffix: str) -> tuple[str, str]:
    if suffix in _BY_SUFFIX and start:
        return _BY_SUFFIX[suffix]
    for magic, (what, todo) in _REFUSED.items():
        if start.startswith(magic):
            return what, todo
    if not start:
        return "an empty file", "copy or download it again"
    if suffix in SUFFIXES:
        return f"a single {suffix} file", "give the folder that holds the images"
    what = "its first bytes are none of zip, tar, npy, npz, IDX, HDF5, MATLAB, parquet, arrow, a video"
    return what, "give a folder or an archive of images, or an array"
