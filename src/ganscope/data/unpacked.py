"""Archives of arrays, such as `cifar-10-python.tar.gz`: unpacked once into the cache, and read from there.

Images in archives are read in place (`archive.py`). Arrays have to be mapped, so they need files. Names out of an
archive are never paths: a member goes by the last part of its name, below folders of plain names.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path

from ganscope.data.archive import printable, read_members, refusal
from ganscope.data.cache import cache_advice
from ganscope.data.decode import SUFFIXES, is_litter
from ganscope.data.folder import file_identity
from ganscope.errors import DataError

_ARRAYS = re.compile(
    r"(.*\.(npy|npz|mat|parquet|arrow|h5|hdf5|csv)|.*idx[13][-.]ubyte(\.gz)?|(data|test)_batch(_\d+)?(\.bin)?"
    r"|batches\.meta(\.txt)?|train(\.bin)?|test(\.bin)?|meta|(fine|coarse)_label_names\.txt)",
    re.IGNORECASE,
)
_LOOKED_AT = 2000  # members, after which an archive is one of images
_NAMES = re.compile(r"[A-Za-z0-9 ._()+-]+")


class _Enough(Exception):  # noqa: N818 (no error: it ends a walk)
    """What an archive holds is plain."""


def holds_arrays(path: Path) -> bool:
    """Whether a zip or tar holds files of arrays and no image with a suffix."""
    seen = {"arrays": False, "images": False, "count": 0}

    def look(name: str) -> bool:
        base = name.rsplit("/", 1)[-1]
        seen["count"] += 1
        if Path(base).suffix.lower() in SUFFIXES and not is_litter(name):
            seen["images"] = True
        elif _ARRAYS.fullmatch(base) and Path(base).suffix.lower() != ".csv":
            seen["arrays"] = True
        if seen["images"] or seen["count"] >= _LOOKED_AT:
            raise _Enough
        return False

    try:
        for _ in read_members(path, look):
            pass
    except (_Enough, DataError):
        pass
    return bool(seen["arrays"]) and not seen["images"]


def unpack_arrays(path: Path, cache: Path) -> Path:
    """The folder in the cache that holds the files of arrays of an archive. Raises `DataError`."""
    key = hashlib.sha256(json.dumps(file_identity(path)).encode()).hexdigest()[:16]
    folder = cache / "unpacked" / key
    if (folder / ".whole").is_file():
        return _inner(folder)
    scratch = folder.with_name(f".{key}.{os.getpid()}.tmp")
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        for name, content in read_members(path, _wanted):
            if isinstance(content, DataError):
                what = f"{printable(str(path))}: {printable(name)} cannot be read"
                raise DataError(what, found=content.what, todo="unpack it, and give the folder")
            place = scratch.joinpath(*_parts(name))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        (scratch / ".whole").touch()
        shutil.rmtree(folder, ignore_errors=True)
        scratch.rename(folder)
    except OSError as error:
        todo = cache_advice(error)
        raise DataError(
            f"{printable(str(path))} cannot be unpacked into {cache}", found=str(error), todo=todo
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return _inner(folder)


def _parts(name: str) -> list[str]:
    return [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]


def _wanted(name: str) -> bool:
    parts = _parts(name)
    safe = all(_NAMES.fullmatch(part) and part != ".." for part in parts)
    return bool(parts) and safe and not refusal(name) and not is_litter(name) and bool(_ARRAYS.fullmatch(parts[-1]))


def _inner(folder: Path) -> Path:
    """Past folders that only wrap."""
    while True:
        inside = [path for path in folder.iterdir() if path.name != ".whole"]
        if len(inside) != 1 or not inside[0].is_dir():
            return folder
        folder = inside[0]
