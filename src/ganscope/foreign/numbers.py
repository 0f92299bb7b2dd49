"""Numbers that other trainers write: JSON lines, CSV, text and TensorBoard events, as lines of history and metrics.

Every reader gives rows `(images_seen, {name: number})`, oldest first. A last line that is still being written, or a
damaged one, is left out; NaN and infinity become None.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ganscope.errors import DataError, DependencyError

Row = tuple[int, dict[str, float | None]]
STYLEGAN = {
    "Loss/G/loss": "g_loss", "Loss/D/loss": "d_loss", "Loss/scores/real": "d_real_logit",
    "Loss/scores/fake": "d_fake_before_logit", "Loss/r1_penalty": "r1_penalty", "Loss/r2_penalty": "r2_penalty",
    "Progress/augment": "augment", "Timing/sec_per_kimg": "seconds_per_kimg",
}  # fmt: skip
POSITIONS = ("images_seen", "images", "nimg", "kimg", "epoch", "step", "iteration", "iter", "global_step", "batch")
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


def table(path: Path, images_at: Callable[[str, float], int]) -> list[Row]:
    """A CSV file with a header, or JSON lines: a column says when, the others are numbers under their names.

    Args:
        images_at: images seen at a number of epochs, steps, … by the name of that column.

    Raises:
        DataError: no numbers in it.
    """
    if path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
        records: list[dict[str, Any]] = list(json_lines(path))
        if records and any(isinstance(value, dict) for value in records[0].values()):
            return stylegan_stats(path)
    else:
        text = text_of(path)
        kind = csv.Sniffer().sniff(text[:4096], ",;\t ") if text.strip() else csv.excel
        records = list(csv.DictReader(text.splitlines(), dialect=kind, skipinitialspace=True))
    rows = []
    for index, record in enumerate(records):
        flat = {str(name).strip(): number_in(value) for name, value in record.items() if name is not None}
        at = next((name for name in POSITIONS for key in flat if key.lower() == name), None)
        key = next((key for key in flat if key.lower() == at), "")
        where = flat.pop(key, None) if key else float(index)
        if where is not None:
            named: dict[str, float | None] = {name_of(name): value for name, value in flat.items() if value is not None}
            rows.append((images_at(at or "row", where), with_probabilities(named)))
    if not rows:
        raise DataError(f"{path} holds no numbers", found="no row of numbers", todo="give a CSV file with a header")
    return sorted(rows, key=lambda row: row[0])


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
