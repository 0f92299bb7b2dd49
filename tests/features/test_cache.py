"""The cache of feature spaces: used, made anew where damaged, never executed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fixtures.parts import Part, unlabelled
from ganscope.features import cache, spaces
from ganscope.features.spaces import FEATURE_SPACES, feature_space
from ganscope.progress import Say


def test_the_cache_is_used_and_a_damaged_file_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = unlabelled()
    made = []

    def make(train: spaces.Images, progress: Say) -> torch.nn.Module:
        made.append(1)
        return spaces._make_pca(train, progress)

    monkeypatch.setitem(FEATURE_SPACES, "pca", spaces.Maker(make, "test-recipe"))
    first = feature_space(part, part, tmp_path, name="pca")
    second = feature_space(part, part, tmp_path, name="pca")
    assert len(made) == 1
    assert first.version == second.version
    np.testing.assert_array_equal(first(part.images), second(part.images))
    (path,) = (tmp_path / "features").iterdir()
    path.write_bytes(path.read_bytes()[:100])
    third = feature_space(part, part, tmp_path, name="pca")
    assert len(made) == 2
    assert third.version == first.version
    assert [found.name for found in (tmp_path / "features").iterdir()] == [path.name]
    other = Part(part.images[::2], None, (), "other content")
    assert feature_space(other, other, tmp_path, name="pca").version != first.version


def test_a_cache_file_cannot_run_code(tmp_path: Path) -> None:
    part = unlabelled()
    feature_space(part, part, tmp_path, name="pca")
    (path,) = (tmp_path / "features").iterdir()
    marker = tmp_path / "executed"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (marker,)  # type: ignore[return-value]

    torch.save({"format": cache.FORMAT, "state": Evil()}, path)
    feature_space(part, part, tmp_path, name="pca")
    assert not marker.exists()
