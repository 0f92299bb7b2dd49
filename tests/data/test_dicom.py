"""DICOM pictures: windowed where the file says how, else by the range of the whole set."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from ganscope.data.decode import decode
from ganscope.data.load import load_dataset

pydicom = pytest.importorskip("pydicom", reason="pydicom is in the test extra")


def dicom(pixels: np.ndarray, **fields: object) -> bytes:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.2")
    meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    found = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    found.Rows, found.Columns = pixels.shape
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.BitsAllocated, found.BitsStored, found.HighBit, found.PixelRepresentation = 16, 16, 15, 1
    found.PixelData = pixels.astype("<i2").tobytes()
    for name, value in fields.items():
        setattr(found, name, value)
    out = BytesIO()
    pydicom.dcmwrite(out, found, enforce_file_format=True)
    return out.getvalue()


def test_a_window_is_applied() -> None:
    pixels = np.linspace(-1000, 1000, 64).reshape(8, 8).round()
    content = dicom(pixels, WindowCenter=40, WindowWidth=400, RescaleSlope=1, RescaleIntercept=0)
    expected = np.clip((pixels + 160) * 255 / 400, 0, 255)
    assert np.abs(decode(content, size=8, channels=1)[0] - expected).max() <= 1
    inverted = dicom(pixels, WindowCenter=40, WindowWidth=400, PhotometricInterpretation="MONOCHROME1")
    assert np.abs(decode(inverted, size=8, channels=1)[0] - (255 - expected)).max() <= 1


def test_without_a_window_one_scale_serves_the_set(tmp_path: Path) -> None:
    for name, top in (("a.dcm", 3000), ("b.dcm", 1500)):
        pixels = np.linspace(0, top, 64).reshape(8, 8).round()
        (tmp_path / name).write_bytes(dicom(pixels, RescaleSlope=1, RescaleIntercept=0))
    data = load_dataset(str(tmp_path))
    assert sorted(int(part.images.max()) for part in (data.train, data.test)) == [128, 255]
