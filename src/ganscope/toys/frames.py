"""A toy's training beside its theory: what D learned and what it should have, frame by frame, as a film.

Legend: N points, d dimensions (1 or 2), M fakes, B cells of a field a side. Every frame is one file in a folder, so
that a film is whole however often its training was interrupted. p_g, the density of the generator, has no formula: it
is a Gaussian kernel estimate from M samples, and p_data is blurred by the same kernel wherever the two are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganscope.drawing import write_gif, write_mp4
from ganscope.errors import RunError
from ganscope.files import atomic
from ganscope.runs import read_arrays
from ganscope.toys import distributions, theory
from ganscope.toys.distributions import Toy
from ganscope.toys.figure import Frame, Scene, Stage
from ganscope.training import OBJECTIVES, Targets
from ganscope.training import value as game_value

Network = Callable[[Tensor], Tensor]

FIELD_CELLS = {1: 400, 2: 96}  # where D is drawn
DENSITY_CELLS_MIN, DENSITY_CELLS_MAX = 96, 256  # where densities are compared in the plane
DRAWN_FAKES = 600
DARTS = 90
NUM_SCORED = 10_000  # M of a run
HOLD_SECONDS = 1.5  # the last frame stays


def save_frame(frame: Frame, path: Path) -> None:
    """Write a frame as one file, whole or not at all."""
    with atomic(path) as file:
        np.savez(file, **{field.name: getattr(frame, field.name) for field in fields(Frame)})


def load_frame(path: Path) -> Frame:
    """Read what `save_frame` wrote.

    Raises:
        RunError: there is no such frame, or it is damaged.
    """
    stored, names = read_arrays(path), {field.name for field in fields(Frame)}
    if stored is None or not names <= stored.keys():
        raise RunError(f"{path} is no frame of a toy", found="a missing or damaged file", todo="train the toy again")
    return Frame(**{name: stored[name] for name in names})


class FrameMaker:
    """Turns a generator and a discriminator into frames in `folder`, and the frames into a film.

    `latents (M, Z)` are the fixed latents of the run; `objective` says what pushes the fakes and whether D's scores
    need the constant that a relativistic loss leaves open: one in each of the `classes` of points `(N, d)`, where pairs
    share a class.
    """

    def __init__(
        self, toy: Toy, folder: Path, latents: Tensor, objective: str = "non-saturating",
        classes: Callable[[Tensor], Tensor] | None = None,
    ) -> None:  # fmt: skip
        self.toy, self.folder, self.latents, self.classes = toy, folder, latents, classes
        self.objective = OBJECTIVES[objective]

    # what does not change during the training

    @cached_property
    def cells(self) -> int:
        """Cells a side of the density grid: about one a σ in the plane."""
        if self.toy.dim == 1:
            return 512
        wanted = round((self.toy.limits[1] - self.toy.limits[0]) / self.toy.sigma)
        return min(DENSITY_CELLS_MAX, max(DENSITY_CELLS_MIN, wanted))

    @cached_property
    def bandwidth(self) -> float:
        """The kernel's standard deviation: 0.3 σ on a line, 0.5 σ in the plane, and at least one cell."""
        cell = (self.toy.limits[1] - self.toy.limits[0]) / self.cells
        return max((0.3 if self.toy.dim == 1 else 0.5) * self.toy.sigma, cell)

    @cached_property
    def quadrature(self) -> tuple[np.ndarray, np.ndarray]:
        return theory.quadrature(*self.toy.limits, self.cells, self.toy.dim)

    @cached_property
    def log_p_data(self) -> np.ndarray:
        """The data's log-density, blurred by the kernel, on the density grid."""
        return self.toy.log_density(self.quadrature[0], self.bandwidth)

    @cached_property
    def reals(self) -> np.ndarray:
        """As many real points as fakes, always the same."""
        return self.toy.sample(len(self.latents), 1)

    @cached_property
    def jsd_floor(self) -> float:
        """What a perfect sampler of M points measures instead of 0."""
        return self.divergence(self.toy.sample(len(self.latents), 2))[1]

    @cached_property
    def field_points(self) -> Tensor:
        points, _ = theory.quadrature(*self.toy.limits, FIELD_CELLS[self.toy.dim], self.toy.dim)
        return torch.from_numpy(points.astype(np.float32))

    # one moment

    def divergence(self, fakes: np.ndarray) -> tuple[np.ndarray, float]:
        """The log of the estimated p_g on the density grid, and its Jensen-Shannon divergence from p_data."""
        low, high = self.toy.limits
        weights = self.quadrature[1]
        p_g = theory.kernel_density(fakes, low, high, self.cells, self.bandwidth)
        with np.errstate(divide="ignore"):
            log_p_g = np.log(p_g)
        # Fakes outside the picture meet no real ones: each adds half of log 2.
        outside = max(0.0, 1.0 - float(np.sum(weights * p_g)))
        return log_p_g, theory.jensen_shannon(self.log_p_data, log_p_g, weights) + 0.5 * outside * np.log(2.0)

    def record(self, images_seen: int, g: Network, d: Network) -> Frame:
        """The frame of this moment, also saved. `g` maps `(M, Z)` to `(M, d)`, `d` maps `(N, d)` to logits `(N,)`."""
        with torch.no_grad():
            fakes = g(self.latents).float().cpu()
            real_logits = d(torch.from_numpy(self.reals)).double().numpy()
            fake_logits = d(fakes).double().numpy()
            field_logits = d(self.field_points).double().numpy()
        if self.objective.needs_real_in_g:
            self._complete(fakes, real_logits, fake_logits, field_logits)
        log_p_g, jsd = self.divergence(fakes.numpy())
        scores = distributions.score(self.toy, fakes.numpy())
        value = game_value(torch.from_numpy(real_logits), torch.from_numpy(fake_logits))
        frame = Frame(
            images_seen=np.array(images_seen),
            fakes=fakes.numpy()[:DRAWN_FAKES],
            pushes=self.pushes(d, fakes[:DARTS]),
            d_field=(1.0 / (1.0 + np.exp(-field_logits))).astype(np.float32),
            d_best=theory.optimal_discriminator(self.log_p_data, log_p_g).astype(np.float32),
            p_g=np.exp(log_p_g).astype(np.float32),
            value=np.array(float(value)),
            best_value=np.array(2.0 * jsd - theory.LOG_4),
            jsd=np.array(jsd),
            jsd_floor=np.array(self.jsd_floor),
            modes=np.array(scores.modes),
            high_quality=np.array(scores.high_quality),
            reverse_kl=np.array(scores.reverse_kl),
            spread=np.array(scores.spread),
        )
        save_frame(frame, self.folder / f"{images_seen:09d}.npz")
        return frame

    def _complete(self, fakes: Tensor, real: np.ndarray, fake: np.ndarray, field: np.ndarray) -> None:
        """Add the open constants to D's logits of the reals, the fakes and the field, in place."""
        places = (torch.from_numpy(self.reals), fakes, self.field_points)
        of_real, of_fake, of_field = (
            np.zeros(len(at), np.int64) if self.classes is None else self.classes(at).numpy() for at in places
        )
        for kind in np.intersect1d(of_real, of_fake):
            mine = of_real == kind, of_fake == kind, of_field == kind
            shift = theory.best_shift(real[mine[0]], fake[mine[1]])
            for logits, chosen in zip((real, fake, field), mine, strict=True):
                logits[chosen] += shift

    def pushes(self, d: Network, fakes: Tensor) -> np.ndarray:
        """Minus the gradient of G's loss by each fake `(N, d)`, as if it were alone: `(N, d) float32`."""
        points = fakes.detach().clone().requires_grad_(True)
        with torch.enable_grad():
            real_logits = d(torch.from_numpy(self.reals[: len(points)])).detach()
            loss = self.objective.g_loss(d(points), real_logits, Targets())
            (gradient,) = torch.autograd.grad(loss, points)
        return (-len(points) * gradient).numpy()

    # the pictures

    def frames(self) -> list[Frame]:
        """All frames of the folder in the order of the training."""
        return [load_frame(path) for path in sorted(self.folder.glob("[0-9]*.npz"))]

    @cached_property
    def scene(self) -> Scene:
        """What all pictures share."""
        return Scene(
            title=f"{self.toy.name}: {self.toy.doc}",
            limits=self.toy.limits,
            reals=self.reals,
            p_data=self.toy.density(self.quadrature[0], self.bandwidth if self.toy.dim == 2 else 0.0),
            num_modes=self.toy.num_modes,
            high_quality_ceiling=self.toy.high_quality_ceiling,
            bandwidth=self.bandwidth,
        )

    def stage(self) -> Stage:
        """All frames, ready to be drawn.

        Raises:
            RunError: there is none yet.
        """
        frames = self.frames()
        if not frames:
            raise RunError(f"no frames in {self.folder}", found="no snapshot", todo="train it for a moment first")
        return Stage(self.scene, frames)

    def film(self, mp4: Path, gif: Path | None = None, frames_per_second: int = 12) -> None:
        """Draw all frames into `mp4` and, at half the size, into `gif`.

        Raises:
            RunError: there is no frame yet, or a file cannot be written.
        """
        stage = self.stage()
        small: list[np.ndarray] = []

        def pictures() -> Iterator[np.ndarray]:
            for i in range(len(stage.frames)):
                picture = stage.draw(i)
                if gif is not None:
                    small.append(_halved(picture))
                yield picture
            for _ in range(round(HOLD_SECONDS * frames_per_second)):
                yield picture

        with atomic(mp4) as file:
            write_mp4(Path(file.name), pictures(), fps=frames_per_second)
        if gif is not None:
            with atomic(gif) as file:
                write_gif(Path(file.name), small, 1.0 / frames_per_second, last_seconds=HOLD_SECONDS)


def _halved(picture: np.ndarray) -> np.ndarray:
    """`(H, W, 3) uint8` at half the size, each pixel the mean of four."""
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    means: np.ndarray = picture.reshape(height, 2, width, 2, 3).mean(axis=(1, 3))
    halved: np.ndarray = means.astype(np.uint8)
    return halved
