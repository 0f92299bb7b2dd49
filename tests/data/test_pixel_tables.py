"""Tables of text whose rows are images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ganscope.data.load import load_dataset

PIXELS = np.random.default_rng(0).integers(0, 255, (30, 8, 8, 3)).astype(np.uint8)


def test_all_pixels_in_one_column(tmp_path: Path) -> None:
    rows = [
        f"{i % 2},{' '.join(map(str, PIXELS[i, ..., 0].ravel()))},{'Training' if i < 20 else 'PublicTest'}"
        for i in range(30)
    ]
    (tmp_path / "fer.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]))
    found = load_dataset(str(tmp_path / "fer.csv"), cache=tmp_path / "cache")
    assert (len(found.train.images), len(found.test.images)) == (20, 10) and found.train.class_names == ("0", "1")
    assert (found.train.images[:, 0] == PIXELS[:20, ..., 0]).all()
