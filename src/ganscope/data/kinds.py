"""What a file or folder is, by its first bytes and its names; and what to do with one that cannot be read."""

from __future__ import annotations

from pathlib import Path

from ganscope.data.archive import printable, sniff
from ganscope.data.array_files import is_pixel_table
from ganscope.data.decode import SUFFIXES
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
    b"GIF8": ("a single GIF", "give the folder that holds the images"),
    b"BM": ("a single BMP image", "give the folder that holds the images"),
    b"<!": ("a web page", "the download went wrong: a page came in place of the file"),
    b"<html": ("a web page", "the download went wrong: a page came in place of the file"),
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


def _named(start: bytes, suffix: str) -> tuple[str, str]:
    for magic, (what, todo) in _REFUSED.items():
        if start.startswith(magic):
            return what, todo
    if not start:
        return "an empty file", "copy or download it again"
    if suffix in SUFFIXES:
        return f"a single {suffix} file", "give the folder that holds the images"
    what = "its first bytes are none of zip, tar, npy, npz, IDX, HDF5, MATLAB, parquet, arrow, a video"
    return what, "give a folder or an archive of images, or an array"
