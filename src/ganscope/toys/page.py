"""The products of a run on a toy: its page, its film, its final scores."""

from __future__ import annotations

from pathlib import Path

import torch

from ganscope.device import choose_backend
from ganscope.errors import ConfigError, RunError
from ganscope.page import write_report
from ganscope.runs import Run
from ganscope.toys import distributions
from ganscope.toys.containers import write_containers
from ganscope.toys.distributions import ToyScores
from ganscope.toys.frames import FrameMaker
from ganscope.toys.shown import Shown
from ganscope.training import generate, read_generator


def frame_maker_of(run: Run) -> FrameMaker:
    """The recorder of a run on a toy.

    Raises:
        RunError: it has images.
    """
    config = run.config()
    if config.data not in distributions.TOYS or not run.has_points:
        raise RunError(f"{run.path} has images, not points", found=f"a training on {config.data}")
    game = Shown.of(distributions.TOYS[config.data], config)
    return FrameMaker(game.toy, run.toy_path, game.fixed.z, config.objective, game.classes)


def final_scores(run: Run) -> ToyScores:
    """The scores of the newest generator on the fixed latents.

    Raises:
        RunError: no generator is kept.
    """
    config = run.config()
    backend = choose_backend(device="cpu", precision="float32", convolutional=False)
    g = read_generator(config, run.generator_path(run.choose_generator("last")), backend)
    game = Shown.of(distributions.TOYS[config.data], config)
    points = generate(g, game.fixed, backend)
    if game.tiles is not None and game.fixed.labels is not None:
        points = game.tiles.show(torch.from_numpy(points), game.fixed.labels).numpy()
    return distributions.score(game.toy, points)


def prepare_page(run: Run) -> None:
    """Write what the page needs of a run on a toy, where an earlier version has not.

    Raises:
        RunError: it has images, or no frame yet.
    """
    maker = frame_maker_of(run)
    if not maker.frames():
        raise RunError(f"no frames in {run.toy_path}", found="no snapshot", todo="train it for a moment first")
    write_containers(run, maker)


def write_toy_report(run: Run, out: Path | None = None, *, finished: bool = False) -> Path:
    """Write the page of a run on a toy; returns its path, by default `report.html` in the run.

    `finished` as for `write_report`.

    Raises:
        RunError: the run has no frame yet, or the file cannot be written.
    """
    prepare_page(run)
    return write_report(run, out, finished=finished)


def write_toy_film(run: Run, *, out: Path | None = None) -> list[Path]:
    """Write the film of a run on a toy, `film.mp4` and a small `film.gif`; returns their paths.

    Raises:
        RunError: the run has no frame yet, or a file cannot be written. ConfigError: `out` is no .mp4.
    """
    mp4 = out or run.product("film.mp4")
    if mp4.suffix.lower() != ".mp4":
        raise ConfigError(f"a toy's film cannot be written as {mp4.name}", found=mp4.suffix, todo="end it in .mp4")
    gif = mp4.with_suffix(".gif")
    frame_maker_of(run).film(mp4, gif)
    return [mp4, gif]
