"""One DICOM file as a picture: its own window where it states one, else its values as they are.

Read by `pydicom`, which is optional. The first frame of several is taken.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from ganscope.errors import DataError

MAX_PIXELS = 89_478_485


def is_dicom(source: bytes | Path) -> bool:
    """By the mark after the preamble; only files of its suffix, or of none, are looked into."""
    if isinstance(source, bytes):
        return source[128:132] == b"DICM"
    if source.suffix.lower() not in (".dcm", ".dicom", ""):
        return False
    with source.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def read_dicom(source: bytes | Path) -> Image.Image:
    """Mode L where the file states a window, RGB where it has colour, else F. Raises `DataError`."""
    try:
        import pydicom
    except ImportError as error:
        raise DataError("DICOM needs the package pydicom: pip install pydicom (or 'ganscope[dicom]')") from error
    found = pydicom.dcmread(BytesIO(source) if isinstance(source, bytes) else source)
    if int(found.get("Rows", 0)) * int(found.get("Columns", 0)) > MAX_PIXELS:
        raise DataError(f"decompression bomb: {found.Rows} × {found.Columns} pixels (limit {MAX_PIXELS:,})")
    pixels = np.asarray(found.pixel_array)
    colour = int(found.get("SamplesPerPixel", 1)) == 3
    while pixels.ndim > (3 if colour else 2):
        pixels = pixels[0]
    if colour:
        picture = Image.fromarray(pixels.astype(np.uint8))
    else:
        values = pixels * float(found.get("RescaleSlope", 1)) + float(found.get("RescaleIntercept", 0))
        picture = _windowed(values.astype(np.float32), found.get("WindowCenter"), found.get("WindowWidth"))
        if found.get("PhotometricInterpretation") == "MONOCHROME1":  # the lowest value is white
            inverted = np.asarray(picture)
            picture = Image.fromarray(255 - inverted if picture.mode == "L" else -inverted)
    picture.format = "DICOM"
    return picture


def _windowed(values: np.ndarray, centre: object, width: object) -> Image.Image:
    """The window's range as 0 to 255, in mode L; without one the values, in mode F."""
    first = [
        part[0] if isinstance(part, list | tuple) or hasattr(part, "__getitem__") else part for part in (centre, width)
    ]
    if first[0] is None or first[1] is None or float(str(first[1])) <= 0:
        return Image.fromarray(values)
    middle, span = float(str(first[0])), float(str(first[1]))
    grey = np.rint(np.clip((values - (middle - span / 2)) * (255 / span), 0, 255)).astype(np.uint8)
    return Image.fromarray(grey)
