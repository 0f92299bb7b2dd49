"""A trained generator: load it, sample it, walk through its latent space."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ganscope.config import Plan
from ganscope.device import choose_backend
from ganscope.networks import NETWORKS
from ganscope.runs import Run
from ganscope.training import generate, latents, read_generator


class LoadedGenerator:
    """A generator of a run, ready to sample."""

    def __init__(self, run: Run, images_seen: int) -> None:
        self.run, self.images_seen = run, images_seen
        self.config: Plan = run.config()
        self._backend = choose_backend(
            device="cpu", precision="float32", convolutional=NETWORKS[self.config.network].convolutional
        )
        self._g = read_generator(self.config, run.generator_path(images_seen), self._backend)

    @property
    def g(self) -> torch.nn.Module:
        """The network, in evaluation mode on the CPU: `(N, Z) float32` → `(N, C, H, W) float32`, about [-1, 1]."""
        return self._g

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """`(n, C, H, W) uint8` images; image `i` depends on `seed` and `i` alone."""
        z = torch.cat([self.latents(min(256, n - start), seed, start) for start in range(0, n, 256)])
        return self.decode(z)

    def latents(self, count: int, seed: int = 0, position: int = 0) -> torch.Tensor:
        """`(count, Z) float32` latents of the run's distribution."""
        full = latents(self.config, 256, f"sample {seed}", position)
        return full[:count]

    def decode(self, z: torch.Tensor) -> np.ndarray:
        """`(N, Z) float32` latents → `(N, C, H, W) uint8` images."""
        return generate(self._g, z, self._backend)

    def walk(self, *, stops: int = 8, steps: int = 24, lanes: int = 1, seed: int = 0) -> np.ndarray:
        """Images along closed great-circle paths through `stops` random latents.

        Returns `(stops·steps, lanes, C, H, W) uint8`. Normal latents are joined on the sphere (White 2016), so that
        every point between has a likely norm; uniform ones by straight lines.
        """
        anchors = torch.stack([self.latents(stops, seed, 1000 * (lane + 1)) for lane in range(lanes)], dim=1)
        path = []
        for stop in range(stops):
            start, end = anchors[stop], anchors[(stop + 1) % stops]
            path += [self._between(start, end, step / steps) for step in range(steps)]
        images = self.decode(torch.cat(path))
        return images.reshape(stops * steps, lanes, *images.shape[1:])

    def _between(self, start: torch.Tensor, end: torch.Tensor, t: float) -> torch.Tensor:
        if self.config.latent == "uniform":
            return torch.lerp(start, end, t)
        cosine = torch.nn.functional.cosine_similarity(start, end, dim=1).clamp(-0.9999, 0.9999)
        angle = torch.arccos(cosine)[:, None]
        return (torch.sin((1 - t) * angle) * start + torch.sin(t * angle) * end) / torch.sin(angle)


def load_generator(path: Path | str, snapshot: str | int = "best") -> LoadedGenerator:
    """The generator of a run: its `"best"` snapshot (the last where none was measured), its `"last"`, or the kept one
    nearest to so many images seen.

    Raises:
        RunError: no run there, no generator in it, or the file is damaged.
    """
    run = Run.open(path)
    return LoadedGenerator(run, run.choose_generator(snapshot))
