"""A run from the files of another trainer, made once or followed while they are written."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ganscope.arraytypes import U8
from ganscope.config import Watched
from ganscope.data import Dataset, keep_arrays, load_dataset
from ganscope.diagnosis import Finding
from ganscope.errors import DataError
from ganscope.foreign.layouts import Found, NothingYetError, find
from ganscope.foreign.sheets import Grid, empty_at_the_end, grid_given, guess_grid, stylegan_grid
from ganscope.foreign.warnings import is_distance, metric_entry, warnings_at
from ganscope.progress import Progress
from ganscope.recorder import ImageJudge, Judge, Recorder
from ganscope.recorder import fitted as fit_images
from ganscope.runs import Run, claim_run_path, describe, list_runs
from ganscope.trackers import Bridge

LARGEST_SIDE = 128  # pixels at which pictures are measured
MOST_FAKES = 2000
QUIET_SECONDS = 2.0  # a file that changed since is still being written
MOST_PIXELS = 2**28  # of one sheet
FORMATS = ("PNG", "JPEG", "WEBP", "BMP")


class Follower:
    """Turns the files in a folder into a run, and what is added to them into more of it.

    Args:
        folder: where the other trainer writes. reals: its training data, as `ganscope train` takes them; None: what its
            options name, else the images on its sheet of real ones.
        out: the run; None: the one that this folder has in `runs`, or a new one there.
        pattern, grid, scalars, images_per_epoch, batch_size: see `find`; what is None is found out, and said.

    Raises:
        DataError: nothing there that is known.
    """

    def __init__(
        self,
        folder: Path,
        reals: str | None = None,
        *,
        out: Path | None = None,
        runs: Path = Path("runs"),
        pattern: str | None = None,
        grid: str | None = None,
        scalars: Path | None = None,
        images_per_epoch: int | None = None,
        batch_size: int | None = None,
        log_to: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> None:
        self.folder, self.progress = folder, progress or Progress()
        self._looking: dict[str, Any] = dict(pattern=pattern, scalars=scalars, batch_size=batch_size)
        found = find(folder, images_per_epoch=images_per_epoch, **self._looking)
        reals = reals or found.data
        dataset = None if reals is None else load_dataset(reals, progress=self.progress.say, square=True)
        side = found.side or (dataset.train.images.shape[-1] if dataset else None)
        self.grid = self._grid(found, grid, side)
        size = min(LARGEST_SIDE, *((self.grid.width, self.grid.height) if self.grid else (side or 64,) * 2))
        if self.grid is not None and self.grid.lefts and dataset is not None:  # a figure shows pictures enlarged
            size = min(size, dataset.train.images.shape[-1])
        stored, name = "", reals or "no real images"
        if reals is not None and dataset is not None and dataset.train.images.shape[-1] != size:
            dataset = load_dataset(reals, size=size, progress=self.progress.say, square=True)
        if dataset is None and found.reals is not None and self.grid is not None:
            name = found.reals.name
            stored, dataset = self._reals_on_sheet(found.reals, size)
        self.dataset = dataset
        if images_per_epoch is None and reals is not None and dataset is not None:
            images_per_epoch = len(dataset.train.images)
        self._looking["images_per_epoch"] = images_per_epoch
        self.found = found = find(folder, **self._looking)
        channels = dataset.train.images.shape[1] if dataset else 3
        count = self.grid.columns * self.grid.rows - self._empty if self.grid else 1
        count *= max((len(paths) for _, paths in found.moments), default=1)
        settings = Watched(
            trainer=found.trainer, data=name, stored=stored, size=size, channels=channels, objective=found.objective,
            batch_size=batch_size or found.batch_size, num_fakes=min(count, MOST_FAKES), source=str(folder.resolve()),
            map="pacmap" if dataset else "none", metrics=dataset is not None,
        )  # fmt: skip
        self.run = self._run(settings, out, runs)
        self._say(found, settings)
        judge = ImageJudge(self.run, dataset, settings, self.progress) if dataset and found.moments else Judge()
        self._judge = judge
        if isinstance(judge, ImageJudge):
            judge.also = self._also
        known = len(dataset.train.images) if dataset else 1000
        self._recorder = Recorder(
            self.run, num_images=found.num_images or images_per_epoch or known, judge=judge,
            images_per_iteration=settings.batch_size or 32,
            bridge=Bridge(self.run, log_to, self.progress.say) if log_to else None,
        )  # fmt: skip
        self._stamps: dict[int, float] = {}
        self._shown_at: dict[Path, int] = {}
        self._lock = contextlib.ExitStack()
        self._lock.enter_context(self.run.locked())
        self.run.unmark_finished()

    # ---- what is there -----------------------------------------------------------------------------------------------
    @property
    def outgrown(self) -> bool:
        """Whether the first pictures have come since: numbers came before, so how to read those was not known."""
        return self.grid is None and bool(self.found.moments)

    def update(self) -> bool:
        """Take in what is new in the folder; returns whether anything was."""
        found = self.found = find(self.folder, **self._looking)
        self._begun_again(found)
        logged = max((line["images_seen"] for line in self.run.history()), default=-1)
        shown = {line["images_seen"] for line in self.run.evals()} | set(self.run.samples())
        new = [(seen, 0, row) for seen, row in found.rows if seen > logged]
        moments = [] if self.outgrown else found.moments
        pictures = [(seen, 1, paths) for seen, paths in moments if seen not in shown or self._changed(seen, paths)]
        bare = [(seen, 2, row) for seen, row in found.metrics if seen not in shown and seen not in dict(found.moments)]
        todo: list[Any] = sorted([*new, *pictures, *bare], key=lambda entry: entry[:2])
        done = False
        for seen, kind, what in todo:
            if kind == 0:
                self._recorder.log(seen, what)
                done = True
            elif kind == 1:
                done = self._show(seen, what) or done
            else:
                self._note(seen)
                done = True
        rows = [seen for seen, _ in found.rows]
        if rows and not found.moments and not found.metrics and rows[-1] not in shown:
            self._note(rows[-1])
        if self._recorder.bridge is not None:
            self._recorder.bridge.update()
        return done

    def _begun_again(self, found: Found) -> None:
        """Drop what the folder no longer says: numbers of a training that began anew, pictures at other moments."""
        stale = [seen for seen, paths in found.moments for path in paths if self._shown_at.get(path, seen) != seen]
        if stale:  # more files have shown what the numbers in the names count
            self.progress.say(f"{self.folder}: the pictures are read at other moments than before")
            self.run.rewind(-1)
            self._stamps, self._shown_at = {}, {}
            return
        history = self.run.history()
        rows = found.rows[: len(history)]
        for i, line in enumerate(history):
            row = rows[i] if i < len(rows) else None
            if row is None or row[0] != line["images_seen"] or any(line.get(n, v) != v for n, v in row[1].items()):
                self.progress.say(f"{self.folder}: the numbers begin again at {line['images_seen']:,} images")
                self.run.rewind(min([line["images_seen"], *([row[0]] if row else [])]) - 1)
                self._stamps = {}
                return

    def finish(self) -> None:
        """Wait for the map; what has been measured is then all there."""
        self._judge.finish(True)
        if not isinstance(self._judge, ImageJudge) and self.run.verdict():
            self.progress.say(f"verdict: {self.run.verdict()}")

    def close(self) -> None:
        if self._recorder.bridge is not None:
            self._recorder.bridge.finish(self.run.product("report.html"))
        self._judge.close()
        self._lock.close()

    def _show(self, seen: int, paths: list[Path]) -> bool:
        """One moment's pictures, unless they are still being written."""
        newest = max(_changed_at(path) for path in paths)
        if time.time() - newest < QUIET_SECONDS:
            return False
        try:
            fakes = self._fakes(paths)
        except (OSError, DataError, ValueError) as error:
            if self._stamps.get(seen) != newest:
                self.progress.say(f"{paths[0].name} is left out: {error}")
            self._stamps[seen] = newest
            return False
        if seen in self.run.samples():  # overwritten since: it is the newest, nothing comes after it
            self.run.rewind(seen - 1)
            for at, row in self.found.rows:
                if at == seen:
                    self._recorder.log(at, row)
        self._stamps[seen] = newest
        self._shown_at |= dict.fromkeys(paths, seen)
        self._recorder.snapshot(seen, fakes, train_seconds=newest - self._began())
        if not isinstance(self._judge, ImageJudge):
            self._note(seen)
        return True

    def _changed(self, seen: int, paths: list[Path]) -> bool:
        """Whether the newest moment's files were written again after they were read, in this process."""
        newest = self.found.moments[-1][0] == seen
        known = self._stamps.get(seen)
        return newest and known is not None and max(_changed_at(path) for path in paths) > known

    def _began(self) -> float:
        return min(_changed_at(path) for _, paths in self.found.moments[:1] for path in paths)

    # ---- pictures ----------------------------------------------------------------------------------------------------
    def _grid(self, found: Found, given: str | None, side: int | None) -> Grid | None:
        """The grid of the sheets; None where there are no pictures."""
        self._empty = 0
        paths = [path for _, paths in found.moments for path in paths[:1]]
        if not paths:
            return None
        spread = [paths[i] for i in sorted({0, len(paths) // 3, 2 * len(paths) // 3, len(paths) - 1})]
        several = [path for _, moment in found.moments[-2:] for path in moment[1:4]]
        sheets = [sheet for path in [*several, *spread] if (sheet := _open_or_none(path)) is not None]
        if not sheets:
            writing = time.time() - _changed_at(paths[-1]) < QUIET_SECONDS
            raise (NothingYetError if writing else DataError)(
                f"{paths[-1]} cannot be read as a picture", todo="check the files, or name others: --pattern"
            )
        height, width = sheets[-1].shape[:2]
        sheets = [sheet for sheet in sheets if sheet.shape == sheets[-1].shape]
        grid = grid_given(given, height, width, sheets) if given else self._grid_of(found, sheets, side)
        if grid.columns * grid.rows > 1:
            self._empty = empty_at_the_end(sheets, grid)
        return grid

    def _grid_of(self, found: Found, sheets: list[U8], side: int | None) -> Grid:
        height, width = sheets[0].shape[:2]
        if found.trainer not in ("DCGAN example", "lightweight-gan", "another trainer", "a folder a moment"):
            for tile in [found.side] if found.side else [2**k for k in range(10, 2, -1)]:
                columns, rows = stylegan_grid(tile)
                if (columns * tile, rows * tile) == (width, height):
                    return Grid(columns, rows, tile, tile)
        if (
            found.reals is not None
            and (more := _open_or_none(found.reals)) is not None
            and more.shape == sheets[0].shape
        ):
            sheets = [*sheets, more]
        return guess_grid(sheets, side)

    def _fakes(self, paths: list[Path]) -> U8:
        """The images of one moment, `(M, C, S, S) uint8`."""
        assert self.grid is not None
        settings = self.run.settings()
        size, channels = settings.size, settings.channels
        assert size is not None and channels is not None
        tiles = []
        for path in paths[:MOST_FAKES]:
            sheet = open_sheet(path)
            grid, empty = self.grid, self._empty
            if grid.columns * grid.rows == 1:
                grid = Grid(1, 1, sheet.shape[1], sheet.shape[0])
            elif not grid.fits(sheet.shape[1]):
                grid = self._other_grid(sheet)
                empty = empty_at_the_end([sheet], grid)
            cut = grid.cut(sheet)
            tiles.append(fit_images(cut[: len(cut) - empty], size, channels))
        return np.concatenate(tiles)[:MOST_FAKES]

    def _other_grid(self, sheet: U8) -> Grid:
        """The grid of a sheet of another size than the newest one's.

        Raises:
            DataError: its tiles are of another size.
        """
        assert self.grid is not None
        known = self.grid
        found = guess_grid([sheet], known.width)
        if found.columns * found.rows == 1 or (found.width, found.height) != (known.width, known.height):
            raise DataError("it has another size", found=f"{sheet.shape[1]}×{sheet.shape[0]}, not {known}")
        return found

    def _reals_on_sheet(self, path: Path, size: int) -> tuple[str, Dataset]:
        assert self.grid is not None
        tiles = self.grid.cut(open_sheet(path))
        grey = int(np.ptp(tiles.astype(np.int16), axis=1).max()) <= 2
        stored, dataset = keep_arrays(fit_images(tiles, size, 1 if grey else 3), name=path.name)
        self.progress.say(
            f"the {len(tiles):,} images on {path.name} stand for the real ones: name all of them with --reals"
        )
        return stored, dataset

    # ---- lines -------------------------------------------------------------------------------------------------------
    def _also(self, images_seen: int) -> tuple[dict[str, Any], list[Finding]]:
        """What the trainer's own numbers add to a measurement: metrics, and what they say."""
        row = dict(self.found.metrics).get(images_seen, {})
        metrics = {name: metric_entry(name, value) for name, value in row.items() if value is not None}
        return metrics, warnings_at(images_seen, self.found.rows, self.found.metrics)

    def _note(self, images_seen: int) -> None:
        """A line of evals.jsonl for a moment at which nothing is measured here."""
        metrics, findings = self._also(images_seen)
        first = findings[0] if findings else None
        word = {"failure": "failing: ", "warning": "warning: "}.get(first.severity, "") if first else ""
        said = f"{word}{first.id} since {first.first:,} images. {first.sentence}" if first else "Numbers only."
        missing = "no real images to compare with (--reals DATA)" if self.dataset is None else ""
        missing = missing if self.found.moments else "no pictures of known moments in the folder"
        said += f" Nothing was measured here: there are {missing}." if missing else ""
        self.run.append(
            "evals",
            {
                **self._recorder.where(images_seen), "metrics": metrics, "class_share": None,
                "findings": [one.to_dict() for one in findings],
                "verdict": said,
                "best": self._best(),
            },
        )  # fmt: skip

    def _best(self) -> int | None:
        """The moment of the trainer's own lowest distance, where its distances can be true."""
        known = [
            (value, seen) for seen, row in self.found.metrics for name, value in row.items()
            if is_distance(name) and value is not None
        ]  # fmt: skip
        broken = any(finding.id == "impossible_metric" for finding in warnings_at(2**62, [], self.found.metrics))
        return min(known)[1] if known and not broken else None

    # ---- the run -----------------------------------------------------------------------------------------------------
    def _run(self, settings: Watched, out: Path | None, runs: Path) -> Run:
        for run in [Run(out)] if out is not None else reversed(list_runs(runs)):
            if not run.config_path.is_file():
                continue
            stored = run.settings()
            if isinstance(stored, Watched) and stored.source == settings.source:
                if stored != settings:
                    run.rewind(-1)  # read otherwise than before: begin again
                    run.store_config(settings)
                return run
            if out is not None:
                raise DataError(f"{out} is the run of something else", todo="name another folder with --out")
        dataset = self.dataset
        facts: dict[str, Any] = {"name": settings.data}
        if dataset is not None:
            facts |= {
                "num_train": len(dataset.train.images), "num_test": len(dataset.test.images),
                "shape": list(dataset.train.images.shape[1:]), "content_hash": dataset.train.content_hash,
                "classes": list(dataset.train.class_names),
            }  # fmt: skip
        environment = describe(command=["ganscope", "watch"], backend_reason=settings.trainer, threads=1, dataset=facts)
        path = out or claim_run_path(runs, self.folder.resolve().name, "watched")
        return Run.create(path, settings, environment, "The networks are another program's.\n")

    def _say(self, found: Found, settings: Watched) -> None:
        """What was found out, so that a wrong guess is seen."""
        say = self.progress.say
        counts = f"{len(found.moments):,} moments with pictures, {len(found.rows):,} lines of numbers"
        say(f"{self.folder}: {found.trainer}, {counts} → {self.run.path}")
        if self.grid is not None:
            say(f"sheets: {self.grid} (wrong? --grid {self.grid.flag})")
        if self.dataset is None:
            say("no real images: pictures and curves only; name the training data with --reals")
        for line in found.said:
            say(line)


def open_sheet(path: Path) -> U8:
    """A picture file as `(H, W, 3) uint8`, transparency over white.

    Raises:
        DataError: it is too large, or no picture of a known format.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise DataError(f"{path.name} is too large", found=f"{image.width}×{image.height} pixels")
            if image.mode.startswith("I"):  # 16 bits a pixel, which Pillow would cut off at 255
                deep = np.asarray(image).astype(np.int64)
                grey = np.clip(deep // 257 if deep.max(initial=0) > 255 else deep, 0, 255).astype(np.uint8)
                return np.ascontiguousarray(np.repeat(grey[:, :, None], 3, axis=2))
            if image.mode in ("RGBA", "LA", "P", "PA"):
                layer = image.convert("RGBA")
                white = Image.new("RGBA", layer.size, "white")
                return np.asarray(Image.alpha_composite(white, layer).convert("RGB"))
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(f"{path.name} cannot be read", found=str(error)) from error


def _open_or_none(path: Path) -> U8 | None:
    try:
        return open_sheet(path)
    except DataError:
        return None


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


@contextlib.contextmanager
def following(follower: Follower) -> Iterator[Follower]:
    """The follower, closed in the end."""
    try:
        yield follower
    finally:
        follower.close()
