"""Files of arrays: `.npy`, `.npz` with the keys of well-known sets, folders of `.npy`, CIFAR, SVHN, HDF5, pixel tables.

Legend: N images. Every reader gives a training part and, where the file has one, a test part. Nothing is executed:
pickles are read by an unpickler that knows numpy's arrays and plain types only.
"""

from __future__ import annotations

import math
import pickle
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, cast

import numpy as np

from ganscope.data.archive import MAX_RATIO, RATIO_FREE_BYTES, printable
from ganscope.data.arrays import AnyArray, ArrayPart, image_array, is_one_picture
from ganscope.data.keyed import Parts, by_keys, looks_keyed
from ganscope.data.layout import understand
from ganscope.data.parts import TRAIN
from ganscope.errors import DataError, DependencyError

MAX_PICKLE_BYTES = 2**30


def needs(extra: str, package: str, what: str) -> DependencyError:
    """The error for a package that is absent; `extra` is empty where ganscope itself asks for the package."""
    todo = f"pip install '{package}'" + (f" (or 'ganscope[{extra}]')" if extra else "")
    return DependencyError(f"{what} needs the package {package}", found="it is not installed", todo=todo)


def read_npy(path: Path) -> Parts:
    """A `.npy` of images, mapped. Raises `DataError`."""
    with readable(path):
        loaded = np.load(path, allow_pickle=False, mmap_mode="r")
        return ArrayPart(image_array(loaded, printable(str(path))), None), None


def read_npz(path: Path) -> Parts:
    """A `.npz` of images by the keys of well-known sets; otherwise its only array of images. Raises `DataError`."""
    with readable(path):
        return by_keys(_NpzArrays(path), printable(str(path)))


def read_npy_folder(paths: list[Path], root: Path) -> Parts:
    """`.npy` files of a folder. Raises `DataError`.

    Named like keys (`X_train.npy`, `y_train.npy`) they are that; a picture each, they are a folder of images; of
    many pictures each, such as QuickDraw's, each is a class.
    """
    if looks_keyed(path.stem for path in paths) and len({path.stem for path in paths}) == len(paths):
        with readable(paths[0]):
            arrays = {path.stem: np.load(path, allow_pickle=False, mmap_mode="r") for path in paths}
            return by_keys(arrays, printable(str(root)))
    with readable(paths[0]):
        first = np.load(paths[0], allow_pickle=False, mmap_mode="r")
    if is_one_picture(first) or (len(paths) > 1 and first.ndim == 2 and first.shape[0] == first.shape[1]):
        return _pictures_in_files(paths, root, first)
    images, labels = None, []
    for path in paths:
        part = read_npy(path)[0].images
        images = part if images is None else images.joined(part, printable(str(path.parent)))
        labels.append(np.full(len(part), printable(path.stem.removeprefix("full_numpy_bitmap_"))))
    assert images is not None
    return ArrayPart(images, np.concatenate(labels) if len(paths) > 1 else None, "names of the files"), None


def _pictures_in_files(paths: list[Path], root: Path, first: AnyArray) -> Parts:
    """One picture a file, with parts and classes as of any folder of images."""
    names = {str(path.relative_to(root)).replace("\\", "/"): path for path in paths}
    layout = understand(list(names))
    sides = [[i for i, part in enumerate(layout.parts) if (part == TRAIN) == train] for train in (True, False)]
    found = [
        ArrayPart(
            image_array(cast("Any", _Pictures([names[layout.names[i]] for i in side], first)), printable(str(root))),
            None if layout.classes is None else np.array([layout.classes[i] for i in side]),
            "folders",
        )
        for side in sides
        if side
    ]
    return found[0], found[1] if len(found) > 1 else None


class _Pictures:
    """Files of one picture each that answer to what `ImageArray` asks of an array; read when they are asked for."""

    def __init__(self, paths: list[Path], first: AnyArray) -> None:
        self._paths = paths
        self._one = first.shape
        self.dtype = first.dtype
        self.shape = (len(paths), *first.shape)
        self.ndim = len(self.shape)

    def take(self, rows: AnyArray, axis: int = 0, **_: Any) -> AnyArray:
        out = np.empty((len(rows), *self._one), self.dtype)
        for i, row in enumerate(np.asarray(rows).tolist()):
            path = self._paths[row]
            with readable(path):
                picture = np.load(path, allow_pickle=False)
                if picture.shape != self._one or picture.dtype != self.dtype:
                    found = f"{picture.shape} of {picture.dtype}, the first {self._one} of {self.dtype}"
                    raise DataError(
                        f"{printable(str(path))} differs from the others", found=found, todo="save them alike"
                    )
                out[i] = picture
        return out


