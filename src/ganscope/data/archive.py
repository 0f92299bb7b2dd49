"""Archives read in place: nothing in one can write to the disk, because nothing is ever unpacked.

Names are text and never paths: a member whose name climbs out (`../`) or is absolute, and one that is a link, a device
or encrypted, is refused with the reason. Sizes are not believed: every read is bounded, and a stream that grows far
beyond its file is stopped.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO, RawIOBase
from pathlib import Path
from typing import IO, Any, cast

from ganscope.errors import DataError, plain

MAX_MEMBER_BYTES = 256 * 2**20
# Pictures hardly compress: 200 times its size (beyond the first GiB) is a bomb, not a data set.
MAX_RATIO, RATIO_FREE_BYTES = 200, 2**30
_BLOCK = 1 << 20
_CORRUPT = (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, zlib.error, lzma.LZMAError, ValueError)


def printable(name: str) -> str:
    """A file's name as text for screens and JSON: bytes that are not UTF-8, and control characters, become `\\xNN`."""
    return plain(name).replace("\n", "\\n")


def sniff(path: Path) -> str:
    """What a file holds, by its first bytes: `zip`, `tar`, `npy`, `npz`, `idx`, or `` when it is none of them.

    A tar may be plain or compressed with gzip, bzip2 or xz; an IDX file plain or with gzip.
    Raises `DataError` where the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(512)
        if start[:4] in (b"PK\x03\x04", b"PK\x05\x06") and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
            return "npz" if names and all(name.endswith(".npy") for name in names) else "zip"
        if start[:6] == b"\x93NUMPY":
            return "npy"
        with _inflated(path) as stream:
            start = stream.read(512)
    except (*_CORRUPT, RuntimeError) as error:
        raise DataError(f"{path} cannot be read", found=str(error), todo="copy or download the file again") from error
    if start[257:262] == b"ustar" or (len(start) == 512 and _has_tar_checksum(start)):
        return "tar"
    if start[:2] == b"\0\0" and start[2:3] in b"\x08\x09\x0b\x0c\x0d\x0e" and start[3:4] in b"\1\2\3\4":
        return "idx"
    return ""


def read_members(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes | DataError]]:
    """The files of a zip or tar in the order in which they lie there: (name, content), or (name, why it is refused).

    Only members whose name is `wanted` are given. One is in memory at a time. Raises `DataError` where the archive
    itself is cut short, corrupt or a bomb; what came before has been given by then.
    """
    reader = _read_zip if sniff(path) == "zip" else _read_tar
    seen: Counter[str] = Counter()
    try:
        for name, content in reader(path, wanted):
            seen[name] += 1
            if seen[name] > 1:
                yield f"{name}#{seen[name]}", DataError("the name occurs twice in the archive: only the first is used")
            else:
                yield name, content
    except _CORRUPT as error:
        found = f"{error} (after {seen.total():,} files)"
        raise DataError(f"{path} is cut short or damaged", found=found, todo="copy or download it again") from error


def read_archive(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes | DataError]]:
    """As `read_members`; a zip that holds nothing wanted but other zips gives what is in those, one level down.

    The members of an inner archive go by its name: `train.zip` holds `train/…`.
    """
    inner = _inner_zips(path, wanted)
    if not inner:
        yield from read_members(path, wanted)
        return
    for name, content in read_members(path, lambda member: member in inner):
        if isinstance(content, DataError):
            yield name, content
            continue
        stem = name.rsplit("/", 1)[-1].removesuffix(".zip")
        try:
            for member, found in _read_zip(BytesIO(content), wanted):
                yield f"{stem}/{member}", found
        except _CORRUPT as error:
            yield name, DataError(f"an archive inside that is damaged: {error}")


def _inner_zips(path: Path, wanted: Callable[[str], bool]) -> set[str]:
    """The zips inside a zip that holds no file with a suffix that is wanted."""
    if sniff(path) != "zip":
        return set()
    try:
        with zipfile.ZipFile(path) as archive:
            # not `info.is_dir()`, which fails on an empty name
            names = [info.filename for info in archive.infolist() if not info.filename.endswith("/")]
    except _CORRUPT:
        return set()
    zips = {name for name in names if name.lower().endswith(".zip")}
    return zips if zips and not any("." in name.rsplit("/", 1)[-1] and wanted(name) for name in names) else set()


def refusal(name: str) -> str:
    """Why a member of this name is not trusted; `` when it is."""
    if not name or "\0" in name:
        return "unsafe name: empty, or with a NUL byte"
    name = name.replace("\\", "/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "unsafe name: an absolute path"
    if ".." in name.split("/"):
        return "unsafe name: climbs out of the archive with '..'"
    return ""


def _read_zip(path: Path | BytesIO, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes | DataError]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.filename.endswith("/") or not wanted(info.filename):
                continue
            reason = refusal(info.filename)
            if stat.S_ISLNK(info.external_attr >> 16):
                reason = "a link: links in archives are not followed"
            elif info.flag_bits & 1:
                reason = "encrypted"
            elif info.file_size > MAX_MEMBER_BYTES:
                reason = f"too large: says {info.file_size / 2**20:,.0f} MiB (limit {MAX_MEMBER_BYTES >> 20})"
            if reason:
                yield info.filename, DataError(reason)
                continue
            content: bytes | DataError
            try:
                with archive.open(info) as file:
                    content = file.read(MAX_MEMBER_BYTES + 1)
            except (*_CORRUPT, NotImplementedError, RuntimeError) as error:
                content = DataError(f"damaged inside the archive: {error}")
            yield info.filename, content


def _read_tar(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes | DataError]]:
    with _inflated(path) as stream, tarfile.open(fileobj=stream, mode="r|", bufsize=_BLOCK) as archive:
        for info in archive:
            if info.isdir() or not wanted(info.name):
                continue
            reason = refusal(info.name)
            if info.issym() or info.islnk():
                reason = f"a link to {printable(info.linkname)}: links in archives are not followed"
            elif not info.isreg():
                reason = "not a regular file"
            elif info.size > MAX_MEMBER_BYTES:
                reason = f"too large: says {info.size / 2**20:,.0f} MiB (limit {MAX_MEMBER_BYTES >> 20})"
            file = None if reason else archive.extractfile(info)
            yield info.name, (DataError(reason) if file is None else file.read())
        while stream.read(_BLOCK):  # to the very end, where gzip keeps its checksum
            pass


class _Bounded(RawIOBase):
    """A read-only stream that raises `DataError` once it has given far more than its file could honestly hold."""

    def __init__(self, inner: IO[bytes], path: Path) -> None:
        self._inner, self._path, self._given = inner, path, 0
        self._limit = RATIO_FREE_BYTES + MAX_RATIO * path.stat().st_size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        block = self._inner.read(min(size, self._limit + 1) if size >= 0 else self._limit + 1)
        self._given += len(block)
        if self._given > self._limit:
            raise DataError(
                f"{self._path} is an archive bomb",
                found=f"more than {MAX_RATIO} times its own size inside",
                todo="do not use this file",
            )
        return block

    def close(self) -> None:
        self._inner.close()
        super().close()


def _inflated(path: Path) -> IO[bytes]:
    """The content of a file, through gzip, bzip2 or xz where its first bytes say so; bounded."""
    with path.open("rb") as file:
        magic = file.read(6)
    inner: Any
    if magic[:2] == b"\x1f\x8b":
        inner = gzip.GzipFile(path)
    elif magic[:3] == b"BZh":
        inner = bz2.BZ2File(path)
    elif magic == b"\xfd7zXZ\0":
        inner = lzma.LZMAFile(path)  # noqa: SIM115
    else:
        inner = path.open("rb")
    return cast("IO[bytes]", _Bounded(inner, path))  # which closes it


def _has_tar_checksum(block: bytes) -> bool:
    """Old tars have no magic word; their header's sum is in its own text (the sum's field counted as blanks)."""
    try:
        stated = int(block[148:156].strip(b" \0") or b"-1", 8)
    except ValueError:
        return False
    return stated == sum(block[:148]) + 8 * 32 + sum(block[156:])
