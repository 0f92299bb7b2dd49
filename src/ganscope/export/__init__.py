"""A trained generator out of its run: ONNX, safetensors, a Hub folder, a static Space; and back in. No torch here.

EXPORTERS is the table of what `ganscope export RUN` can write: an option each.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ganscope.export.start import start_settings
from ganscope.runs import Run

if TYPE_CHECKING:
    from ganscope.generator import LoadedGenerator


class Exporter(NamedTuple):
    """One thing that can be written from a run.

    `write(run, place, options)` writes to `place` and returns lines to print; `options` are those of the command line.
    """

    help: str
    place: str | None  # the default, inside the run; None: the user has to name one
    write: Callable[[Run, Path, dict[str, Any]], list[str]]
    options: Callable[[argparse.ArgumentParser], None] | None = None  # further options of its own


def _onnx(run: Run, place: Path, options: dict[str, Any]) -> list[str]:
    from ganscope.export.onnx_file import write_onnx
    from ganscope.export.taken import take

    found = write_onnx(take(run, options["snapshot"]), place)
    return [str(place), f"checked: {found}"]


def _safetensors(run: Run, place: Path, options: dict[str, Any]) -> list[str]:
    from ganscope.export.folder import write_folder
    from ganscope.export.taken import take

    return [str(path) for path in write_folder(take(run, options["snapshot"]), place)]


def _hub(run: Run, place: Path, options: dict[str, Any]) -> list[str]:
    from ganscope.export.hub import upload, write_model
    from ganscope.export.taken import take

    written = [str(path) for path in write_model(take(run, options["snapshot"]), place, options["license"])]
    return [*written, upload(place, options["upload"], "model")] if options["upload"] else written


def _space(run: Run, place: Path, options: dict[str, Any]) -> list[str]:
    from ganscope.export.hub import upload, write_space

    written = [str(path) for path in write_space(run, place, options["license"])]
    return [*written, upload(place, options["upload"], "space")] if options["upload"] else written


def _images(run: Run, place: Path, options: dict[str, Any]) -> list[str]:
    from ganscope.export.data_set import Asked, export_images
    from ganscope.progress import Progress

    asked = Asked(
        per_class=options["per_class"],
        total=options["like_data"],
        layout=options["layout"],
        seed=options["seed"],
        drop=tuple(name for name in FILTERS if options[f"drop_{name}"]),
        bare=options["bare"],
    )
    written = export_images(run, place, asked, Progress().say, snapshot=options["snapshot"], license=options["license"])
    return [str(path) for path in written]


def _image_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("of --images")
    group.add_argument("--per-class", type=int, metavar="N", help="so many images of each class")
    group.add_argument(
        "--like-data", type=int, metavar="N", help="so many in all, classes as in the data (default: as the data has)"
    )
    group.add_argument(
        "--layout", choices=LAYOUT_NAMES, default="folders", help="how they lie on the disk (default: folders)"
    )
    group.add_argument("--seed", type=int, default=0, help="another seed gives other images (default: 0)")
    group.add_argument("--drop-copies", action="store_true", help="leave out copies of training images")
    group.add_argument("--drop-strangers", action="store_true", help="leave out images like no real one")
    group.add_argument("--drop-mistaken", action="store_true", help="leave out what looks like another class")
    group.add_argument("--bare", action="store_true", help="look at no image: the generator's own speed, fewer columns")


FILTERS = ("copies", "strangers", "mistaken")
LAYOUT_NAMES = ("folders", "csv", "npz", "stylegan-zip")
EXPORTERS: dict[str, Exporter] = {
    "onnx": Exporter("one ONNX file: latents in, uint8 images out, any batch", "generator.onnx", _onnx),
    "safetensors": Exporter(
        "a folder: weights, their config, and the start of other trainings", "generator", _safetensors
    ),
    "hub": Exporter("a folder for the Hugging Face Hub: all of that, samples and a card", None, _hub),
    "space": Exporter("a folder for a static Space: the run's page, under 20 MB", None, _space),
    "images": Exporter(
        "a labelled data set of generated images, with a table and a card", "images", _images, _image_options
    ),
}


def load_generator(source: Path | str, snapshot: str | int = "best", device: str = "cpu") -> LoadedGenerator:
    """The generator of a run, of an exported folder, or of a repository `owner/name` on the Hugging Face Hub.

    Raises:
        RunError: none of these, or it is damaged. DependencyError: the extra `export` is not installed.
    """
    path = Path(source)
    if (path / "generators").is_dir():
        from ganscope.generator import load_generator as load

        return load(path, snapshot, device)
    from ganscope.export.folder import ExportedGenerator
    from ganscope.export.hub import download, is_repository

    if not path.exists() and is_repository(str(source)):
        path = download(str(source))
    return ExportedGenerator(path, device)


def local_start(source: Path | str) -> Path:
    """The folder of a start for `ganscope train --from`: a path, or a repository on the Hub, which is downloaded."""
    path = Path(source)
    if path.exists():
        return path
    from ganscope.export.hub import download, is_repository

    return download(str(source), "config.json", "start.safetensors") if is_repository(str(source)) else path


__all__ = [
    "EXPORTERS",
    "Exporter",
    "load_generator",
    "local_start",
    "start_settings",
]
