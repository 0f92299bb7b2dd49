"""The layouts of an exported data set, each written from the staged images and the table, one image at a time.

Every PNG carries the IPTC mark of synthetic media in its XMP packet: `DigitalSourceType` trainedAlgorithmicMedia.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from ganscope.files import atomic
from ganscope.version import VERSION

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}"/></rdf:RDF></x:xmpmeta>'
)
BLOCK_BYTES = 2**24  # copied at a time
Pairs = Iterator[tuple[dict[str, str], np.ndarray]]


def png(image: np.ndarray) -> bytes:
    """A `(C, H, W) uint8` image as a PNG that says it was generated."""
    note = PngImagePlugin.PngInfo()
    note.add_itxt("XML:com.adobe.xmp", XMP)
    note.add_text("Software", f"ganscope {VERSION}")
    pixels = image[0] if image.shape[0] == 1 else image.transpose(1, 2, 0)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG", pnginfo=note)
    return file.getvalue()


def folder_of(name: str) -> str:
    """The name of a class as one folder, on every system."""
    return re.sub(r"[^\w.-]+", "_", name).strip("._") or "class"


def folders_path(row: dict[str, str], number: int) -> str:
    """`CLASS/00000012.png`; without classes `images/00000012.png`."""
    return f"{folder_of(row['label']) if row['label'] else 'images'}/{number:08d}.png"


def flat_path(row: dict[str, str], number: int) -> str:
    """`images/00000012.png`."""
    return f"images/{number:08d}.png"


def zip_path(row: dict[str, str], number: int) -> str:
    """`00000/img00000012.png`, as StyleGAN's data sets have it."""
    return f"{number // 1000:05d}/img{number:08d}.png"


def array_path(row: dict[str, str], number: int) -> str:
    """The place in the array."""
    return str(number)


def write_pngs(out: Path, pairs: Pairs, shape: tuple[int, ...], count: int) -> list[Path]:
    """One PNG an image, where the table says."""
    for row, image in pairs:
        path = out / row["file_name"]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png(image))
    return [out]


def write_npz(out: Path, pairs: Pairs, shape: tuple[int, ...], count: int) -> list[Path]:
    """`dataset.npz`: `images (N, C, H, W) uint8`, `labels (N,) int64` (-1 without), `class_names`, `source_type`."""
    path, labels = out / "dataset.npz", np.full(count, -1, np.int64)
    names: list[str] = []
    with atomic(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        with archive.open("images.npy", "w", force_zip64=True) as inside:
            header = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
            np.lib.format.write_array_header_1_0(inside, header)
            for number, (row, image) in enumerate(pairs):
                inside.write(np.ascontiguousarray(image).tobytes())
                if row["label"]:
                    known = names.index(row["label"]) if row["label"] in names else len(names)
                    names += [row["label"]] if known == len(names) else []
                    labels[number] = known
        order = np.argsort(np.array(names)) if names else np.zeros(0, int)
        place = np.empty(len(names), np.int64)
        place[order] = np.arange(len(names))
        sorted_labels = np.where(labels >= 0, place[labels] if names else labels, -1)
        class_names = np.array(names, dtype=str)[order]
        arrays = {"labels": sorted_labels, "class_names": class_names, "source_type": np.array(SOURCE_TYPE)}
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as inside:
                np.lib.format.write_array(inside, array, allow_pickle=False)
    return [path]


def write_zip(out: Path, pairs: Pairs, shape: tuple[int, ...], count: int) -> list[Path]:
    """`dataset.zip` with `dataset.json`, as StyleGAN's `dataset_tool.py` writes it."""
    path, listed = out / "dataset.zip", []
    with atomic(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for row, image in pairs:
            archive.writestr(zipfile.ZipInfo(row["file_name"]), png(image))
            listed.append([row["file_name"], row["label"]])
        names = sorted({str(label) for _, label in listed if label})
        numbers = [[name, names.index(str(label))] for name, label in listed] if names else None
        about = {"labels": numbers, "class_names": names, "source_type": SOURCE_TYPE}
        archive.writestr(zipfile.ZipInfo("dataset.json"), json.dumps(about))
    return [path]


Writer = Callable[[Path, Pairs, tuple[int, ...], int], list[Path]]
# Where an image lies, and what writes them all.
LAYOUTS: dict[str, tuple[Callable[[dict[str, str], int], str], Writer]] = {
    "folders": (folders_path, write_pngs),
    "csv": (flat_path, write_pngs),
    "npz": (array_path, write_npz),
    "stylegan-zip": (zip_path, write_zip),
}


def staged(table: Path, images: Path, shape: tuple[int, ...]) -> Pairs:
    """Each row of the table with its image `(C, H, W) uint8`, in order."""
    size = int(np.prod(shape))
    at_once = max(1, BLOCK_BYTES // size)
    with table.open(encoding="utf-8", newline="") as rows, images.open("rb") as pixels:
        block, place = np.empty((0, *shape), np.uint8), 0
        for row in csv.DictReader(rows):
            if place == len(block):
                block, place = np.frombuffer(pixels.read(at_once * size), np.uint8).reshape(-1, *shape), 0
            yield row, block[place]
            place += 1
