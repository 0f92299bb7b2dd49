"""What the page receives of a run, as containers: the same bytes for the live page and for the HTML file.

    base.glv         settings, environment, networks, classes; the reals on the map    changes when the map arrives
    log.glv          curves, measurements, findings, verdict                           changes with every line
    snap/65536.glv   one snapshot: the fakes' points, scores, images                   never changes under its key
    atlas/0.webp     a page of real thumbnails                                         never changes

`index` lists them with a key that changes when the content does. Every reader takes the run as it is at that moment: a
missing map, a missing snapshot or a file that cannot be read yet is left out, and appears under a new key later.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.config import unmeasured
from ganscope.diagnosis import key_moments, still_better
from ganscope.errors import GanscopeError
from ganscope.maps import Thumbs, at_least, encode_grid, shrink
from ganscope.page import container
from ganscope.runs import (
    LINE_FILES,
    EvalLine,
    FakePoints,
    MapInfo,
    Run,
    read_fakes,
    read_images,
    read_json,
    read_map_info,
    read_reals,
    regular,
)

MOST_ROWS = 6_000  # rows of a curve; longer ones are averaged, which no screen can show anyway
HISTORY = (
    "iteration",
    "epoch",
    "d_loss",
    "g_loss",
    "d_real",
    "d_fake_before",
    "d_fake_after",
    "value",
    "jsd_bound",
    "d_grad_norm",
    "g_grad_norm",
    "d_lr",
    "g_lr",
    "augment_strength",
    "r_v",
)
TEST = ("d_loss", "g_loss", "d_real", "d_fake", "value")


@dataclass(frozen=True)
class Pictures:
    """How the images of a snapshot are stored."""

    quality: int | None = 80  # WebP; None: without loss
    count: int = 256  # images of a snapshot, at most
    side: int = 128  # pixels of the longer side, at most


def index(run: Run) -> dict[str, Any]:
    """What is there now: the name and state of the run, and a key for each container.

    `{"name", "finished", "writing", "written", "base", "log", "atlas", "generator", "snapshots": [[images_seen, key],
    …]}`, where `writing` says whether a training holds the run (null: not known), and `written` when its last line
    came, in Unix seconds.
    """
    info = map_info(run)
    fixed = [run.config_path, run.environment_path, run.real_map_info_path, run.toy_path / "scene.glv"]
    lines = [run.lines_path(name) for name in LINE_FILES]
    return {
        "name": shown_name(run),
        "finished": run.finished(),
        "writing": run.in_use(),
        "written": _written([run.lines_path(name) for name in LINE_FILES]),
        "base": _key(*fixed),
        "log": _key(*lines, run.product("finished.json")),
        "atlas": len(run.atlas_pages()) if info else 0,
        "points": run.toy_path.is_dir(),
        "generator": _generator_key(run),
        "snapshots": [[seen, _key(*_snapshot_files(run, seen))] for seen in snapshots(run)],
    }


def shown_name(run: Run) -> str:
    """Its folder's name; of a sweep, whose runs are called after their seeds, with the trial's name before it."""
    path = run.path.resolve()
    return f"{path.parent.name}/{path.name}" if (path.parent / "trial.json").is_file() else path.name


def state(run: Run) -> dict[str, Any]:
    """Name, life and keys of a run, without its snapshots: what a list of runs asks again and again."""
    lines = [run.lines_path(name) for name in ("history", "test", "evals")]
    samples = run.samples()
    return {
        "name": run.path.name,
        "finished": run.finished(),
        "writing": run.in_use(),
        "written": _written([run.lines_path(name) for name in LINE_FILES]),
        "log": _key(*lines, run.config_path, run.product("finished.json")),
        "thumb": _key(run.sample_path(samples[-1], ".npy")) if samples else "",
    }


def contact(run: Run, count: int, side: int) -> bytes | None:
    """The first images of the newest snapshot in one row of WebP, `side` pixels each at most; None without images."""
    for images_seen in reversed(run.samples()):
        images = read_images(run.sample_path(images_seen, ".npy"))
        if images is not None and len(images):
            return _pictures(images, Pictures(quality=70, count=count, side=side))[1]
    return None


def snapshots(run: Run) -> list[int]:
    """`images_seen` of everything there is to see, in order."""
    seen = {*run.samples(), *run.map_points(), *run.toy_containers()}
    return sorted(seen | {line.images_seen for line in run.read(EvalLine)})


def has_snapshot(run: Run, images_seen: int) -> bool:
    """Whether `images_seen` is one of `snapshots`; by its files, so that asking for each in turn reads no line."""
    return any(regular(path) for path in _snapshot_files(run, images_seen)[:-1]) or images_seen in snapshots(run)


def base(run: Run) -> bytes:
    """The container `base.glv`."""
    info, real = map_info(run), read_reals(run.real_map_path)
    meta: dict[str, Any] = {
        "kind": "base",
        "name": shown_name(run),
        "config": read_json(run.config_path) or {},
        "environment": read_json(run.environment_path) or {},
        "networks": run.networks(),
        "map": None,
        "toy": None,
        "why": _why_unmeasured(run),
    }
    sections: dict[str, container.Section] = {}
    with contextlib.suppress(OSError, ValueError):  # no toy, or half written
        meta["toy"], more = container.decode((run.toy_path / "scene.glv").read_bytes())
        sections |= {f"toy_{name}": section for name, section in more.items()}
    if info and real:
        frame = frame_of(real.xy)
        thumbs = _thumbs(info)
        meta["map"] = {
            "n": len(real.xy),
            "frame": frame.as_dict(),
            "thumb": thumbs.as_dict() if thumbs else None,
            **{key: info.stored.get(key) for key in ("method", "seed", "features")},
            "classes": list(info.classes),
            "labelled": info.labelled,
        }
        sections["xy"] = container.to_u16(real.xy, frame)
        sections["label"] = container.labels_to_small(real.label)
    return container.encode(meta, sections)


def _why_unmeasured(run: Run) -> str:
    """Why the run has neither metrics nor a map, "" where it has, or where it does not say of how many images it is."""
    data = (read_json(run.environment_path) or {}).get("dataset")
    count = data.get("num_train") if isinstance(data, dict) else None
    return unmeasured(count) if isinstance(count, int) and not run.toy_path.is_dir() else ""


def log(run: Run) -> bytes:
    """The container `log.glv`."""
    evals = run.evals()
    shares = [line.pop("class_share", None) for line in evals]
    meta: dict[str, Any] = {"kind": "log", "finished": run.finished(), "summary": run.summary(), "story": story(run)}
    meta["still"] = still_better(evals) if run.finished() else ""
    meta |= {"history": HISTORY, "test": TEST}
    text = json.dumps(container.finite(evals), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    sections: dict[str, container.Section] = {"evals": np.frombuffer(text.encode(), np.uint8)}
    for name, columns in (("history", HISTORY), ("test", TEST)):
        x, table = _columns(run.lines(name), columns)
        sections[name + "_x"], sections[name] = x, table
    sections["clock_x"], sections["clock"] = _columns(_clock(run), ("train_seconds",))
    known = [share for share in shares if share]
    if known:
        width = len(known[-1]["real"])
        sections["share_real"] = np.asarray(known[-1]["real"], np.float32)
        rows = [share["fake"] if share and len(share["fake"]) == width else [np.nan] * width for share in shares]
        sections["share_fake"] = np.asarray(rows, np.float32)
    return container.encode(meta, sections)


def _clock(run: Run) -> list[dict[str, Any]]:
    """The lines that say how long the training had run, without those of a stretch that was trained twice."""
    found: dict[int, dict[str, Any]] = {}
    for line in run.lines("timing"):
        if isinstance(line.get("train_seconds"), int | float):
            found[int(line["images_seen"])] = line
    return [found[seen] for seen in sorted(found)]


def story(run: Run) -> list[dict[str, Any]]:
    """The key moments of the run, of which there are pictures or points."""
    info = map_info(run)
    shown = set(snapshots(run))
    moments = key_moments(run.evals(), info.classes if info and info.labelled else ())
    return [moment.to_dict() for moment in moments if moment.images_seen in shown]


def snapshot(run: Run, images_seen: int, pictures: Pictures | None = None) -> bytes:
    """The container of one snapshot; what cannot be read is left out of it."""
    if run.toy_container(images_seen).is_file():
        return run.toy_container(images_seen).read_bytes()
    pictures = pictures or Pictures()
    meta: dict[str, Any] = {"kind": "snapshot", "images_seen": images_seen}
    meta |= {"points": 0, "images": None, "more": None, "samples": None}
    sections: dict[str, container.Section] = {}
    fake, real = read_fakes(run.map_path(images_seen)), read_reals(run.real_map_path)
    thumbs = None
    if fake and real and map_info(run):
        meta["points"] = len(fake.xy)
        sections |= _points(fake, frame_of(real.xy))
        thumbs = fake.images
    samples = read_images(run.sample_path(images_seen, ".npy"))
    if samples is not None and thumbs is not None and samples.shape[3] <= thumbs.shape[3]:
        samples = None  # the map's images are the same latents, at least as large
    for name, images in (("images", thumbs), ("samples", samples)):
        if images is not None and len(images):
            meta[name], sections[name] = _pictures(images[: pictures.count], pictures)
    more = read_images(run.more_pictures_path(images_seen), "images")
    if more is not None and thumbs is not None and pictures.count >= len(thumbs):
        about, sections["more"] = _pictures(more, pictures)
        meta["more"] = about | {"first": len(thumbs)}
    return container.encode(meta, sections)


def frame_of(xy: NDArray[np.float32]) -> container.Frame:
    """The frame of a run's map: from the reals alone, so that no snapshot ever moves it."""
    return container.frame_around(xy, margin=0.5)


