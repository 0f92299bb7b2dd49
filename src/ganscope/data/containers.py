"""Image files inside other containers: parquet and arrow tables, LMDB, videos. Each gives what a folder gives.

Legend: N images. A container is read in order, a batch at a time; nothing is unpacked to the disk.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ganscope.data.archive import printable
from ganscope.data.array_files import needs
from ganscope.data.decode import MAX_PIXELS
from ganscope.data.folder import ImageFiles, Item, file_identity, shards_of
from ganscope.errors import DataError

_IMAGE_COLUMNS = ("image", "img", "jpg", "png", "picture", "pixel_values", "image_bytes", "bytes")
_LABEL_COLUMNS = ("label", "labels", "fine_label", "class", "category", "target")
_BATCH = 64  # rows of a table read together: pictures may be large


@dataclass(frozen=True)
class ContainerFiles(ImageFiles):
    """One or several files that hold images."""

    paths: tuple[Path, ...] = ()

    def identity(self) -> list[object]:
        digest = hashlib.sha256()
        for path in self.paths:
            digest.update(json.dumps(file_identity(path)).encode())
        return [type(self).__name__, str(self.root.resolve()), digest.hexdigest()]

    def read_documents(self, names: object) -> dict[str, bytes]:
        return {}


class TableFiles(ContainerFiles):
    """Parquet or arrow files as Hugging Face's `datasets` writes them: a column of encoded images, one of labels."""

    def items(self, only: Collection[str] | None = None) -> Iterator[Item]:
        for name, row, image, _ in self._rows(labels=False, only=only):
            content = row[image]
            if isinstance(content, dict):
                content = content.get("bytes")
            if isinstance(content, bytes):
                yield name, content
            else:
                yield name, DataError("no bytes of an image in this row")

    def given_labels(self, others: dict[str, int]) -> dict[str, str] | None:
        found: dict[str, str] = {}
        for name, row, _, label in self._rows(labels=True):
            if label is None:
                return None
            if row[label] is not None:
                found[name] = printable(str(row[label]))
        return found or None

    def _rows(
        self, labels: bool, only: Collection[str] | None = None
    ) -> Iterator[tuple[str, dict[str, Any], str, str | None]]:
        """(name, row, the column of images, that of labels) of every row; only the columns that are wanted are read."""
        asked = shards_of(only)
        for number, path in enumerate(self.paths):
            part = re.sub(r"[-_.]?\d+(-of-\d+)?(-[0-9a-f]{16})?$", "", path.stem) or "data"
            if asked is not None and f"{part}/{number:05d}-" not in asked:
                continue
            with _whole(path):
                schema, batches = _open_table(path)
                image, label = _columns(schema, path)
                names = _class_names(schema, label)
                wanted = ([] if labels else [image]) + ([label] if labels and label else [])
                row_number = 0
                for batch in batches(wanted):
                    for row in batch.to_pylist() if wanted else [{}] * batch.num_rows:
                        if names and label in row and isinstance(row[label], int) and 0 <= row[label] < len(names):
                            row[label] = names[row[label]]
                        yield f"{part}/{number:05d}-{row_number:07d}", row, image, label
                        row_number += 1


def _open_table(path: Path) -> tuple[Any, Any]:
    """The schema of a table, and a function of columns that iterates over its batches."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise needs("parquet", "pyarrow", "a parquet or arrow file") from error
    with path.open("rb") as file:
        magic = file.read(6)
    if magic[:4] == b"PAR1":
        table = pq.ParquetFile(path)
        return table.schema_arrow, lambda columns: table.iter_batches(batch_size=_BATCH, columns=columns)
    reader = (
        pa.ipc.open_file(pa.memory_map(str(path)))
        if magic == b"ARROW1"
        else pa.ipc.open_stream(pa.memory_map(str(path)))
    )

    def batches(columns: list[str]) -> Iterator[Any]:
        whole = (reader.get_batch(i) for i in range(reader.num_record_batches)) if magic == b"ARROW1" else reader
        for batch in whole:
            for start in range(0, batch.num_rows, _BATCH):
                yield batch.select(columns).slice(start, _BATCH) if columns else batch.slice(start, _BATCH)

    return reader.schema, batches


def _columns(schema: Any, path: Path) -> tuple[str, str | None]:
    """The column of encoded images, and that of labels or None. Raises `DataError`."""
    kinds = {field.name: str(field.type) for field in schema}
    holds = [name for name, kind in kinds.items() if "binary" in kind]
    image = next((name for name in _IMAGE_COLUMNS if name in holds), holds[0] if holds else None)
    if image is None:
        found = f"columns {', '.join(printable(name) for name in kinds)}"[:300]
        raise DataError(
            f"{printable(str(path))} holds no column of encoded images", found=found, todo="save one as bytes"
        )
    return image, next((name for name in _LABEL_COLUMNS if name in kinds and name != image), None)


def _class_names(schema: Any, label: str | None) -> list[str]:
    """The names that `datasets` keeps of a ClassLabel."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        names = features[label]["names"]
        return [str(name) for name in names] if isinstance(names, list) else []
    except (KeyError, ValueError, TypeError):
        return []


