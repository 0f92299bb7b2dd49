"""`ganscope export RUN --images`: a labelled data set made by a generator, at any size, streamed.

Legend: N images, K classes. Images are made in blocks of BLOCK latents. A block is a function of the seed, its number
and how many images of each class are still wanted; what was made is committed together with these counts. So an export
that was killed anywhere goes on to the same files, byte for byte, and memory does not grow with N. Pixels wait in one
file until all are there; then the layout is written from it.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganscope.config import Plan
from ganscope.errors import ConfigError, RunError
from ganscope.evaluation import dataset_of
from ganscope.export.image_card import image_card
from ganscope.export.layouts import LAYOUTS, staged
from ganscope.export.looked_at import FILTERS, Looked, Nobody, Onlooker
from ganscope.files import advice, atomic, write_json
from ganscope.generator import LoadedGenerator, load_generator
from ganscope.progress import Say
from ganscope.runs import Run
from ganscope.training import latents

BLOCK = 1000  # latents made at once
COMMIT = 4  # blocks between two commits to the disk
MOST_DRAWN = 50  # images drawn for each that is wanted, before an export gives up
STATE, TABLE, PIXELS, CARD = "export.json", "metadata.csv", ".pixels", "README.md"
COLUMNS = (
    "file_name", "label", "seed", "latent_index", "class_asked", "class_recognised", "confidence", "d_score",
    "nearest_training_index", "nearest_training_distance",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What an export is to hold.

    per_class: images of each class; or total: images, with classes as often as in the data. layout: of LAYOUTS.
    drop: filters of FILTERS. bare: look at no image, which is fastest.
    """

    per_class: int | None = None
    total: int | None = None
    layout: str = "folders"
    seed: int = 0
    drop: tuple[str, ...] = ()
    bare: bool = False


@dataclass
class State:
    """What is committed: blocks made, images kept of each class, images left out by each filter, bytes of the table."""

    blocks: int = 0
    drawn: int = 0
    kept: list[int] = dataclasses.field(default_factory=list)
    dropped: dict[str, int] = dataclasses.field(default_factory=dict)
    surplus: int = 0
    table_bytes: int = 0
    finished: bool = False

    @property
    def count(self) -> int:
        return sum(self.kept)


