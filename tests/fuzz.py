"""A fuzz target: damaged images, arrays, archives, tables and runs, for a stated time; `make fuzz`.

    python tests/fuzz.py --seconds 60 [--seed 0]

Nothing may end in anything but a result or one clear error: no traceback, no hang, nothing executed, nothing written
outside the scratch folder. Every case is a function of its seed: a failure prints it and keeps the input.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import pickle
import random
import shutil
import signal
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from PIL import Image

from ganscope.data import load_dataset
from ganscope.errors import GanscopeError
from ganscope.page.contents import Pictures, base, index, log, snapshot
from ganscope.runs.run import Run

HANG = 30  # seconds: the slowest whole input takes well under one
OLD_RUN = Path(__file__).parent / "fixtures" / "runs" / "0.1.0-digits-mlp.tar.gz"
RUNS_PROGRAMS = {"os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen"}

Maker = Callable[[Path, random.Random], Path]


class Late(BaseException):
    """No reader of damaged files may take this for damage."""


# ---- whole inputs ----------------------------------------------------------------------------------------------------


def pixels(source: random.Random, num: int = 12, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(source.randrange(2**31)).integers(0, 256, (num, 8, 8, channels)).astype(np.uint8)


def encoded(image: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind)
    return buffer.getvalue()


def images_in(kind: str) -> Maker:
    def make(where: Path, source: random.Random) -> Path:
        for i, image in enumerate(pixels(source)):
            (where / f"k{i % 2}").mkdir(exist_ok=True)
            (where / f"k{i % 2}" / f"{i}.{kind.lower()}").write_bytes(encoded(image, kind))
        return where

    return make


def deep(where: Path, source: random.Random) -> Path:
    for i, image in enumerate(pixels(source, channels=1)):
        Image.fromarray(image[..., 0].astype((np.uint16, np.float32)[i % 2]) * 9).save(where / f"{i}.tif")
    return where


def npy(where: Path, source: random.Random) -> Path:
    np.save(where / "a.npy", pixels(source).astype(source.choice(["u1", "f4", "i2", "f2"])))
    return where / "a.npy"


def npz(where: Path, source: random.Random) -> Path:
    np.savez(where / "a.npz", x_train=pixels(source), y_train=np.arange(12) % 3, x_test=pixels(source, 4))
    return where / "a.npz"


def idx(where: Path, source: random.Random) -> Path:
    for name, array in (("images-idx3", pixels(source)[..., 0]), ("labels-idx1", np.arange(12) % 3)):
        head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
        (where / f"train-{name}-ubyte").write_bytes(head + array.astype(np.uint8).tobytes())
    return where


def cifar(where: Path, source: random.Random) -> Path:
    rows = np.zeros((6, 3072), np.uint8) + np.arange(6, dtype=np.uint8)[:, None]
    for name in ("data_batch_1", "test_batch"):
        (where / name).write_bytes(pickle.dumps({b"data": rows, b"labels": [0, 1, 2, 0, 1, 2]}))
    return where


def mat(where: Path, source: random.Random) -> Path:
    from scipy.io import savemat

    savemat(where / "train_32x32.mat", {"X": pixels(source).transpose(1, 2, 3, 0), "y": np.arange(12)[:, None] % 3})
    return where / "train_32x32.mat"


def zipped(where: Path, source: random.Random) -> Path:
    with zipfile.ZipFile(where / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for i, image in enumerate(pixels(source)):
            archive.writestr(f"k{i % 2}/{i}.png", encoded(image, "PNG"))
        archive.writestr("dataset.json", json.dumps({"labels": [[f"k{i % 2}/{i}.png", i % 3] for i in range(12)]}))
    return where / "a.zip"


def tarred(where: Path, source: random.Random) -> Path:
    mode: Any = source.choice(["w:gz", "w:bz2", "w"])
    with tarfile.open(where / "a.tar.gz", mode) as archive:
        for i, image in enumerate(pixels(source)):
            content = encoded(image, "PNG")
            member = tarfile.TarInfo(f"{i:04d}.png")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return where / "a.tar.gz"


def tabled(where: Path, source: random.Random) -> Path:
    images_in("PNG")(where, source)
    with (where / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [["filename", "label", "split"], *([f"{i}.png", f"c{i % 2}", "train"] for i in range(12))]
        )
    (where / "metadata.jsonl").write_text(
        "\n".join(json.dumps({"file_name": f"{i}.png", "label": i % 2}) for i in range(12))
    )
    return where


def pixel_table(where: Path, source: random.Random) -> Path:
    rows = [[i % 3, *image[..., 0].ravel().tolist()] for i, image in enumerate(pixels(source))]
    text = "\n".join(",".join(map(str, row)) for row in [["label", *(f"p{i}" for i in range(64))], *rows])
    (where / "digits.csv").write_text(text)
    return where / "digits.csv"


def hdf5(where: Path, source: random.Random) -> Path:
    import h5py

    with h5py.File(where / "a.h5", "w") as file:
        file["images"], file["labels"] = pixels(source), np.arange(12) % 3
    return where / "a.h5"


def parquet(where: Path, source: random.Random) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = {"image": [encoded(image, "PNG") for image in pixels(source)], "label": list(range(12))}
    pq.write_table(pa.table(table), where / "a.parquet")
    return where / "a.parquet"


MAKERS: dict[str, Maker] = {
    **{kind: images_in(kind) for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "TGA")},
    "deep": deep, "npy": npy, "npz": npz, "idx": idx, "cifar": cifar, "mat": mat, "zip": zipped, "tar": tarred,
    "tables": tabled, "pixels": pixel_table, "hdf5": hdf5, "parquet": parquet,
}  # fmt: skip


# ---- damage ----------------------------------------------------------------------------------------------------------

WORDS = [
    b"\0" * 8,
    b"\xff" * 8,
    b"\x7f\xff\xff\xff",
    b"[" * 3000,
    b'{"a":' * 50,
    b"../../etc/passwd",
    b"NaN",
    b"1e999",
    b"\r\n",
]


def damaged(content: bytes, source: random.Random) -> bytes:
    """The content with one to four mutations of one kind each."""
    data = bytearray(content)
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(data) + 1) if source.random() < 0.6 else source.randrange(min(len(data), 200) + 1)
        kind = source.randrange(6)
        if kind == 0 and data:
            data[min(at, len(data) - 1)] ^= 1 << source.randrange(8)
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            data[at:at] = source.choice(WORDS)
        elif kind == 3:
            del data[at : at + source.randint(1, 40)]
        elif kind == 4:
            word = source.choice(WORDS)
            data[at : at + len(word)] = word
        else:
            first = source.randrange(len(data) + 1)
            data[at:at] = data[first : first + source.randint(1, 200)]
    return bytes(data)


def damage_some(where: Path, source: random.Random) -> None:
    files = sorted(path for path in where.rglob("*") if path.is_file())
    for path in source.sample(files, min(len(files), source.randint(1, 3))):
        path.write_bytes(damaged(path.read_bytes(), source))


# ---- one case --------------------------------------------------------------------------------------------------------


def read_input(scratch: Path, source: random.Random) -> str:
    kind = source.choice(sorted(MAKERS))
    where = scratch / "input"
    where.mkdir()
    path = MAKERS[kind](where, source)
    damage_some(where, source)
    dataset = load_dataset(str(path), cache=scratch / "cache")
    assert dataset.train.images.dtype == np.uint8 and dataset.train.images.ndim == 4
    return kind


def read_run(scratch: Path, source: random.Random) -> str:
    with tarfile.open(OLD_RUN) as archive:
        archive.extractall(scratch, filter="data")
    path = scratch / "digits-mlp"
    damage_some(path, source)
    run = Run(path)
    base(run), log(run)
    for seen, _ in index(run)["snapshots"]:
        snapshot(run, seen, Pictures(quality=40, count=4))
    run.config(), run.history(), run.evals(), run.best()
    return "run"


class Watch:
    """What was asked of the system while a case ran: programs, and files written outside the scratch folder."""

    def __init__(self) -> None:
        self.scratch: Path | None = None
        self.seen: list[str] = []
        sys.addaudithook(self.hook)

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.scratch is None:
            return
        if event in RUNS_PROGRAMS and arguments[:1] != ("uname",):  # which Python's own `platform` asks
            self.seen.append(f"{event} {arguments[:2]!r}"[:300])
        elif event == "open" and isinstance(arguments[0], str) and isinstance(arguments[1], str):
            writes = any(letter in arguments[1] for letter in "wax+")
            if writes and not arguments[0].startswith((str(self.scratch), "/dev/null", tempfile.gettempdir())):
                self.seen.append(f"wrote {arguments[0]}"[:300])


def late(number: int, frame: FrameType | None) -> None:
    raise Late(f"still running after {HANG} s")


def one(seed: int, watch: Watch) -> tuple[str, str]:
    """(what was read, what went wrong or ``) of the case of this seed."""
    source = random.Random(seed)
    scratch = Path(tempfile.mkdtemp(prefix="ganscope-fuzz-"))
    kind, wrong = "input", ""
    watch.scratch, watch.seen = scratch, []
    signal.alarm(HANG)
    try:
        kind = read_run(scratch, source) if source.random() < 0.25 else read_input(scratch, source)
    except GanscopeError:
        kind = "refused"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        wrong = "".join(traceback.format_exception(error))
    finally:
        signal.alarm(0)
        watch.scratch = None
    if watch.seen and not wrong:
        wrong = "\n".join(watch.seen)
    if wrong:
        print(f"seed {seed}: kept in {scratch}\n{wrong}", file=sys.stderr)
    else:
        shutil.rmtree(scratch, ignore_errors=True)
    return kind, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, help="one case, to see again what went wrong")
    parser.add_argument("--first", type=int, default=int(time.time()), help="seed of the first case")
    arguments = parser.parse_args()
    signal.signal(signal.SIGALRM, late)
    watch = Watch()
    if arguments.seed is not None:
        return int(bool(one(arguments.seed, watch)[1]))
    end, seed = time.monotonic() + arguments.seconds, arguments.first
    count: Counter[str] = Counter()
    failures = 0
    while time.monotonic() < end and failures < 5:
        kind, wrong = one(seed, watch)
        count[kind] += 1
        failures += bool(wrong)
        seed += 1
    read = ", ".join(f"{number:,} {kind}" for kind, number in count.most_common())
    print(
        f"{count.total():,} cases in {arguments.seconds:.0f} s from seed {arguments.first}: {failures} failures; {read}"
    )
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
