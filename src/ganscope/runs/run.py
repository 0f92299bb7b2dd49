"""A run: one training, one directory. The only file that knows the names inside it.

A file is absent or whole: it is written under a temporary name and renamed. The `.jsonl` files grow by whole lines;
a last line cut short by a kill is ignored by the readers and dropped on resume.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from ganscope.config import Plan, Watched
from ganscope.errors import RunError
from ganscope.files import advice, atomic, make_directory, write_json
from ganscope.runs.lines import LINES, EvalLine, Line, TimingLine
from ganscope.runs.lock import held, hold
from ganscope.runs.migrate import FORMAT
from ganscope.runs.parsed import ParsedLines
from ganscope.runs.reading import parsed_line, read_json, read_text
from ganscope.runs.settings import read_settings, stored_settings
from ganscope.version import VERSION

AnyLine = TypeVar("AnyLine", bound=Line | TimingLine)
LINE_FILES = tuple(LINES)


class Run:
    """The directory of one training. Opening it reads nothing but its presence."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._parsed = {name: ParsedLines(self.lines_path(name), kind) for name, kind in LINES.items()}

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    # ---- opening and creating ----------------------------------------------------------------------------------------
    @classmethod
    def open(cls, path: Path | str) -> Run:
        """An existing run.

        Raises:
            RunError: `path` is no run directory.
        """
        run = cls(Path(path))
        if not run.config_path.is_file():
            others = [found.path.name for found in list_runs(run.path if run.path.is_dir() else run.path.parent)]
            hint = f"runs there: {', '.join(others[-5:])}" if others else "start one with: ganscope train digits"
            raise RunError(f"{path} is not a run", found="no config.json in it", todo=hint)
        return run

    @classmethod
    def create(cls, path: Path, config: Plan | Watched, environment: dict[str, Any], networks: str) -> Run:
        """A new run directory with what is written once; `config.json` comes last and makes it a run.

        Raises:
            RunError: the directory cannot be written, or another process has just made it a run.
        """
        run = cls(path)
        for name in ("checkpoints", "generators", "samples", "map"):
            make_directory(path / name)
        with run.locked():
            if run.config_path.exists():
                raise RunError(
                    f"{path} has just become a run of another process",
                    found="a config.json that was not there before",
                    todo="give each training a --run of its own",
                )
            write_json(run.environment_path, environment)
            with atomic(path / "networks.txt", "w") as file:
                file.write(networks)
            run.store_config(config)
        return run

    def store_config(self, config: Plan | Watched) -> None:
        """Write `config.json`: at the beginning, and when a training is carried on with more epochs."""
        write_json(self.config_path, {"format": FORMAT, "written_by": VERSION, **config.to_dict()})

    # ---- what is written once ----------------------------------------------------------------------------------------
    @property
    def config_path(self) -> Path:
        return self.path / "config.json"

    @property
    def environment_path(self) -> Path:
        return self.path / "environment.json"

    def config(self) -> Plan:
        """The resolved config of a training of our own.

        Raises:
            RunError: somebody else trained it; the file is damaged or from a newer ganscope.
        """
        settings = self.settings()
        if isinstance(settings, Watched):
            raise RunError(
                f"{self.path} was trained by another program",
                found=f"trainer {settings.trainer}: its networks are not known here",
                todo="make images with that program; view, report, film, evaluate and runs work on this run",
            )
        return settings

    def settings(self) -> Plan | Watched:
        """The resolved config, or what is known of a training that was watched.

        Raises:
            RunError: the file is damaged or from a newer ganscope.
        """
        return read_settings(self.config_path)

    def piloted(self) -> bool:
        """Whether pilot trainings chose the weights of R1 and R2."""
        if stored_settings(self.config_path).get("choose_penalty") == "piloted":  # format 1 had it among the settings
            return True
        return bool(self.environment().get("piloted"))

    def environment(self) -> dict[str, Any]:
        """Versions, machine, git commit, data fingerprint.

        Raises:
            RunError: the file is missing or damaged.
        """
        found = read_json(self.environment_path)
        if not isinstance(found, dict):
            raise RunError(
                f"{self.environment_path} is missing or damaged",
                found=type(found).__name__ if found is not None else "no JSON",
                todo="restore the file",
            )
        return found

    def networks(self) -> str:
        """The printed summary of both networks."""
        return read_text(self.path / "networks.txt")

    # ---- lines -------------------------------------------------------------------------------------------------------
    def lines_path(self, name: str) -> Path:
        assert name in LINE_FILES
        return self.path / f"{name}.jsonl"

    def read(self, kind: type[AnyLine]) -> list[AnyLine]:
        """The lines of one kind, `HistoryLine`, `TestLine`, `EvalLine` or `TimingLine`, oldest first.

        The last line of a killed writer, and every damaged one, is left out.
        """
        return [line for line in self._parsed[kind.FILE].lines() if isinstance(line, kind)]

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The lines of `history`, `test`, `evals` or `timing` as JSON objects with every known key, oldest first."""
        return [line.to_dict() for line in self.read(LINES[name])]

    def history(self) -> list[dict[str, Any]]:
        return self.lines("history")

    def evals(self) -> list[dict[str, Any]]:
        return self.lines("evals")

    def append(self, name: str, line: Line | TimingLine | Mapping[str, Any]) -> None:
        """Add one line; it is in the file when this returns.

        Raises:
            RunError: the disk is full or the file cannot be written. ValueError: it is no line of that kind.
        """
        typed = LINES[name].read(line) if isinstance(line, Mapping) else line
        if typed is None or name != typed.FILE:
            raise ValueError(f"not a line of {name}.jsonl: {line!r:.200}")
        given = (
            line if isinstance(line, Mapping) else [key for key, value in typed.to_dict().items() if value is not None]
        )
        stored = {
            key: value for key, value in typed.to_dict().items() if key in given
        }  # what is not known is not written
        try:
            with self.lines_path(name).open("a", encoding="utf-8") as file:
                file.write(json.dumps(stored, allow_nan=False) + "\n")
        except OSError as error:
            raise RunError(
                f"cannot write {self.lines_path(name)}",
                found=error.strerror or str(error),
                todo=advice(
                    error, "free some space, then run the same command again: it resumes from the last checkpoint"
                ),
            ) from error

    def rewind(self, images_seen: int) -> None:
        """Drop everything newer than `images_seen`: a resumed run counts nothing twice."""
        for name in LINE_FILES:
            if self.lines_path(name).is_file():
                kept = []
                for text in read_text(self.lines_path(name)).split("\n"):
                    line = LINES[name].read(parsed_line(text))
                    if line is not None and line.images_seen <= images_seen:
                        kept.append(text + "\n")  # as it was written, to the byte
                with atomic(self.lines_path(name), "w") as file:
                    file.writelines(kept)
        for folder in ("checkpoints", "generators", "samples", "map", "map/waiting", "toy", "fakes", "fakes/unseen"):
            for path in self._numbered(folder):
                if number_of(path) > images_seen:
                    path.unlink(missing_ok=True)
        for path in self.path.rglob(".*.tmp"):
            path.unlink(missing_ok=True)

    # ---- numbered files ----------------------------------------------------------------------------------------------
    def _numbered(self, folder: str, suffix: str = "") -> list[Path]:
        directory = self.path / folder
        if not directory.is_dir():
            return []
        found = [path for path in directory.iterdir() if re.fullmatch(r"\d{9,}\..+", path.name)]
        return sorted((path for path in found if path.name.endswith(suffix)), key=number_of)

    def _file(self, folder: str, images_seen: int, suffix: str) -> Path:
        return self.path / folder / f"{images_seen:09d}{suffix}"

    def checkpoint_path(self, images_seen: int) -> Path:
        """Everything needed to go on from `images_seen`."""
        return self._file("checkpoints", images_seen, ".pt")

    def checkpoints(self) -> list[Path]:
        """Checkpoints, oldest first."""
        return self._numbered("checkpoints", ".pt")

    def generator_path(self, images_seen: int) -> Path:
        """The weights of G (its average, where there is one) at a snapshot."""
        return self._file("generators", images_seen, ".pt")

    def generators(self) -> list[int]:
        """`images_seen` of the generators kept, oldest first."""
        return [number_of(path) for path in self._numbered("generators", ".pt")]

    def choose_generator(self, snapshot: str | int = "best") -> int:
        """`images_seen` of a kept generator: `"best"` (the last where none was measured), `"last"`, or the nearest.

        Raises:
            RunError: none is kept, or the word is unknown.
        """
        kept = self.generators()
        if not kept:
            raise RunError(
                f"{self.path} has no generator yet", found="an empty generators/", todo="train it: ganscope train"
            )
        if isinstance(snapshot, int):
            return min(kept, key=lambda seen: abs(seen - snapshot))
        if snapshot not in ("best", "last"):
            raise RunError(
                f"no snapshot {snapshot!r}", found=snapshot, todo='use "best", "last" or a number of images seen'
            )
        best = self.best()
        return best if snapshot == "best" and best in kept else kept[-1]

    def sample_path(self, images_seen: int, suffix: str = ".png") -> Path:
        """The grid of the fixed latents (`.png`), or their raw images (`.npy`)."""
        return self._file("samples", images_seen, suffix)

    def samples(self) -> list[int]:
        """`images_seen` of the snapshots whose raw images are there, oldest first."""
        return [number_of(path) for path in self._numbered("samples", ".npy")]

    def fakes_path(self, images_seen: int, unseen: bool = False) -> Path:
        """All fakes of a watched snapshot: kept, or `unseen` as yet by what measures them."""
        return self._file("fakes/unseen" if unseen else "fakes", images_seen, ".npz")

    def fakes(self, unseen: bool = False) -> list[int]:
        """`images_seen` of the watched snapshots whose fakes are there, oldest first."""
        return [number_of(path) for path in self._numbered("fakes/unseen" if unseen else "fakes", ".npz")]

    def map_path(self, images_seen: int) -> Path:
        """The fakes of one snapshot on the map."""
        return self._file("map", images_seen, ".npz")

    def map_points(self) -> list[int]:
        """`images_seen` of the snapshots that are on the map, oldest first."""
        return [number_of(path) for path in self._numbered("map", ".npz")]

    def more_pictures_path(self, images_seen: int) -> Path:
        """The pictures of the points that `map_path` has none of, kept at the last and at the best snapshot."""
        return self._file("map", images_seen, ".more")

    def more_pictures(self) -> list[int]:
        """`images_seen` of the snapshots with pictures of all points, oldest first."""
        return [number_of(path) for path in self._numbered("map", ".more")]

    def waiting_path(self, images_seen: int) -> Path:
        """The fakes of a snapshot that waits for the layout of the reals."""
        return self._file("map/waiting", images_seen, ".npz")

    def waiting(self) -> list[int]:
        """`images_seen` of the snapshots that wait for the layout, oldest first."""
        return [number_of(path) for path in self._numbered("map/waiting", ".npz")]

    @property
    def real_map_path(self) -> Path:
        return self.path / "map" / "real.npz"

    @property
    def real_map_info_path(self) -> Path:
        """Written last of the real layout's files: the layout is there when this is."""
        return self.path / "map" / "real.json"

    @property
    def landing_path(self) -> Path:
        """What the page needs to place new images on the map by itself; see maps/landing.py."""
        return self.path / "map" / "landing.npz"

    def atlas_path(self, page: int) -> Path:
        return self.path / "map" / f"atlas-{page:03d}.webp"

    def atlas_pages(self) -> list[Path]:
        return sorted((self.path / "map").glob("atlas-*.webp"))

    @property
    def toy_path(self) -> Path:
        """Frames of a training on a toy: D, D* and the densities at each snapshot."""
        return self.path / "toy"

    def toy_container(self, images_seen: int) -> Path:
        """A toy's frame as the page receives it."""
        return self._file("toy", images_seen, ".glv")

    def toy_containers(self) -> list[int]:
        """`images_seen` of a toy's frames that the page can show, oldest first."""
        return [number_of(path) for path in self._numbered("toy", ".glv")]

    def product(self, name: str) -> Path:
        """A picture, film or page made from the run: `curves.png`, `film.mp4`, `report.html`, …"""
        return self.path / name

    @property
    def has_points(self) -> bool:
        """Whether its samples are points of a toy, and not images."""
        settings = self.settings()
        return isinstance(settings, Plan) and settings.network == "toy"

    def require_images(self, todo: str) -> None:
        """Raises RunError: what is asked for is made of images, and this run has points."""
        if self.has_points:
            found = f"a training on {self.config().data}"
            raise RunError(f"{self.path} has points, not images", found=found, todo=todo)

    # ---- state of the run --------------------------------------------------------------------------------------------
    def best(self) -> int | None:
        """`images_seen` of the best snapshot so far, None before the first measurement."""
        return next((line.best for line in reversed(self.read(EvalLine)) if line.best is not None), None)

    def verdict(self) -> str:
        """The newest verdict, or an empty string."""
        lines = self.read(EvalLine)
        return lines[-1].verdict if lines else ""

    def finished(self) -> bool:
        return (self.path / "finished.json").is_file()

    def mark_finished(self, summary: dict[str, Any]) -> None:
        write_json(self.path / "finished.json", summary)

    def unmark_finished(self) -> None:
        (self.path / "finished.json").unlink(missing_ok=True)

    def summary(self) -> dict[str, Any]:
        """What `finished.json` says of the training, empty where there is none or it is damaged."""
        found = read_json(self.path / "finished.json")
        return found if isinstance(found, dict) else {}

    def held_by(self) -> int | None:
        """The process that writes this run now, None where none does."""
        if not self.in_use():
            return None
        try:
            found = int((self.path / ".lock").read_text(encoding="utf-8").strip())
        except (OSError, ValueError):
            return None
        return found if found > 1 else None

    def in_use(self) -> bool | None:
        """Whether a process is training here now: False after it was killed, None where none of ours ever did."""
        return held(self.path / ".lock")

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Hold the run for writing; the operating system lets go even when the process is killed.

        Raises:
            RunError: another process is training in this directory.
        """
        return hold(self.path / ".lock")


def number_of(path: Path) -> int:
    """The `images_seen` in a numbered file's name."""
    return int(path.name.split(".")[0])


def list_runs(root: Path) -> list[Run]:
    """The runs in a folder, oldest number first."""
    if not root.is_dir():
        return []
    return [Run(path.parent) for path in sorted(root.glob("*/config.json"))]
