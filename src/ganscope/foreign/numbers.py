"""Numbers that other trainers write: JSON lines, CSV, text and TensorBoard events, as lines of history and metrics.

Every reader gives rows `(images_seen, {name: number})`, oldest first. A last line that is still being written, or a
damaged one, is left out; NaN and infinity become None.
"""

from __future__ import annotations

import csv
import json
import math
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ganscope.errors import DataError, DependencyError
from ganscope.foreign.names import QUIET as QUIET_SECONDS
from ganscope.foreign.names import UNITS, passes

Row = tuple[int, dict[str, float | None]]
STYLEGAN = {
    "Loss/G/loss": "g_loss", "Loss/D/loss": "d_loss", "Loss/scores/real": "d_real_logit",
    "Loss/scores/fake": "d_fake_before_logit", "Loss/r1_penalty": "r1_penalty", "Loss/r2_penalty": "r2_penalty",
    "Progress/augment": "augment", "Timing/sec_per_kimg": "seconds_per_kimg",
}  # fmt: skip
POSITIONS = (
    "images_seen", "images", "nimg", "kimg", "epoch", "epochs", "step", "steps", "global_step", "iteration",
    "iterations", "iter", "iters", "batch", "batches",
)  # fmt: skip
NO_POSITION = {"per", "lr", "rate", "time", "sec", "seconds", "loss", "size", "mean"}  # words of a column
MOST_BYTES = 256 * 2**20  # of a file of numbers


def stylegan_stats(path: Path) -> list[Row]:
    """`stats.jsonl`: one object a tick, name → num, mean, std."""
    rows = []
    for line in json_lines(path):
        means = {name: mean_of(value) for name, value in line.items()}
        kimg = means.get("Progress/kimg")
        if kimg is None:
            continue
        found = {ours: means[theirs] for theirs, ours in STYLEGAN.items() if theirs in means}
        rows.append((round(1000 * kimg), with_probabilities(found)))
    return rows


def stylegan_metrics(folder: Path) -> list[Row]:
    """`metric-*.jsonl`: the moment is in the name of the snapshot, which itself is never opened."""
    rows: dict[int, dict[str, float | None]] = {}
    for path in sorted(folder.glob("metric-*.jsonl")):
        for line in json_lines(path):
            kimg = re.search(r"(\d{4,})", str(line.get("snapshot_pkl") or ""))
            results = line.get("results")
            if kimg and isinstance(results, dict):
                seen = rows.setdefault(1000 * int(kimg[1]), {})
                seen |= {str(name): number(value) for name, value in results.items()}
    return sorted(rows.items())


def fid_scores(path: Path, per_step: float) -> list[Row]:
    """`fid_scores.txt` of lightweight-gan: `step,fid`."""
    rows = []
    for line in text_of(path).splitlines():
        parts = line.split(",")
        if len(parts) == 2 and number_in(parts[0]) is not None:
            rows.append((round(float(parts[0]) * per_step), {"fid": number_in(parts[1])}))
    return rows


