"""Archives of arrays."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np

from ganscope.data.load import load_dataset

PIXELS = np.random.default_rng(0).integers(0, 255, (30, 8, 8, 3)).astype(np.uint8)
LABELS = np.arange(30) % 3


def test_an_archive_of_arrays_is_unpacked_once_and_nothing_climbs_out(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, images=PIXELS, labels=LABELS)
    with tarfile.open(tmp_path / "set.tar.gz", "w:gz") as archive:
        for name in ("set/data.npz", "../out.npz", "/abs.npz"):
            member = tarfile.TarInfo(name)
            member.size = len(buffer.getvalue())
            archive.addfile(member, io.BytesIO(buffer.getvalue()))
    cache = tmp_path / "in" / "cache"
    found = load_dataset(str(tmp_path / "set.tar.gz"), cache=cache)
    assert len(found.train.images) + len(found.test.images) == 30 and found.train.class_names == ("0", "1", "2")
    assert [path.name for path in tmp_path.rglob("*.npz")] == ["data.npz"] and not Path("/abs.npz").exists()
