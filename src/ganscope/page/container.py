"""GLV1, the container in which the page receives everything: arrays to bytes, and bytes to arrays.

One container is one HTTP body when the page is live, and one base64 text in the HTML file; both hold the same bytes.

    b"GLV1" | u32 little-endian: length of the header | header: JSON in UTF-8, padded | sections, each 8-byte aligned

The header is `{"meta": {…}, "sections": [{"name", "dtype", "shape", "enc", "off", "len"}]}`; `off` counts from the
start of the container. `enc` is `raw`, or `planar+gzip`: first the low byte of every element, then the second byte of
every element, and so on, then gzip (the slowly changing high bytes lie together, so they pack better). Equal input
gives equal bytes: no clock, no file name.

Positions are stored as `u16` in a `Frame`; what lies outside the frame is clipped to its border.
"""

from __future__ import annotations

import gzip
import json
import math
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"GLV1"
DTYPES = {"u8": np.uint8, "u16": np.uint16, "u32": np.uint32, "i32": np.int32, "f32": np.float32, "f64": np.float64}
_NAMES = {np.dtype(kind): name for name, kind in DTYPES.items()}
_ALIGN = 8
_SMALL = 64  # bytes; below this gzip only adds

Section = NDArray[Any] | bytes


def encode(meta: Mapping[str, Any], sections: Mapping[str, Section] | None = None) -> bytes:
    """`meta` (JSON values; a number that is not finite becomes null) and named `sections` as one container.

    An array section keeps dtype and shape; a `bytes` section (an image) is stored as it is.
    """
    entries: list[dict[str, Any]] = []
    bodies: list[bytes] = []
    for name, section in (sections or {}).items():
        entry, body = _pack(name, section)
        entries.append(entry)
        bodies.append(body)
    header = _header(meta, entries, bodies)
    out = bytearray(MAGIC + struct.pack("<I", len(header)) + header)
    for entry, body in zip(entries, bodies, strict=True):
        out.extend(b"\0" * (entry["off"] - len(out)))
        out.extend(body)
    return bytes(out)


def decode(blob: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any] | bytes]]:
    """The `meta` and the sections of a container; raises ValueError where it is cut short or not a container."""
    if len(blob) < 8 or blob[:4] != MAGIC:
        raise ValueError(f"not a GLV1 container: it starts with {blob[:4]!r}")
    (length,) = struct.unpack("<I", blob[4:8])
    if 8 + length > len(blob):
        raise ValueError(f"the container is cut short: header of {length} bytes, {len(blob)} bytes in all")
    header = json.loads(blob[8 : 8 + length])
    sections: dict[str, NDArray[Any] | bytes] = {}
    for entry in header["sections"]:
        stop = entry["off"] + entry["len"]
        if stop > len(blob):
            raise ValueError(f"the container is cut short in {entry['name']!r}: {len(blob)} of {stop} bytes")
        sections[entry["name"]] = _unpack(entry, blob[entry["off"] : stop])
    return header["meta"], sections


def _pack(name: str, section: Section) -> tuple[dict[str, Any], bytes]:
    if isinstance(section, bytes):
        return {"name": name, "dtype": "u8", "shape": [len(section)], "enc": "raw"}, section
    dtype = section.dtype.newbyteorder("=")
    if dtype not in _NAMES:
        raise ValueError(f"section {name!r}: {section.dtype} cannot be stored, only {', '.join(DTYPES)}")
    entry = {"name": name, "dtype": _NAMES[dtype], "shape": list(section.shape)}
    little = np.ascontiguousarray(section, dtype=dtype.newbyteorder("<"))
    plain = little.tobytes()
    if len(plain) < _SMALL:
        return {**entry, "enc": "raw"}, plain
    planes = np.frombuffer(plain, np.uint8).reshape(-1, dtype.itemsize).T
    packed = gzip.compress(planes.tobytes(), compresslevel=9, mtime=0)
    return {**entry, "enc": "planar+gzip"}, packed


