"""A trained generator: load it, sample it, walk through its latent space."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganscope.config import Plan
from ganscope.device import choose_backend
from ganscope.errors import ConfigError, RunError, did_you_mean
from ganscope.networks import NETWORKS
from ganscope.runs import Run
from ganscope.training import Latents, asked, generate, images_at_once, latents, read_generator


class LoadedGenerator:
    """A generator of a run, ready to sample."""

    def __init__(self, run: Run, images_seen: int, device: str = "cpu") -> None:
        self.run, self.images_seen = run, images_seen
        self.config: Plan = run.config()
        self._backend = choose_backend(
            device=device, precision="float32", convolutional=NETWORKS[self.config.network].convolutional
        )
        self._g = read_generator(self.config, run.generator_path(images_seen), self._backend)

    @property
    def g(self) -> torch.nn.Module:
        """The network in evaluation mode, on its device: `(N, Z) float32` → `(N, C, H, W) float32`, about [-1, 1]."""
        return self._g

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes that one can ask for; () of a generator that is not conditional."""
        if not self.config.num_classes:
            return ()
        names = self._facts().get("classes", [])
        known = len(names) == self.config.num_classes
        return tuple(map(str, names if known else range(self.config.num_classes)))

    def _facts(self) -> dict[str, Any]:
        """What is recorded of the data."""
        try:
            return dict(self.run.environment().get("dataset", {}))
        except RunError:
            return {}

    def class_number(self, name: str | int) -> int:
        """The number of a class by its name, or by its number where no class has that name.

        Raises:
            ConfigError: no such class, or the generator is not conditional.
        """
        names = self.class_names
        if not names:
            raise ConfigError(
                "this generator cannot be asked for a class",
                found="a training without --conditional",
                todo="train with --conditional, or leave the class out",
            )
        if str(name) in names:
            return names.index(str(name))
        if str(name).isdecimal() and int(name) < len(names):
            return int(name)
        raise ConfigError(f"there is no class {str(name)!r}", found=str(name), todo=did_you_mean(str(name), names))

    def sample(self, n: int, seed: int = 0, only: str | int | None = None) -> np.ndarray:
        """`(n, C, H, W) uint8` images; image `i` depends on `seed` and `i` alone.

        Args:
            only: the class to ask a conditional generator for, by name; None: all, as often as in its training.
        """
        z = torch.cat([self.latents(min(256, n - start), seed, start) for start in range(0, n, 256)])
        return self.decode(z, self.classes(n, seed, only))

    def classes(self, n: int, seed: int = 0, only: str | int | None = None) -> torch.Tensor | None:
        """The classes `(n,) int64` of the first `n` samples; None of a generator that is not conditional.

        Raises:
            ConfigError: `only` names no class.
        """
        if only is not None:
            return torch.full((n,), self.class_number(only))
        if not self.config.num_classes:
            return None
        parts = [asked(self.config, 256, f"sample {seed}", start).labels for start in range(0, n, 256)]
        return torch.cat([part for part in parts if part is not None])[:n]

    def by_class(self, columns: int, seed: int = 0) -> np.ndarray:
        """The same `columns` latents in every class, `(K, columns, C, H, W) uint8`: what the class alone changes."""
        self.class_number(0)
        count = len(self.class_names)
        z = torch.cat([self.latents(min(256, columns - start), seed, start) for start in range(0, columns, 256)])
        images = self.decode(z.repeat(count, 1), torch.arange(count).repeat_interleave(columns))
        return images.reshape(count, columns, *images.shape[1:])

    def latents(self, count: int, seed: int = 0, position: int = 0) -> torch.Tensor:
        """`(count, Z) float32` latents of the run's distribution."""
        full = latents(self.config, 256, f"sample {seed}", position)
        return full[:count]

    def decode(self, z: torch.Tensor, labels: torch.Tensor | None = None) -> np.ndarray:
        """`(N, Z) float32` latents, of a conditional generator with classes `(N,)` → `(N, C, H, W) uint8` images."""
        return generate(self._g, Latents(z, labels), self._backend, images_at_once(self.config))

    def walk(
        self, *, stops: int = 8, steps: int = 24, lanes: int = 1, seed: int = 0, only: str | int | None = None
    ) -> np.ndarray:
        """Images along closed great-circle paths through `stops` random latents.

        Returns `(stops·steps, lanes, C, H, W) uint8`. Normal latents are joined on the sphere (White 2016), so that
        every point between has a likely norm; uniform ones by straight lines. A lane of a conditional generator stays
        in its class: `only`, or one after the other.
        """
        anchors = torch.stack([self.latents(stops, seed, 1000 * (lane + 1)) for lane in range(lanes)], dim=1)
        path = []
        for stop in range(stops):
            start, end = anchors[stop], anchors[(stop + 1) % stops]
            path += [self._between(start, end, step / steps) for step in range(steps)]
        labels = None
        if self.class_names:
            first = torch.arange(lanes) % len(self.class_names)
            labels = (first if only is None else torch.full((lanes,), self.class_number(only))).repeat(stops * steps)
        images = self.decode(torch.cat(path), labels)
        return images.reshape(stops * steps, lanes, *images.shape[1:])

    def _between(self, start: torch.Tensor, end: torch.Tensor, t: float) -> torch.Tensor:
        if self.config.latent == "uniform":
            return torch.lerp(start, end, t)
        cosine = torch.nn.functional.cosine_similarity(start, end, dim=1).clamp(-0.9999, 0.9999)
        angle = torch.arccos(cosine)[:, None]
        return (torch.sin((1 - t) * angle) * start + torch.sin(t * angle) * end) / torch.sin(angle)


def load_generator(path: Path | str, snapshot: str | int = "best", device: str = "cpu") -> LoadedGenerator:
    """The generator of a run: its `"best"` snapshot (the last where none was measured), its `"last"`, or the kept one
    nearest to so many images seen.

    Raises:
        RunError: no run there, no generator in it, or the file is damaged. ConfigError: no such device.
    """
    run = Run.open(path)
    return LoadedGenerator(run, run.choose_generator(snapshot), device)
