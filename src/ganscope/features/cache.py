"""Fitted feature spaces and features on disk, under the content of the data."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganscope.errors import RunError
from ganscope.features.space import BATCH, Describer
from ganscope.files import atomic

FORMAT = "ganscope-features-1"


def recalled(space: Describer, images: np.ndarray, *, cache: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """`space.describe(images)` of real images, kept in the cache under their content for every later run."""
    digest = hashlib.blake2b(f"{FORMAT}/{space.name}/{space.version}/{images.shape}".encode(), digest_size=8)
    for start in range(0, len(images), BATCH):
        digest.update(images[start : start + BATCH].tobytes())
    path = cache / "features" / f"reals-{digest.hexdigest()}.pt"
    saved = load_saved(path)
    if saved is not None and isinstance(saved.get("features"), Tensor) and len(saved["features"]) == len(images):
        found = saved.get("probabilities")
        return saved["features"].numpy(), None if found is None else found.numpy()
    features, probabilities = space.describe(images)
    kept = None if probabilities is None else torch.from_numpy(probabilities)
    store_saved(path, {"format": FORMAT, "features": torch.from_numpy(features), "probabilities": kept})
    return features, probabilities


def fingerprint(state: dict[str, Tensor]) -> str:
    """8 hex digits of the weights."""
    digest = hashlib.blake2b(digest_size=4)
    for key in sorted(state):
        digest.update(key.encode())
        digest.update(state[key].contiguous().numpy().tobytes())
    return digest.hexdigest()


# ---- the cache -------------------------------------------------------------------------------------------------------
def load_saved(path: Path) -> dict[str, Any] | None:
    """What a cache file holds; None where it is missing, damaged or foreign, so that it is made anew."""
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # torch raises many kinds for a damaged file
        return None
    return saved if isinstance(saved, dict) and saved.get("format") == FORMAT else None


def store_saved(path: Path, saved: dict[str, Any]) -> None:
    """Write the whole file or none; a cache that cannot be written costs time only."""
    with contextlib.suppress(RunError), atomic(path) as file:
        torch.save(saved, file)