def _unpack(entry: Mapping[str, Any], body: bytes) -> NDArray[Any] | bytes:
    dtype = np.dtype(DTYPES[entry["dtype"]]).newbyteorder("<")
    if entry["enc"] == "planar+gzip":
        planes = np.frombuffer(gzip.decompress(body), np.uint8).reshape(dtype.itemsize, -1)
        body = np.ascontiguousarray(planes.T).tobytes()
    elif entry["dtype"] == "u8" and len(entry["shape"]) == 1:
        return body
    return np.frombuffer(body, dtype).reshape(entry["shape"]).astype(dtype.newbyteorder("="))


def _header(meta: Mapping[str, Any], entries: list[dict[str, Any]], bodies: list[bytes]) -> bytes:
    # Offsets stand inside the header whose length they depend on: reserve room for the widest number, then fill in.
    for entry, body in zip(entries, bodies, strict=True):
        entry.update(off=10**12, len=len(body))
    reserved = _aligned(8 + len(_json(meta, entries))) - 8
    at = 8 + reserved
    for entry in entries:
        entry["off"] = at
        at = _aligned(at + entry["len"])
    return _json(meta, entries).ljust(reserved, b" ")


def _json(meta: Mapping[str, Any], entries: list[dict[str, Any]]) -> bytes:
    header = {"meta": finite(meta), "sections": entries}
    return json.dumps(header, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _aligned(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN


def finite(value: Any) -> Any:
    """`value` with every number that is not finite replaced by None: JSON in a browser has no NaN and no infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value


@dataclass(frozen=True)
class Frame:
    """The square of the map that the page can address: `x = x0 + u * scale`, `u` in 0..65535, likewise y."""

    x0: float
    y0: float
    scale: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def frame_around(xy: NDArray[np.floating[Any]], *, margin: float = 0.5) -> Frame:
    """The frame around points `xy (N, 2)`, with `margin` of the longer side added on every side.

    The margin is for fakes that are drawn off the clusters. 16 bits over twice the map's extent still resolve a third
    of a pixel at a zoom of 10 on 1,000 pixels.
    """
    good = xy[np.isfinite(xy).all(axis=1)] if len(xy) else xy
    if len(good) == 0:
        return Frame(-1.0, -1.0, 2.0 / 65535)
    low, high = good.min(axis=0).astype(float), good.max(axis=0).astype(float)
    side = max(float((high - low).max()), 1e-6)
    centre, half = (low + high) / 2, side * (0.5 + margin)
    return Frame(float(centre[0] - half), float(centre[1] - half), 2 * half / 65535)


def to_u16(xy: NDArray[np.floating[Any]], frame: Frame) -> NDArray[np.uint16]:
    """Positions `(…, 2)` as `(…, 2) uint16` in the `frame`; outside and NaN are clipped to the border."""
    units = (np.asarray(xy, np.float64) - (frame.x0, frame.y0)) / frame.scale
    return np.clip(np.rint(np.nan_to_num(units)), 0, 65535).astype(np.uint16)


def from_u16(units: NDArray[np.uint16], frame: Frame) -> NDArray[np.float64]:
    """The positions behind `to_u16`, to within half a step."""
    return units.astype(np.float64) * frame.scale + (frame.x0, frame.y0)


def share_to_u8(values: NDArray[np.floating[Any]], top: float) -> NDArray[np.uint8]:
    """Values in `[0, top]` in 255 equal steps, clipped; 255 stands for "not a number"."""
    values = np.asarray(values, np.float64)
    steps = np.clip(np.rint(np.nan_to_num(values, nan=0.0, posinf=top, neginf=0.0) * 254 / top), 0, 254)
    return np.where(np.isnan(values), 255, steps).astype(np.uint8)


def labels_to_small(labels: NDArray[Any]) -> NDArray[Any]:
    """Class indices `(N,)` with −1 for none, as the smallest unsigned type, its largest value standing for "none"."""
    kind = np.uint8 if labels.size == 0 or labels.max() < 255 else np.uint16 if labels.max() < 65535 else np.uint32
    none = np.iinfo(kind).max
    return np.where(labels < 0, none, labels).astype(kind)