def _points(fake: FakePoints, frame: container.Frame) -> dict[str, container.Section]:
    asked = {"asked": container.labels_to_small(fake.asked)} if (fake.asked >= 0).any() else {}
    distance = np.nan_to_num(fake.distance.astype(np.float64), nan=655.35, posinf=655.35)
    return {
        "xy": container.to_u16(fake.xy, frame),
        "distance": np.clip(np.rint(distance * 100), 0, 65535).astype(np.uint16),  # hundredths
        "unlike": fake.unlike.astype(np.uint8),
        "score": container.share_to_u8(fake.score, 1.0),
        "label": container.labels_to_small(fake.label),
        "nearest": np.maximum(fake.nearest, 0).astype(np.uint32),
        **asked,
    }


def _pictures(images: NDArray[np.uint8], how: Pictures) -> tuple[dict[str, int], bytes]:
    count, channels, height, width = images.shape
    longer = max(height, width)
    if longer > how.side:
        w, h = max(1, width * how.side // longer), max(1, height * how.side // longer)
        images = shrink(images, Thumbs(w, h, 1 if channels == 1 else 3, 1, 1, count))
        height, width = h, w
    columns = max(1, min(count, 16))
    quality = how.quality and at_least(how.quality, max(height, width))
    about = {"count": count, "width": width, "height": height, "columns": columns}
    return about | {"channels": 1 if channels == 1 else 3}, encode_grid(images, columns, quality)


def _columns(lines: Sequence[dict[str, Any]], names: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """`images_seen (R,) float64` and the named columns `(len(names), R) float32`; long ones averaged in equal bins."""
    x = np.array([line["images_seen"] for line in lines], np.float64)
    table = np.array([[_number(line.get(name)) for line in lines] for name in names], np.float64)
    table = table.reshape(len(names), len(lines))
    if len(lines) > MOST_ROWS:
        edges = np.linspace(0, len(lines), MOST_ROWS + 1).astype(int)
        width = np.diff(edges)
        x = x[edges[1:] - 1]
        table = np.add.reduceat(table, edges[:-1], axis=1) / width
    return x, table.astype(np.float32)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def map_info(run: Run) -> MapInfo | None:
    """What the map of a run is of, None before it is laid out."""
    return read_map_info(run.real_map_info_path) if regular(run.real_map_path) else None


def _thumbs(info: MapInfo) -> Thumbs | None:
    try:
        return Thumbs.from_dict(info.thumb, num_images=info.n) if info.thumb else None
    except (KeyError, ValueError, ZeroDivisionError, OverflowError):
        return None


def thumbs_of(run: Run) -> Thumbs | None:
    """How the real thumbnails lie on their pages; None without a map or without thumbnails."""
    info = map_info(run)
    return _thumbs(info) if info else None


def _generator_key(run: Run) -> dict[str, str] | None:
    """The generator that the page can ask for; None before the first one is kept, and for points."""
    try:
        if run.has_points:
            return None
        images_seen = run.choose_generator("best")
    except GanscopeError:
        return None
    return {"key": _key(run.generator_path(images_seen), run.landing_path), "word": ""}


def _snapshot_files(run: Run, images_seen: int) -> list[Path]:
    more = run.more_pictures_path(images_seen)
    toy = run.toy_container(images_seen)
    return [run.map_path(images_seen), more, toy, run.sample_path(images_seen, ".npy"), run.real_map_info_path]


def _written(files: Sequence[Path]) -> float | None:
    """When one of `files` was last written, in Unix seconds; None where there is none."""
    times = []
    for path in files:
        with contextlib.suppress(OSError):
            times.append(path.stat().st_mtime)
    return round(max(times), 1) if times else None


def _key(*files: Path) -> str:
    """A short name for the content of `files`: it changes when one is written, because files are replaced or grow."""
    stamps = []
    for path in files:
        try:
            stat = path.stat()
            stamps.append((path.name, stat.st_size, stat.st_mtime_ns))
        except OSError:
            stamps.append((path.name, -1, -1))
    return f"{zlib.crc32(repr(stamps).encode()):08x}"