class ImageExport:
    """One export, from its beginning or from where it was interrupted."""

    def __init__(self, run: Run, out: Path, asked: Asked, snapshot: str | int, license: str | None, say: Say) -> None:
        run.require_images("the points of a toy: ganscope sample RUN --out points.npy")
        self.run, self.out, self.asked, self.license, self.say = run, out, asked, license, say
        self.loaded: LoadedGenerator = load_generator(run.path, snapshot)
        self.config: Plan = self.loaded.config
        self.shape = tuple(self.loaded.sample(1).shape[1:])
        self.onlooker = Nobody() if asked.bare else Onlooker(run, self.config, dataset_of(run, self.config, say), say)
        self.names = self.loaded.class_names or self.known_names()
        self.targets = self.targets_of()
        self.path_of, self.writer = LAYOUTS[asked.layout]
        self.request = {
            **dataclasses.asdict(asked), "drop": list(asked.drop), "images_seen": self.loaded.images_seen,
            "run": run.path.name, "targets": self.targets,
        }  # fmt: skip
        self.state = self.resumed()

    def known_names(self) -> tuple[str, ...]:
        """The classes that the classifier tells apart, where G is told none."""
        return tuple(map(str, self.facts().get("classes", []))) if self.onlooker.knows_classes else ()

    def facts(self) -> dict[str, Any]:
        try:
            return dict(self.run.environment().get("dataset", {}))
        except RunError:
            return {}

    def targets_of(self) -> list[int]:
        """Images wanted of each class; of one kind where nothing knows classes, or none are counted.

        Raises:
            ConfigError: as many of each class are asked for, and nothing knows classes.
        """
        total = self.asked.total or int(self.facts().get("num_train", 1000))
        if self.asked.per_class is not None:
            if not self.names:
                raise ConfigError(
                    "--per-class needs a generator or a classifier that knows classes",
                    found="data without labels"
                    if not self.asked.bare
                    else "a training without --conditional, and --bare",
                    todo="use --like-data N, or train with --conditional",
                )
            return [self.asked.per_class] * len(self.names)
        if not self.config.num_classes:
            return [total]
        counts = np.array(self.config.class_counts, np.float64)
        exact = total * counts / counts.sum()
        whole = np.floor(exact).astype(int)
        whole[np.argsort(-(exact - whole), kind="stable")[: total - int(whole.sum())]] += 1
        return [int(count) for count in whole]

    # ---- what is on the disk ----------------------------------------------------------------------------------------
    def resumed(self) -> State:
        """The committed state of this export in the folder, with anything after it cut off; or a fresh one.

        Raises:
            RunError: the folder holds another export, or files of somebody else.
        """
        path = self.out / STATE
        fresh = State(kept=[0] * len(self.targets), dropped=dict.fromkeys(self.asked.drop, 0))
        if not path.is_file():
            if self.out.is_dir() and any(self.out.iterdir()) and not (self.out / PIXELS).exists():
                raise RunError(
                    f"{self.out} is not empty", found="files, and no unfinished export", todo="name another folder"
                )
            self.cut(fresh)
            return fresh
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            state = State(**stored["state"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path} is damaged", found=str(error), todo="remove the folder") from error
        if stored.get("request") != self.request:
            raise RunError(
                f"{self.out} holds another export",
                found="; ".join(
                    f"{key}: {stored.get('request', {}).get(key)!r} → {value!r}"
                    for key, value in self.request.items()
                    if stored.get("request", {}).get(key) != value
                ),
                todo="give the same options to go on with it, or name another folder",
            )
        if not state.finished:
            self.say(f"going on at {state.count:,} of {sum(self.targets):,} images")
            self.cut(state)
        return state

    def cut(self, state: State) -> None:
        """Drop what was written after the last commit, and files that a killed export has left half written."""
        self.out.mkdir(parents=True, exist_ok=True)
        for name in (STATE, CARD, "dataset.npz", "dataset.zip"):
            for left in self.out.glob(f".{name}.*.tmp"):
                left.unlink(missing_ok=True)
        with (self.out / PIXELS).open("ab") as pixels:
            pixels.truncate(state.count * int(np.prod(self.shape)))
        with (self.out / TABLE).open("ab") as table:
            table.truncate(state.table_bytes)
            if not state.table_bytes:
                table.write((",".join(COLUMNS) + "\r\n").encode())
                state.table_bytes = table.tell()

    # ---- making -----------------------------------------------------------------------------------------------------
    def write(self) -> list[Path]:
        """Make what is missing, then the layout and the card; returns the paths."""
        if not self.state.finished:
            with (self.out / PIXELS).open("ab") as pixels, (self.out / TABLE).open("ab") as table:
                while self.state.count < sum(self.targets):
                    for _ in range(COMMIT):
                        self.add_block(pixels, table)
                    for file in (pixels, table):
                        file.flush()
                        os.fsync(file.fileno())
                    self.state.table_bytes = table.tell()
                    self.commit()
                    self.say(f"{self.state.count:,} of {sum(self.targets):,} images, {self.state.drawn:,} drawn")
            pairs = staged(self.out / TABLE, self.out / PIXELS, self.shape)
            self.writer(self.out, pairs, self.shape, self.state.count)
            with atomic(self.out / CARD, "w") as card:
                card.write(image_card(self.run, self.request, dataclasses.asdict(self.state), self.names,
                                      thresholds=self.onlooker.thresholds, license=self.license))  # fmt: skip
            self.state.finished = True
            self.commit()
        (self.out / PIXELS).unlink(missing_ok=True)
        return [self.out, self.out / TABLE, self.out / CARD]

    def commit(self) -> None:
        write_json(self.out / STATE, {"request": self.request, "state": dataclasses.asdict(self.state)})

    def add_block(self, pixels: Any, table: Any) -> None:
        """One block of latents: made, looked at, and what is wanted of it written behind the others.

        Raises:
            RunError: too much is left out to ever come to an end.
        """
        state = self.state
        remaining = np.array(self.targets) - np.array(state.kept)
        if not remaining.sum():
            return
        if state.drawn > MOST_DRAWN * (state.count + BLOCK):
            raise RunError(
                "the export does not get what it needs",
                found=f"{state.count:,} images of {state.drawn:,} drawn; still wanted: {self.wanted(remaining)}",
                todo="drop fewer (leave a --drop- option out), or ask for fewer images",
            )
        count = BLOCK if self.asked.drop or not self.config.num_classes else min(BLOCK, int(remaining.sum()))
        z = latents(self.config, BLOCK, f"export {self.asked.seed}", state.blocks)[:count]
        told = classes_for(remaining, count) if self.config.num_classes else None
        images = self.loaded.decode(z, None if told is None else torch.from_numpy(told))
        looked = self.onlooker.look_at(images, told)
        kinds = self.kinds(looked, told, count)
        text = io.StringIO()
        writer = csv.writer(text)
        for i in range(count):
            if self.leaves_out(looked, i):
                continue
            if remaining[kinds[i]] <= 0:
                state.surplus += 1
                continue
            remaining[kinds[i]] -= 1
            writer.writerow(self.row(looked, told, i, state.blocks * BLOCK + i, state.count))
            state.kept[kinds[i]] += 1
            pixels.write(images[i].tobytes())
        table.write(text.getvalue().encode())
        state.blocks += 1
        state.drawn += count

    def kinds(self, looked: Looked, told: NDArray[np.int64] | None, count: int) -> NDArray[np.int64]:
        """Which of the targets each image counts for."""
        if len(self.targets) == 1:
            return np.zeros(count, np.int64)
        found = told if told is not None else looked.recognised
        assert found is not None
        return found

    def leaves_out(self, looked: Looked, i: int) -> bool:
        """Whether a filter does, counted for the first that does."""
        for name in self.asked.drop:
            if name in looked.faults and looked.faults[name][i]:
                self.state.dropped[name] += 1
                return True
        return False

    def row(self, looked: Looked, told: NDArray[np.int64] | None, i: int, index: int, number: int) -> list[Any]:
        asked = "" if told is None else self.names[told[i]]
        seen = "" if looked.recognised is None else self.names[looked.recognised[i]]
        label = asked or seen
        numbers = [
            "" if values is None else f"{values[i]:.6g}"
            for values in (looked.confidence, looked.score, looked.nearest, looked.distance)
        ]
        path = self.path_of({"label": label}, number)
        return [path, label, self.asked.seed, index, asked, seen, numbers[0], numbers[1], *numbers[2:]]

    def wanted(self, remaining: NDArray[np.int64]) -> str:
        named = self.names if len(self.targets) > 1 else ("images",)
        return ", ".join(f"{count:,} {name}" for name, count in zip(named, remaining, strict=True) if count > 0)


def classes_for(remaining: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Classes `(count,)` to ask for, as often as they are still wanted."""
    bounds = np.cumsum(remaining)
    places = (np.arange(count) + 0.5) * bounds[-1] / count
    return np.asarray(np.searchsorted(bounds, places, side="right"), np.int64)


def export_images(
    run: Run, out: Path, asked: Asked, say: Say, *, snapshot: str | int = "best", license: str | None = None
) -> list[Path]:
    """Write a data set of generated images into `out`, going on where an earlier call was interrupted.

    Raises:
        ConfigError: what is asked for cannot be had. RunError: the folder holds something else, or cannot be written.
    """
    if asked.per_class is not None and asked.total is not None:
        raise ConfigError(
            "--per-class and --like-data are two ways to say how many", found="both", todo="leave one of them out"
        )
    for option, number in (("--per-class", asked.per_class), ("--like-data", asked.total)):
        if number is not None and number < 1:
            raise ConfigError(f"{option} must be at least 1", found=str(number), todo=f"for example: {option} 1000")
    if asked.bare and asked.drop:
        raise ConfigError(
            "filters have to look at the images",
            found=f"--bare with {', '.join(f'--drop-{name}' for name in asked.drop)}",
            todo="leave --bare out",
        )
    if unknown := set(asked.drop) - set(FILTERS):
        raise ConfigError(f"no filter {sorted(unknown)[0]!r}", todo=f"use {', '.join(FILTERS)}")
    try:
        return ImageExport(run, out, asked, snapshot, license, say).write()
    except OSError as error:
        raise RunError(
            f"cannot write in {out}",
            found=error.strerror or str(error),
            todo=advice(error, "free some space and give the command again"),
        ) from error
