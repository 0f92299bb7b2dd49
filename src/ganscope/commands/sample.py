"""`ganscope sample RUN`: images from a trained generator: a sheet, single files, an array, or a walk."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganscope.commands.options import add_run, add_snapshot, require_count, snapshot_named
from ganscope.drawing import image_grid, save_grid, scale_for
from ganscope.errors import ConfigError
from ganscope.files import atomic

if TYPE_CHECKING:
    from ganscope.generator import LoadedGenerator

HELP = "make images with a trained generator"
MOST_COLUMNS = 16  # of a grid by class
EPILOG = """examples:
  ganscope sample runs/00000-digits-dcgan --count 20
  ganscope sample RUN --walk
  ganscope sample RUN --class 3
  ganscope sample RUN --by-class"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument("-n", "--count", type=int, default=64, help="how many (default: 64)")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other images (default: 0)")
    add_snapshot(parser)
    parser.add_argument("--class", dest="only", metavar="NAME", help="of a conditional generator: only this class")
    parser.add_argument(
        "--by-class", action="store_true", help="a sheet with a row a class and the same latents in every row"
    )
    parser.add_argument(
        "--out", type=Path, help="a .png for one sheet, a .npy for the array, else a folder of single images"
    )
    parser.add_argument("--walk", action="store_true", help="a film that walks through the latent space, MP4 and GIF")


def run(arguments: argparse.Namespace) -> int:
    require_count(arguments.count)
    from ganscope.generator import load_generator

    loaded = load_generator(arguments.run, snapshot_named(arguments.snapshot))
    out: Path | None = arguments.out
    kind, suffix = ("points", ".npy") if loaded.run.has_points else ("images", ".png")
    if arguments.walk or arguments.by_class or (out and out.suffix != ".npy"):
        others = "--walk, --by-class and --out"
        loaded.run.require_images(f"points are written as an array: leave out {others}, or use --out points.npy")
    if arguments.walk:
        from ganscope.film import walk_film

        frames = walk_frames(loaded.walk(lanes=6, seed=arguments.seed, only=arguments.only))
        for path in walk_film(frames, out or loaded.run.product("walk.mp4")):
            print(path)
        return 0
    if arguments.by_class:
        return write_class_grid(loaded, arguments)
    images = loaded.sample(arguments.count, seed=arguments.seed, only=arguments.only)
    only = "" if arguments.only is None else f"-class{loaded.class_number(arguments.only)}"
    name = f"sample-{loaded.images_seen:09d}-seed{arguments.seed}-n{arguments.count}{only}{suffix}"
    out = out or loaded.run.product(name)
    if out.suffix == ".npy":
        with atomic(out) as file:
            np.save(file, images)
    elif out.suffix == ".png":
        save_sheet(images, out)
    else:
        save_images(images, out)
    print(f"{len(images)} {kind} from the snapshot at {loaded.images_seen:,} images seen: {out}")
    return 0


def write_class_grid(loaded: LoadedGenerator, arguments: argparse.Namespace) -> int:
    """Rows are classes, columns latents: what the class changes, and what the latent."""
    if arguments.only is not None:
        raise ConfigError(
            "--by-class shows every class", found=f"--class {arguments.only}", todo="leave one of them out"
        )
    columns = min(arguments.count, MOST_COLUMNS)
    images = loaded.by_class(columns, arguments.seed)
    out: Path = arguments.out or loaded.run.product(f"classes-{loaded.images_seen:09d}-seed{arguments.seed}.png")
    if out.suffix != ".png":
        raise ConfigError("--by-class is one sheet", found=f"--out {out}", todo="name a .png file")
    with atomic(out) as file:
        save_grid(file, images.reshape(-1, *images.shape[2:]), columns=columns)
    print(f"rows from top to bottom: {', '.join(loaded.class_names)}\n{out}")
    return 0


def save_images(images: np.ndarray, folder: Path) -> list[Path]:
    """Each of `(N, C, H, W) uint8` images as a PNG of its own."""
    from PIL import Image

    paths = []
    for index, image in enumerate(images):
        path = folder / f"{index:05d}.png"
        pixels = image[0] if image.shape[0] == 1 else image.transpose(1, 2, 0)
        with atomic(path) as file:
            Image.fromarray(pixels).save(file, format="PNG")
        paths.append(path)
    return paths


def save_sheet(images: np.ndarray, path: Path) -> Path:
    """All images in one PNG, about square."""
    with atomic(path) as file:
        save_grid(file, images, columns=math.ceil(math.sqrt(len(images) * 1.4)))
    return path


def walk_frames(images: np.ndarray) -> np.ndarray:
    """`(F, lanes, C, H, W) uint8` of a walk → film frames `(F, height, width, C) uint8`, enlarged, sides even."""
    scale = scale_for(max(images.shape[3:]), 192)
    frames = np.stack([image_grid(lane, scale=scale) for lane in images])
    return frames[:, : frames.shape[1] // 2 * 2, : frames.shape[2] // 2 * 2]