def table(path: Path, images_at: Callable[..., int], passes_per_step: float | None = None, like: str = "") -> list[Row]:
    """A CSV file with a header, or JSON: a column says when, the others are numbers under their names.

    Where time goes back, a training began again there: what it had written after that moment is left out.

    Args:
        images_at: images seen at a number of epochs, steps, … by the name of that column, and by the first number.
        passes_per_step: what a step is of an epoch, where that is known: for tables with a column of each.
        like: what the pictures count: where the table has such a column, it is the one that says when.

    Raises:
        DataError: no numbers in it.
    """
    records = _records(path)
    if records and "Progress/kimg" in records[0]:
        return stylegan_stats(path)
    cells = [{str(name).strip(): cell(value) for name, value in _flat(record)} for record in records]
    keys = {position_of(key): key for record in cells for key, value in record.items() if value is not None}
    at = sorted((name for name in POSITIONS if name in keys), key=lambda name: UNITS[name] != like)
    times = [_whens(cells, keys[name]) for name in at[:1]]
    inside = next((name for name in at if UNITS[name] == "step"), "")
    unit = at[0] if at else "row"
    if inside and UNITS[unit] == "epoch":
        both = [(a, b) for a, b in zip(times[0], _whens(cells, keys[inside]), strict=True)]
        known = [pair for pair in both if None not in pair]
        unit, values = passes([int(a or 0) for a, _ in known], [int(b or 0) for _, b in known], passes_per_step)
        place = iter(values)
        times = [[None if None in pair else next(place) for pair in both]]
    whens = times[0] if times else [float(index) for index in range(len(cells))]
    first = min((when for when in whens if when is not None), default=0.0)
    rows: list[Row] = []
    for when, record in zip(whens, cells, strict=True):
        filled = {key: value for key, value in record.items() if value is not None and not position_of(key)}
        named = {name_of(key): number(value) for key, value in filled.items()}
        if when is None or not named:
            continue
        seen = images_at(unit, when, first)
        if rows and seen < rows[-1][0]:
            rows = [row for row in rows if row[0] < seen]
        rows.append((seen, with_probabilities(named)))
    if not rows:
        raise DataError(f"{path} holds no numbers", found="no row of numbers", todo="give a CSV file with a header")
    return rows


def position_of(column: str) -> str:
    """The one of `POSITIONS` that a column is, such as `Global Step` or `train/epoch`; empty where it is none."""
    words = [word for word in re.split(r"[^a-z0-9]+", column.lower()) if word]
    if "_".join(words) in POSITIONS or not words or set(words) & NO_POSITION:
        return "_".join(words) if "_".join(words) in POSITIONS else ""
    return words[-1] if words[-1] in POSITIONS and words[-1] not in ("images", "batch") else ""


def _whens(cells: list[dict[str, float | None]], key: str) -> list[float | None]:
    return [number(record.get(key)) for record in cells]


def _records(path: Path) -> list[dict[str, Any]]:
    """The rows of a table as name → value; a last line that is just being written is left out.

    Raises:
        DataError: a CSV file without a header.
    """
    text = text_of(path)
    if path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
        return (_whole_json(text) if path.suffix.lower() == ".json" else []) or list(json_lines(path))
    lines = text.splitlines()
    if lines and not text.endswith("\n") and time.time() - path.stat().st_mtime < QUIET_SECONDS:
        lines.pop()
    if not lines:
        return []
    kind = max(",;\t ", key=lambda mark: (lines[0].count(mark), mark != " "))
    kind = next((mark for mark in ",;\t" if mark in lines[0]), kind)
    reader = csv.DictReader((line.replace("\0", "") for line in lines), delimiter=kind, skipinitialspace=True)
    try:
        records: list[dict[str, Any]] = list(reader)
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as a table", found=str(error), todo="give a CSV file") from error
    names = [name for name in reader.fieldnames or () if name]
    if names and all(cell(name) is not None for name in names):
        raise DataError(
            f"{path} has no header", found=lines[0][:60], todo="begin it with a line of names: epoch,g_loss"
        )
    if kind == ";":  # where a decimal comma is written
        comma = re.compile(r"\s*-?\d+,\d+([eE][-+]?\d+)?\s*")
        for record in records:
            for name, value in record.items():
                if isinstance(value, str) and comma.fullmatch(value):
                    record[name] = value.replace(",", ".")
    return records


