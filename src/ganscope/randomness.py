"""Random number generators. Everything random is a function of `(seed, purpose, images_seen)`."""

from __future__ import annotations

import hashlib

import torch


def rng(seed: int, purpose: str, position: int = 0, device: torch.device | str = "cpu") -> torch.Generator:
    """A fresh random generator that is a function of its arguments alone, so that resuming needs no stored state."""
    digest = hashlib.blake2b(f"{seed}/{purpose}/{position}".encode(), digest_size=8).digest()
    made = torch.Generator(device=device)
    made.manual_seed(int.from_bytes(digest, "little") >> 1)
    return made
