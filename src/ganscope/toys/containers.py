"""A toy's frames as the page receives them: numbers in containers, which the viewer draws.

`toy/scene.glv` holds what all frames share, `toy/000065536.glv` one frame. Fields are stored in 255 steps: what is
drawn with 256 colours needs no more. Densities are on the scale of the data's, by their cube root, as they are drawn.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ganscope.files import atomic
from ganscope.page import encode
from ganscope.runs import Run
from ganscope.toys import distributions
from ganscope.toys.figure import Frame, Scene
from ganscope.toys.frames import NUM_SCORED, FrameMaker

DRAWN_REALS = 1000
NUMBERS = ("value", "best_value", "jsd", "jsd_floor", "modes", "high_quality", "reverse_kl", "spread")


def write_scene(run: Run, maker: FrameMaker) -> None:
    """What the page needs once: the data, the picture's limits, and what a perfect sampler would get."""
    toy, scene = maker.toy, maker.scene
    perfect = distributions.score(toy, toy.sample(NUM_SCORED, 1))
    meta: dict[str, Any] = {
        "name": toy.name, "doc": toy.doc, "dim": toy.dim, "limits": [float(x) for x in toy.limits],
        "num_modes": toy.num_modes, "sigma": float(toy.sigma), "bandwidth": float(maker.bandwidth),
        "num_fake": NUM_SCORED, "radius": float(distributions.RADIUS_SIGMAS), "jsd_floor": float(maker.jsd_floor),
        "ceiling": float(toy.high_quality_ceiling), "reverse_kl_floor": float(perfect.reverse_kl_floor),
        "pairs": bool(maker.objective.needs_real_in_g), "top": float(scene.p_data.max()),
    }  # fmt: skip
    sections = {"reals": scene.reals[:DRAWN_REALS].astype(np.float32), "p_data": _density(scene.p_data, scene)}
    with atomic(run.toy_path / "scene.glv") as file:
        file.write(encode(meta, sections))


def write_frame(run: Run, frame: Frame, scene: Scene) -> None:
    """One frame, under its `images_seen`."""
    seen = int(frame.images_seen)
    numbers = {name: float(np.asarray(getattr(frame, name))) for name in NUMBERS}
    meta = {"kind": "snapshot", "images_seen": seen, "points": 0, "images": None, "samples": None, "toy": numbers}
    sections = {
        "fakes": frame.fakes.astype(np.float32), "pushes": frame.pushes.astype(np.float32),
        "learned": _share(frame.d_field), "best": _share(frame.d_best), "p_g": _density(frame.p_g, scene),
    }  # fmt: skip
    with atomic(run.toy_container(seen)) as file:
        file.write(encode(meta, sections))


def write_containers(run: Run, maker: FrameMaker) -> None:
    """Those that are missing: a run of an earlier version has none."""
    if not (run.toy_path / "scene.glv").is_file():
        write_scene(run, maker)
    for frame in maker.frames():
        if not run.toy_container(int(frame.images_seen)).is_file():
            write_frame(run, frame, maker.scene)


def _share(values: np.ndarray) -> np.ndarray:
    steps: np.ndarray = np.rint(np.clip(np.nan_to_num(values), 0.0, 1.0) * 255).astype(np.uint8)
    return steps


def _density(density: np.ndarray, scene: Scene) -> np.ndarray:
    """255 is the data's highest density in the plane, and 1.5 times it on a line, where the curve may rise above."""
    top = float(scene.p_data.max()) * (1.5 if scene.reals.shape[1] == 1 else 1.0)
    return _share(np.cbrt(np.clip(density / top, 0.0, 1.0)))