def _whole_json(text: str) -> list[dict[str, Any]]:
    """A list of objects, or an object of lists as a history of Keras is."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if isinstance(found, list):
        return [one for one in found if isinstance(one, dict)]
    columns = {name: values for name, values in found.items() if isinstance(values, list)} if found else {}
    length = max((len(values) for values in columns.values()), default=0)
    return [{name: values[i] for name, values in columns.items() if i < len(values)} for i in range(length)]


def _flat(record: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """The entries of an object and of the objects in it, as `loss/g`."""
    for name, value in record.items():
        if name is None:  # cells beyond the header
            continue
        if isinstance(value, dict) and before.count("/") < 4:
            yield from _flat(value, f"{before}{name}/")
        else:
            yield f"{before}{name}", value


def cell(value: Any) -> float | None:
    """A number, NaN with them, or None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def events(paths: list[Path], images_at: Callable[[str, float], int]) -> list[Row]:
    """Scalars of TensorBoard's event files, through TensorBoard's own reader.

    Raises:
        DependencyError: the package is not installed.
    """
    try:
        from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    except ImportError as error:
        todo = 'pip install "ganscope[tensorboard]"'
        raise DependencyError("event files need the package tensorboard", found=str(error), todo=todo) from error
    rows: dict[int, dict[str, float | None]] = {}
    for path in paths:
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                made = _scalar_of(value)
                if made is not None:
                    rows.setdefault(int(event.step), {})[STYLEGAN.get(value.tag) or name_of(value.tag)] = made
    return [(images_at("step", step), with_probabilities(found)) for step, found in sorted(rows.items())]


def _scalar_of(value: Any) -> float | None:
    if value.HasField("simple_value"):
        return number(value.simple_value)
    floats = list(value.tensor.float_val) if value.HasField("tensor") else []
    if len(floats) == 1:
        return number(floats[0])
    if value.HasField("tensor") and value.tensor.dtype == 1 and len(value.tensor.tensor_content) == 4:
        import struct

        return number(struct.unpack("<f", value.tensor.tensor_content)[0])
    return None


def name_of(column: str) -> str:
    """Our name of a column that means a loss or a score, else its own."""
    plain = re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")
    words = set(plain.split("_"))
    g, d = words & {"g", "gen", "generator", "netg"}, words & {"d", "disc", "discriminator", "netd", "critic"}
    g, d = g or ("gloss" in words and {"g"}) or set(), d or ("dloss" in words and {"d"}) or set()
    loss = words & {"loss", "err", "error", "losses", "gloss", "dloss"} or plain in ("errg", "errd", "lossg", "lossd")
    if "z" in plain and plain.startswith("d_g_z"):
        return "d_fake_after" if plain.endswith("2") else "d_fake_before"
    if plain in ("errg", "lossg", "lossdg"):
        return "g_loss"
    if plain in ("errd", "lossd"):
        return "d_loss"
    if plain in ("d_x", "dx") or ("real" in words and words & {"score", "scores", "d"} and not loss):
        return "d_real"
    if "fake" in words and words & {"score", "scores", "d"} and not loss:
        return "d_fake_before"
    if loss and g and not d:
        return "g_loss"
    if loss and d and not g and not words & {"real", "fake"}:
        return "d_loss"
    return column


def with_probabilities(found: dict[str, float | None]) -> dict[str, float | None]:
    """Beside each mean logit of D its sigmoid; scores outside [0, 1] are logits."""
    for name in ("d_real", "d_fake_before", "d_fake_after"):
        score = found.get(name)
        if score is not None and not 0 <= score <= 1:
            found[f"{name}_logit"] = score
        logit = found.get(f"{name}_logit")
        if logit is not None:
            found[name] = 1 / (1 + math.exp(-max(-50.0, min(50.0, logit))))
    return found


def mean_of(value: Any) -> float | None:
    return number(value.get("mean")) if isinstance(value, dict) else number(value)


def number(value: Any) -> float | None:
    """A finite number, else None."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good else None


def number_in(value: Any) -> float | None:
    try:
        return number(float(value))
    except (TypeError, ValueError):
        return None


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines; what is cut short or damaged is left out."""
    for text in text_of(path).splitlines():
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            yield found


def text_of(path: Path) -> str:
    """The text of a file, empty where it cannot be read or is too large to be one of numbers."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