class LmdbFiles(ContainerFiles):
    """An LMDB folder whose values are encoded images, as LSUN's: the key is the name."""

    def items(self, only: Collection[str] | None = None) -> Iterator[Item]:
        try:
            import lmdb
        except ImportError as error:
            raise needs("lmdb", "lmdb", "an LMDB folder") from error
        with _whole(self.root):
            environment = lmdb.open(str(self.root), readonly=True, lock=False, readahead=False, create=False)
            with environment, environment.begin(buffers=False) as transaction:
                for key, value in transaction.cursor():
                    if len(value) >= 64:  # counters and lists of keys lie beside the images
                        yield key.decode("utf-8", "backslashreplace").replace("/", "_"), bytes(value)


@dataclass(frozen=True)
class VideoFiles(ContainerFiles):
    """Frames of videos: one of every `every`, None for about two a second."""

    every: int | None = None

    def identity(self) -> list[object]:
        return [*super().identity(), self.every]

    def items(self, only: Collection[str] | None = None) -> Iterator[Item]:
        names = _video_names(self.root, self.paths)
        for path in self.paths:
            yield from _frames(path, self.every, names[path])


def _video_names(root: Path, paths: tuple[Path, ...]) -> dict[Path, str]:
    """What the frames of each video are called before their number: a folder of its own, unless videos lie in folders.

    So a video is a class where all lie side by side, and the folder is one where they lie in folders.
    """
    if len(paths) < 2:
        return dict.fromkeys(paths, "")
    below = {path: path.relative_to(root) for path in paths}
    stems = Counter(name.with_suffix("") for name in below.values())
    names = {
        path: str(name if stems[name.with_suffix("")] > 1 else name.with_suffix("")) for path, name in below.items()
    }
    in_folders = all(len(name.parts) > 1 for name in below.values())
    return {path: name.replace("\\", "/") + ("-" if in_folders else "/") for path, name in names.items()}


def _frames(path: Path, every: int | None, before: str) -> Iterator[Item]:
    """Every so many frames as bytes of a PPM, one in memory at a time; ffmpeg ends when nobody asks for more."""
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise needs("", "imageio-ffmpeg", "a video") from error
    rate = ["-vf", "fps=2"] if every is None else []
    # Only this file is opened: a playlist inside it may not lead elsewhere.
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-protocol_whitelist", "file,pipe"]
    command += ["-i", f"file:{path.resolve()}", *rate, "-f", "image2pipe", "-c:v", "ppm", "pipe:1"]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said)
        assert process.stdout is not None
        number = 0
        try:
            while frame := _ppm(process.stdout):
                if number % (every or 1) == 0:
                    yield f"{before}{number:07d}", frame
                number += 1
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        said.seek(0)
        lines = said.read(1 << 16).decode("utf-8", "replace").strip().splitlines()
    if number == 0:
        found = printable(lines[-1])[:200] if lines else "no frame"
        raise DataError(f"{printable(str(path))} cannot be read as a video", found=found, todo="copy it again")


def _ppm(stream: IO[bytes]) -> bytes:
    """The next picture of a row of PPMs, empty at the end."""
    head = stream.readline(100) + stream.readline(100) + stream.readline(100)
    sides = head.split()[1:3]
    if len(sides) < 2:
        return b""
    size = int(sides[0]) * int(sides[1]) * 3
    if size > 3 * MAX_PIXELS:
        raise DataError("the frames are too large", found=f"{sides[0].decode()} × {sides[1].decode()} pixels")
    pixels = stream.read(size)
    return head + pixels if len(pixels) == size else b""


class _whole:  # noqa: N801 (a context manager, used like a function)
    """What goes wrong inside is one `DataError` that names the container."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from ganscope.errors import GanscopeError

        if error is None or isinstance(error, GanscopeError) or not isinstance(error, Exception):
            return
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        text = lines[-1][:200]
        todo = "copy or download it again"
        raise DataError(f"{printable(str(self.path))} is cut short or damaged", found=text, todo=todo) from error