class _NpzArrays(Mapping[str, AnyArray]):
    """The arrays of an `.npz`: large ones are unpacked to a file that has no name, and mapped from there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with zipfile.ZipFile(path) as archive:
            self._sizes = {info.filename: info.file_size for info in archive.infolist()}
            self.shapes = {name.removesuffix(".npy"): _header(archive, name)[0] for name in self._sizes}
        total, limit = sum(self._sizes.values()), RATIO_FREE_BYTES + MAX_RATIO * path.stat().st_size
        if total > limit:
            found = f"{total / 2**30:,.0f} GiB in a file of {path.stat().st_size / 2**20:,.1f} MiB"
            raise DataError(f"{printable(str(path))} is an archive bomb", found=found, todo="do not use this file")

    def __iter__(self) -> Iterator[str]:
        return (name.removesuffix(".npy") for name in self._sizes)

    def __len__(self) -> int:
        return len(self._sizes)

    def __getitem__(self, key: str) -> AnyArray:
        name = f"{key}.npy" if f"{key}.npy" in self._sizes else key
        with zipfile.ZipFile(self.path) as archive, archive.open(name) as member:
            shape, fortran, dtype = _read_header(member)
            if dtype.hasobject:
                raise DataError(f"{key}: an array of Python objects", found="it would have to be unpickled")
            stated = math.prod(shape) * dtype.itemsize
            if stated > self._sizes[name]:
                raise DataError(f"{key}: cut short", found=f"shape {shape} needs {stated:,} bytes")
            if stated == 0:
                return np.zeros(shape, dtype)
            with tempfile.TemporaryFile() as scratch:  # which goes when it is no longer mapped
                left = stated
                while left > 0:
                    block = member.read(min(left, 1 << 22))
                    if not block:
                        raise DataError(f"{key}: cut short", found=f"{stated - left:,} of {stated:,} bytes")
                    scratch.write(block)
                    left -= len(block)
                scratch.flush()
                return np.memmap(scratch, dtype, "r", shape=shape, order="F" if fortran else "C")


def _header(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], bool, Any]:
    with archive.open(name) as member:
        return _read_header(member)


def _read_header(member: Any) -> tuple[tuple[int, ...], bool, Any]:
    """(shape, Fortran's order, dtype) at the beginning of an `.npy`."""
    version = np.lib.format.read_magic(member)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(member)
    return shape, bool(fortran), dtype


# CIFAR


def read_cifar(paths: list[Path], test: Path | None, names: Path | None) -> Parts:
    """Python or binary batches of CIFAR-10 or CIFAR-100: training batches, and the test batch. Raises `DataError`."""
    known = _cifar_names(names)
    train = [_cifar_batch(path, known) for path in paths]
    images, labels = train[0].images, [train[0].labels]
    for part in train[1:]:
        images = images.joined(part.images, printable(str(paths[0].parent)))
        labels.append(part.labels)
    whole = ArrayPart(images, np.concatenate([found for found in labels if found is not None]))
    return whole, None if test is None else _cifar_batch(test, known)


def _cifar_batch(path: Path, names: list[str] | None) -> ArrayPart:
    if path.suffix == ".bin":
        raw = np.memmap(path, np.uint8, "r")
        extra = 1 if len(raw) % 3073 == 0 and "cifar-100" not in str(path.parent) and len(raw) % 3074 else 2
        if len(raw) % (3072 + extra):
            raise DataError(f"{printable(str(path))} is no CIFAR batch", found=f"{len(raw):,} bytes")
        rows = raw.reshape(-1, 3072 + extra)
        pixels: Any = rows[:, extra:]
        labels = np.asarray(rows[:, extra - 1]).astype(np.int64)
    else:
        record = read_pickle(path)
        if not isinstance(record, dict):
            raise DataError(f"{printable(str(path))} is no CIFAR batch", found=type(record).__name__)
        plain = {key.decode("latin-1") if isinstance(key, bytes) else key: value for key, value in record.items()}
        found = next((plain[key] for key in ("fine_labels", "labels") if key in plain), None)
        pixels = plain.get("data")
        if not isinstance(pixels, np.ndarray) or found is None:
            raise DataError(f"{printable(str(path))} is no CIFAR batch", found=f"keys {sorted(map(str, plain))}"[:200])
        labels = np.asarray(found)
    if (
        names is not None
        and labels.dtype.kind in "iu"
        and labels.size
        and labels.min() >= 0
        and labels.max() < len(names)
    ):
        labels = np.array(names)[labels]
    return ArrayPart(image_array(pixels, printable(str(path))), labels)


def _cifar_names(path: Path | None) -> list[str] | None:
    """The class names: of `batches.meta` or `meta` (pickled), or of a text file with one a line."""
    if path is None:
        return None
    if path.suffix == ".txt":
        return [printable(line) for line in path.read_text(errors="replace").splitlines() if line.strip()]
    record = read_pickle(path)
    for key, value in record.items() if isinstance(record, dict) else ():
        text = key.decode("latin-1") if isinstance(key, bytes) else key
        if text in ("label_names", "fine_label_names") and isinstance(value, list):
            return [printable(v.decode("latin-1") if isinstance(v, bytes) else str(v)) for v in value]
    return None


class _PlainUnpickler(pickle.Unpickler):
    """Reads numpy arrays and plain types; anything else that a pickle asks for is refused before it is looked up."""

    def find_class(self, module: str, name: str) -> Any:
        module = module.replace("numpy.core", "numpy._core")
        if (module, name) == ("numpy._core.multiarray", "_reconstruct"):
            return np._core.multiarray._reconstruct  # type: ignore[attr-defined]
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        if (module, name) == ("numpy", "dtype"):
            return np.dtype
        if (module, name) == ("_codecs", "encode"):
            return _latin1
        raise DataError("the pickle asks for code", found=f"{printable(module)}.{printable(name)}, which is not run")


def _latin1(text: str, encoding: str = "latin1") -> bytes:
    """How Python 3 writes bytes for Python 2."""
    if encoding not in ("latin1", "latin-1") or not isinstance(text, str):
        raise DataError("the pickle asks for code", found=f"the codec {printable(str(encoding))}")
    return text.encode("latin1")


def read_pickle(path: Path) -> Any:
    """The numpy arrays and plain types of a pickle. Raises `DataError` for one that asks for anything else."""
    if path.stat().st_size > MAX_PICKLE_BYTES:
        raise DataError(f"{printable(str(path))} is too large for a batch", found=f"{path.stat().st_size:,} bytes")
    with readable(path), path.open("rb") as file:
        return _PlainUnpickler(file, encoding="latin1").load()


# Others


def read_mat(path: Path) -> Parts:
    """A MATLAB file of images `X` and labels `y`, such as SVHN's, whose label 10 is the digit 0. Raises `DataError`."""
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise needs("", "scipy", "a MATLAB file") from error
    with readable(path):
        found = loadmat(path)
    arrays = {key: value for key, value in found.items() if isinstance(value, np.ndarray) and not key.startswith("__")}
    train, _ = by_keys({key: _labels_of(value) for key, value in arrays.items()}, printable(str(path)))
    labels = train.labels
    if labels is not None and labels.dtype.kind in "iu" and set(np.unique(labels)) == set(range(1, 11)):
        labels = labels % 10
    return ArrayPart(train.images, labels), None


def _labels_of(value: AnyArray) -> AnyArray:
    return value.reshape(-1) if value.ndim == 2 and 1 in value.shape else value


def read_hdf5(path: Path) -> Parts:
    """An HDF5 file with data sets named like the keys of `.npz` files, at the top or one level down."""
    try:
        import h5py
    except ImportError as error:
        raise needs("hdf5", "h5py", "an HDF5 file") from error
    with readable(path):
        file = h5py.File(path, "r")
        found: dict[str, Any] = {}

        def visit(name: str, thing: Any) -> None:
            if isinstance(thing, h5py.Dataset) and thing.shape and name.count("/") < 2:
                found[name.replace("/", "_") if "/" in name else name] = _H5Array(thing)

        file.visititems(visit)
        encoded = [key for key, value in found.items() if value.dtype.kind == "O" and value.ndim == 1]
        if encoded and all(value.ndim < 3 for value in found.values()):
            todo = "write them into a folder or a zip as files"
            raise DataError(f"{printable(str(path))} holds encoded files", found=f"the key {encoded[0]}", todo=todo)
        labels = {key: np.asarray(value[:]) for key, value in found.items() if value.ndim == 1}
        return by_keys(found | labels, printable(str(path)))


class _H5Array:
    """A data set on disk that answers to what `ImageArray` asks of an array."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self.shape, self.dtype, self.ndim = tuple(data.shape), data.dtype, len(data.shape)

    def __getitem__(self, index: Any) -> AnyArray:
        return np.asarray(self._data[index])

    def take(self, rows: AnyArray, axis: int = 0, **_: Any) -> AnyArray:
        """HDF5 wants rising indices: whole spans are read where rows lie together."""
        rows = np.asarray(rows)
        low, high = int(rows.min()), int(rows.max()) + 1
        if high - low <= 4 * len(rows):
            span = self._data[(slice(None),) * axis + (slice(low, high),)]
            return np.take(span, rows - low, axis=axis)
        order, back = np.unique(rows, return_inverse=True)
        return np.take(self._data[(slice(None),) * axis + (order,)], back, axis=axis)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """What goes wrong inside becomes one `DataError` that names the file."""
    try:
        yield
    except (DataError, DependencyError):
        raise
    except MemoryError as error:
        raise DataError(f"{printable(str(path))} does not fit in the memory", found=str(error)) from error
    except Exception as error:  # numpy, zipfile, scipy, h5py and pickle raise many kinds for damaged files
        _refuse(path, error)


def _refuse(path: Path, error: Exception) -> NoReturn:
    text = " ".join(str(error).split())[:200] or type(error).__name__
    todo = "save it as plain numbers" if "pickle" in text.lower() else "copy or save it again"
    raise DataError(f"{printable(str(path))} cannot be read as an array", found=text, todo=todo) from error


Reader = Callable[[], Parts]
