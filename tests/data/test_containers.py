"""Containers of encoded images: tables, LMDB, WebDataset, videos, archives in archives and in folders, the Hub."""

from __future__ import annotations

import io
import json
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganscope.cli import main
from ganscope.data import decode
from ganscope.data.load import load_dataset
from ganscope.errors import DataError

PICTURES = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 3), dtype=np.uint8)


def png(i: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(PICTURES[i]).save(out, "PNG")
    return out.getvalue()


def check(path: Path | str, num: int = 24, **wishes: Any) -> dict[bytes, str | None]:
    """Load, and give the class of each picture; the pictures must be those that went in."""
    data = load_dataset(str(path), **wishes)
    found: dict[bytes, str | None] = {}
    for part in (data.train, data.test):
        for i, image in enumerate(part.images):
            found[image.tobytes()] = None if part.labels is None else part.class_names[part.labels[i]]
    expected = {np.moveaxis(picture, 2, 0).tobytes() for picture in PICTURES[:num]}
    assert set(found) == expected
    return found


def label_of(found: dict[bytes, str | None], i: int) -> str | None:
    return found[np.moveaxis(PICTURES[i], 2, 0).tobytes()]


@pytest.mark.parametrize("kind", ["parquet", "arrow stream", "arrow file"])
def test_tables_of_hugging_face(tmp_path: Path, kind: str) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is in the test extra")
    import pyarrow.parquet as pq

    names = {"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}
    table = pa.table(
        {"image": [{"bytes": png(i), "path": f"{i}.png"} for i in range(24)], "label": [i % 2 for i in range(24)]}
    ).replace_schema_metadata({"huggingface": json.dumps(names)})
    if kind == "parquet":
        pq.write_table(table.slice(0, 12), tmp_path / "train-00000-of-00002.parquet")
        pq.write_table(table.slice(12), tmp_path / "train-00001-of-00002.parquet")
        path = tmp_path
    else:
        path = tmp_path / "data-00000-of-00001.arrow"
        new = pa.ipc.new_stream if kind == "arrow stream" else pa.ipc.new_file
        with path.open("wb") as file, new(file, table.schema) as writer:
            writer.write_table(table)
    found = check(path)
    assert label_of(found, 3) == "dog" and label_of(found, 4) == "cat"
    assert label_of(check(path, labels="none"), 3) is None


def test_parquet_parts_are_the_split(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is in the test extra")
    import pyarrow.parquet as pq

    for part, rows in (("train", range(16)), ("test", range(16, 24))):
        pq.write_table(pa.table({"image": [png(i) for i in rows]}), tmp_path / f"{part}-00000-of-00001.parquet")
    data = load_dataset(str(tmp_path))
    assert (len(data.train.images), len(data.test.images)) == (16, 8)


def test_an_lmdb_of_encoded_images(tmp_path: Path) -> None:
    lmdb = pytest.importorskip("lmdb", reason="lmdb is in the test extra")
    with (
        lmdb.open(str(tmp_path / "bedroom_lmdb"), map_size=2**22) as environment,
        environment.begin(write=True) as write,
    ):
        write.put(b"num-samples", b"24")
        for i in range(24):
            write.put(f"key{i:04d}".encode(), png(i))
    check(tmp_path / "bedroom_lmdb")


def web_dataset(path: Path, rows: range) -> None:
    with tarfile.open(path, "w") as archive:
        for i in rows:
            for name, content in ((f"{i:06d}.png", png(i)), (f"{i:06d}.cls", str(i % 3).encode())):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))


def test_web_dataset_tars(tmp_path: Path) -> None:
    web_dataset(tmp_path / "all.tar", range(24))
    assert label_of(check(tmp_path / "all.tar"), 5) == "2"
    shards = tmp_path / "shards"
    shards.mkdir()
    web_dataset(shards / "photos-000000.tar", range(12))
    web_dataset(shards / "photos-000001.tar", range(12, 24))
    found = check(shards)
    assert label_of(found, 13) == "1", "shards are no classes, the labels come from the .cls files"


def test_zips_in_folders_and_in_zips(tmp_path: Path) -> None:
    folder = tmp_path / "kaggle"
    folder.mkdir()
    for name, rows in (("train.zip", range(16)), ("test.zip", range(16, 24))):
        with zipfile.ZipFile(folder / name, "w") as archive:
            for i in rows:
                archive.writestr(f"{i}.png", png(i))
    (folder / "readme.txt").write_text("two archives")
    data = load_dataset(str(folder))
    assert (len(data.train.images), len(data.test.images)) == (16, 8)
    with zipfile.ZipFile(tmp_path / "nested.zip", "w") as archive:
        archive.write(folder / "train.zip", "data/train.zip")
        archive.write(folder / "test.zip", "data/test.zip")
    nested = load_dataset(str(tmp_path / "nested.zip"))
    assert nested.train.content_hash == data.train.content_hash and len(nested.test.images) == 8


def test_frames_of_a_video(tmp_path: Path) -> None:
    import imageio_ffmpeg

    shades = np.linspace(20, 235, 50).astype(np.uint8)
    writer = imageio_ffmpeg.write_frames(str(tmp_path / "a.mp4"), (64, 48), fps=10, macro_block_size=None)
    writer.send(None)
    for shade in shades:
        writer.send(np.full((48, 64, 3), shade, np.uint8).tobytes())
    writer.close()
    data = load_dataset(str(tmp_path / "a.mp4"), every=10, size=8, channels=1)
    means = {float(image.mean()) for part in (data.train, data.test) for image in part.images}
    assert len(means) == 5
    assert all(abs(mean - float(shade)) < 6 for mean, shade in zip(sorted(means), shades[::10], strict=True))
    assert len(load_dataset(str(tmp_path), size=8).train.images) == 9, "two a second of five seconds, one held out"


def test_videos_in_folders_are_of_their_folders_class(tmp_path: Path) -> None:
    import imageio_ffmpeg

    for name in ("run/0.mp4", "run/1.mp4", "walk/0.mp4", "walk/0.avi"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        writer = imageio_ffmpeg.write_frames(str(tmp_path / name), (32, 32), fps=10)
        writer.send(None)
        for i in range(12):
            writer.send(np.full((32, 32, 3), 20 * i, np.uint8).tobytes())
        writer.close()
    found = load_dataset(str(tmp_path), every=2, cache=tmp_path.parent / "cache-videos")
    assert found.train.class_names == ("run", "walk")
    assert len(found.train.images) + len(found.test.images) == 24, "no frame is lost to another of its name"


def test_heic_where_it_can_be_read_and_where_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heif = pytest.importorskip("pillow_heif", reason="pillow-heif is in the test extra")
    photos = [Image.fromarray(p).resize((64, 64), Image.Resampling.BICUBIC) for p in PICTURES[:4]]
    for i, photo in enumerate(photos):
        heif.from_pillow(photo).save(tmp_path / f"{i}.HEIC", quality=90)
    photos[0].save(tmp_path / "a.jpg")
    photos[1].save(tmp_path / "b.jpg")
    data = load_dataset(str(tmp_path))
    assert len(data.train.images) + len(data.test.images) == 6 and not data.skipped
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setattr(Image, "OPEN", {k: v for k, v in Image.OPEN.items() if k != "HEIF"})
    decode._known_formats.cache_clear()
    (tmp_path / "c.txt").write_text("so that the folder is looked at anew")
    said: list[str] = []
    without = load_dataset(str(tmp_path), progress=said.append)
    decode._known_formats.cache_clear()
    assert len(without.skipped) == 4 and "ganscope[heic]" in without.skipped[0][1]
    assert any("4 unreadable" in line and "pip install" in line for line in said)


@pytest.mark.parametrize(
    ("module", "extra", "make"),
    [
        ("pyarrow", "parquet", lambda p: (p / "a.parquet").write_bytes(b"PAR1xxxx") and p / "a.parquet"),
        ("h5py", "hdf5", lambda p: (p / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\nxxxx") and p / "a.h5"),
        ("lmdb", "lmdb", lambda p: (p / "data.mdb").write_bytes(b"xxxx") and p),
        ("huggingface_hub", "hub", lambda p: "hf://owner/name"),
        ("pydicom", "dicom", lambda p: (p / "a.dcm").write_bytes(bytes(128) + b"DICM" + bytes(64)) and p),
        ("scipy", "", lambda p: (p / "a.mat").write_bytes(b"MATLAB 5.0" + bytes(200)) and p / "a.mat"),
        ("imageio_ffmpeg", "", lambda p: (p / "a.mp4").write_bytes(bytes(64)) and p / "a.mp4"),
    ],
)
def test_a_package_that_is_absent_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module: str, extra: str,
    make: Any,
) -> None:  # fmt: skip
    """What to install, and the extra that brings it where the package is not one of the base."""
    data = make(tmp_path)
    for name in [module, *(name for name in sys.modules if name.startswith(f"{module}."))]:
        monkeypatch.setitem(sys.modules, name, None)
    outside = tmp_path.parent / f"{module}-out"
    for command in (["check", "--sheet", str(outside / "sheet.png")], ["train", "--runs", str(outside)]):
        assert main([*command, str(data)]) == 2
        said = " ".join(capsys.readouterr().err.split())
        package = module.replace("imageio_ffmpeg", "imageio-ffmpeg")
        assert "pip install" in said and package in said and "Traceback" not in said
        assert not extra or f"ganscope[{extra}]" in said


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.h5", "a.mat", "a.mp4", "a.npz", "a.npy", "a.csv"])
def test_damaged_containers_are_one_clear_error(tmp_path: Path, name: str) -> None:
    magic = {"a.parquet": b"PAR1", "a.arrow": b"ARROW1", "a.h5": b"\x89HDF\r\n\x1a\n", "a.mat": b"MATLAB 5.0",
             "a.npz": b"PK\x03\x04", "a.npy": b"\x93NUMPY"}  # fmt: skip
    (tmp_path / name).write_bytes(magic.get(name, b"") + bytes(range(256)) * 4)
    with pytest.raises(DataError):
        load_dataset(str(tmp_path / name))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that answers as the Hub does, for a data set of two files."""
    pytest.importorskip("huggingface_hub", reason="huggingface_hub is in the test extra")
    sha = "a" * 40
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for i in range(24):
            archive.writestr(f"{'ab'[i % 2]}/{i}.png", png(i))
    files = {"README.md": b"# pictures", "data/images.zip": packed.getvalue()}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if "/api/datasets/" in self.path:
                siblings = [{"rfilename": name} for name in files]
                body = json.dumps({"id": "o/n", "sha": sha, "siblings": siblings, "private": False}).encode()
                tree = [{"type": "file", "path": name, "size": len(c), "oid": "0"} for name, c in files.items()]
                body = json.dumps(tree).encode() if "/tree/" in self.path else body
                self.answer(body, {"Content-Type": "application/json"})
            else:
                name = self.path.split("/resolve/")[1].split("/", 1)[1].split("?")[0]
                self.answer(files[name], {"ETag": f'"{abs(hash(name)):x}"', "X-Repo-Commit": sha})

        do_HEAD = do_GET  # noqa: N815

        def answer(self, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(200)
            for key, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HF_ENDPOINT", address)
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    yield address
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.filterwarnings("ignore")
def test_a_data_set_of_the_hub(hub: str, tmp_path: Path) -> None:
    found = check("hf://owner/name", cache=tmp_path)
    assert label_of(found, 1) == "b"
    with pytest.raises(DataError, match="names no data set"):
        load_dataset("hf://nothing", cache=tmp_path)
