"""The survey: what the headers say, and what cannot be looked at."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganscope.data.folder import ImageFiles
from ganscope.data.survey import survey


def test_a_file_that_may_not_be_looked_at_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root every file may be: the system's refusal is put in its place."""
    for name in ("a.png", "b.png"):
        Image.fromarray(np.random.default_rng(len(name)).integers(0, 256, (8, 8), np.uint8)).save(tmp_path / name)
    stat = Path.stat

    def refused(path: Path, **options: Any) -> os.stat_result:
        if path.name == "a.png":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", refused)
    found = survey(ImageFiles(tmp_path))
    assert list(found.headers) == ["b.png"] and "looked at" in found.unreadable["a.png"]
