"""The map of a run: the reals laid out beside the first steps, by a process of its own, and the fakes placed on it.

    python -m ganscope.maps.maker RUN     what `MapMaker` starts; may be run by hand for a run without a map

The fitted layout is kept in the cache under the content of the data, so a second run on the same data has it at once;
in the run itself where the cache cannot be written.
Snapshots taken before the layout is there wait in `map/` and are placed as soon as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganscope.arraytypes import F32
from ganscope.config import RecordSettings
from ganscope.data import Dataset, cache_root, dataset_of
from ganscope.errors import RunError
from ganscope.files import atomic, write_json
from ganscope.maps import thumbnails
from ganscope.maps.landing import Landing
from ganscope.maps.placement import FittedMap
from ganscope.metrics import Evaluator, nearest
from ganscope.runs import Run, Snapshot

if TYPE_CHECKING:
    from ganscope.features import FeatureSpace

KEPT_IMAGES = 256  # of a snapshot's fakes, those whose pictures the page shows
LAYOUT_FORMAT = 3
LANDING_FORMAT = 1


class MapMaker:
    """Places snapshots on the map of one run; starts the layout where it is not in the cache."""

    def __init__(self, run: Run, dataset: Dataset, monitor: Evaluator, config: RecordSettings) -> None:
        self.run, self.config = run, config
        self.class_names, self.centres = list(monitor.kind_names), monitor.centres
        self.space_version = f"{monitor.space.name} {monitor.space.version}"
        self.paths = (fitted_path(dataset, self.space_version, config), own_path(run))
        self._worker: subprocess.Popen[bytes] | None = None
        # A pipe that nobody reads would block a worker that says much.
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 closed by `close`
        self._fitted: FittedMap | None = None
        if not (self._where() and run.real_map_info_path.is_file()):
            if self.centres is not None:
                with atomic(run.path / "map" / "centres.npy") as file:
                    np.save(file, self.centres)
            command = [sys.executable, "-m", "ganscope.maps.maker", str(run.path), str(os.getpid())]
            self._worker = subprocess.Popen(
                command,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                start_new_session=True,
                env={**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
            )

    def place(self, snapshot: Snapshot, features: np.ndarray, labels: np.ndarray) -> None:
        """Place one snapshot's fakes, or let them wait for the layout."""
        scores = np.full(len(snapshot.fakes), np.nan, np.float32) if snapshot.scores is None else snapshot.scores
        with atomic(self.run.waiting_path(snapshot.images_seen)) as file:
            asked: dict[str, Any] = {} if snapshot.labels is None else {"asked": snapshot.labels}
            np.savez(file, features=features, labels=labels, scores=scores, fakes=snapshot.fakes, **asked)
        if self._ready():
            self._place_waiting()

    def finish(self, say: Callable[[str], None]) -> None:
        """Wait for the layout, then place what waits for it."""
        if self._worker is not None and self._worker.poll() is None:
            say("laying out the real images for the map")
            self._worker.wait()
        if self._ready():
            self._place_waiting()
        elif self._worker is not None:
            self._said.seek(0)
            said = self._said.read().decode(errors="replace").strip()
            reason = said.split("\n")[-1] or f"status {self._worker.returncode}"
            say(f"no map: the layout failed ({reason})")

    def close(self) -> None:
        """End the layout's process, if it still runs: the next start begins it again."""
        if self._worker is not None and self._worker.poll() is None:
            self._worker.terminate()
            self._worker.wait()
        self._said.close()

    def _where(self) -> Path | None:
        """The file of the layout: in the cache, or in the run where the cache could not be written."""
        return next((path for path in self.paths if path.is_file()), None)

    def _ready(self) -> bool:
        path = self._where()
        if self._fitted is None and path is not None and self.run.real_map_info_path.is_file():
            self._fitted = FittedMap.load(path)
        return self._fitted is not None

    def _place_waiting(self) -> None:
        assert self._fitted is not None
        for images_seen in self.run.waiting():
            path = self.run.waiting_path(images_seen)
            with np.load(path, allow_pickle=False) as found:
                fakes = found["fakes"]
                placed = self._fitted.place(found["features"], fakes)
                asked: dict[str, Any] = {"asked": found["asked"].astype(np.int32)} if "asked" in found else {}
                with atomic(self.run.map_path(images_seen)) as file:
                    np.savez_compressed(
                        file, xy=placed.xy, distance=placed.distance, unlike=placed.unlike, nearest=placed.nearest,
                        score=found["scores"].astype(np.float32), label=found["labels"].astype(np.int32),
                        images=fakes[:KEPT_IMAGES], **asked,
                    )  # fmt: skip
                self._keep_more(images_seen, fakes[KEPT_IMAGES:])
            path.unlink()

    def _keep_more(self, images_seen: int, fakes: np.ndarray) -> None:
        """The pictures of all other points, while this is the last snapshot and as long as it is the best one."""
        for seen in self.run.more_pictures():
            if seen != self.run.best():
                self.run.more_pictures_path(seen).unlink(missing_ok=True)
        if len(fakes):
            with atomic(self.run.more_pictures_path(images_seen)) as file:
                np.savez_compressed(file, images=thumbnails.small(fakes))


def fitted_path(dataset: Dataset, space_version: str, config: RecordSettings) -> Path:
    """Where the layout of these reals in this feature space is kept."""
    key = f"{LAYOUT_FORMAT}/{dataset.train.content_hash}/{dataset.test.content_hash}/{space_version}/{config.map}"
    return cache_root() / "maps" / f"{config.map}-{hashlib.blake2b(key.encode(), digest_size=8).hexdigest()}.npz"


def own_path(run: Run) -> Path:
    """Where a run keeps the layout itself, when the cache is full or closed."""
    return run.real_map_path.with_name("layout.npz")


def lay_out(run: Run) -> None:
    """Lay out the reals of a run, unless the cache has them; write the layout and the thumbnails into the run."""
    config = run.settings()
    dataset = dataset_of(config)
    began_with = run.environment().get("dataset", {}).get("content_hash", dataset.train.content_hash)
    if dataset.train.content_hash != began_with:
        raise RunError(
            f"{config.data} has changed since {run.path} began", found="other images", todo="start a new run"
        )
    from ganscope.features import feature_space

    space = feature_space(dataset.train, dataset.test, cache_root())
    path = fitted_path(dataset, f"{space.name} {space.version}", config)
    kept = next((found for found in (path, own_path(run)) if found.is_file()), None)
    # Once: for a large set the features cost more than all that is done with them.
    features = space(dataset.train.images) if kept is None or not space.num_classes else None
    if kept is not None:
        fitted = FittedMap.load(kept)
    else:
        assert features is not None
        fitted = FittedMap.fit(
            features, dataset.train.images, method=config.map,
            held_out_features=space(dataset.test.images[:2000]), held_out_images=np.asarray(dataset.test.images[:2000]),
        )  # fmt: skip
        keep_layout(fitted, path, own_path(run))
    if space.num_classes:
        assert dataset.train.labels is not None
        kinds, names = dataset.train.labels, list(dataset.train.class_names)
    else:
        centres = np.load(run.path / "map" / "centres.npy", allow_pickle=False)
        assert features is not None
        kinds = nearest(features, centres, 1)[1][:, 0]
        names = [f"cluster {kind}" for kind in range(len(centres))]
    keep_landing(run, fitted.xy, dataset, space)
    with atomic(run.real_map_path) as file:
        np.savez_compressed(file, xy=fitted.xy, label=kinds.astype(np.int32), spacing=fitted.spacing)
    thumbs = thumbnails.fewer(dataset.train.images, thumbnails.plan(*dataset.train.images.shape))
    for number, page in enumerate(thumbnails.pages(dataset.train.images, thumbs)):
        with atomic(run.atlas_path(number)) as file:
            file.write(page)
    info: dict[str, Any] = {
        "n": len(dataset.train.images), "method": config.map, "seed": 0, "features": f"{space.name} {space.version}",
        "classes": names, "labelled": bool(space.num_classes), "thumb": thumbs.as_dict(),
    }  # fmt: skip
    write_json(run.real_map_info_path, info)


def keep_layout(fitted: FittedMap, path: Path, otherwise: Path) -> None:
    """Keep a layout in the cache, or in the run where the cache is full or closed: a layout costs minutes."""
    try:
        with atomic(path) as file:
            fitted.save(file)
    except RunError:
        with atomic(otherwise) as file:
            fitted.save(file)


def keep_landing(run: Run, xy: F32, dataset: Dataset, space: FeatureSpace) -> None:
    """What the page needs to place new images itself; nothing where it cannot run the feature space."""
    from ganscope.features import feature_operators
    from ganscope.networks import packed

    images = dataset.train.images
    try:
        operators = feature_operators(space, (images.shape[2], images.shape[3]))
    except ValueError:
        return  # a network that the user named
    landing = Landing.fit(xy, images, space)
    steps, weights = packed(operators, "float16", "features.")
    about = {"format": LANDING_FORMAT, "block": landing.block, "features": steps}
    arrays: dict[str, Any] = {"about": np.array(json.dumps(about)), **landing.arrays(), **weights}
    with atomic(run.landing_path) as file:
        np.savez(file, **arrays)


def end_with(parent: int) -> None:
    """End this process once `parent` is gone: one that was killed could not end it."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        end_with(int(sys.argv[2]))
    lay_out(Run.open(sys.argv[1]))
