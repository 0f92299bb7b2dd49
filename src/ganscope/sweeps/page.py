"""A sweep as one page, `sweep.html` in its folder: its trials with their runs, what mattered, parallel coordinates.

Plain HTML and SVG: no script, nothing fetched; names are text.
"""

from __future__ import annotations

import html
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ganscope.files import atomic
from ganscope.metrics import METRICS
from ganscope.sweeps.result import SweepResult, shown

PAGE = "sweep.html"
WIDTH, HEIGHT, TOP, SIDE = 900, 300, 34, 70  # of the drawing, in pixels
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --faint: #667085; --line: #d0d5dd;
  --good: #0b6bcb; --poor: #c3c9d3; --paper: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ef; --faint: #98a2b3; --line: #3a4453; --good: #6bb1ff; --poor: #4a5566; --paper: #12151b }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem } small, figcaption, th { color: var(--faint) }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .2rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap }
th { font-weight: normal } a { color: var(--good) } pre { white-space: pre-wrap; overflow-wrap: anywhere }
svg { width: 100%; height: auto } svg text { font-size: 12px; fill: var(--faint) } .axis { stroke: var(--line) }
.bar { fill: var(--good) } path { fill: none; stroke-width: 1.5 }
"""


def write_page(result: SweepResult, folder: Path) -> Path:
    """Write the page; returns its path."""
    path = folder / PAGE
    folder.mkdir(parents=True, exist_ok=True)
    with atomic(path, "w") as file:
        file.write(page(result, folder))
    return path


def page(result: SweepResult, folder: Path) -> str:
    """The document; runs are linked as they lie to `folder`."""
    done = [trial for trial in result.trials if trial["state"] == "complete"]
    parts = [
        f"<h1>Sweep {_text(result.name)}</h1>",
        f"<p>{len(done)} of {len(result.trials)} trials finished, ranked by "
        f"{_text(', '.join(METRICS[name].title for name in result.by))}.</p>",
    ]
    if result.command:
        parts.append(f"<p>The best again:</p><pre>{_text(result.command)}</pre>")
    if result.importance:
        parts.append(f"<h2>What mattered</h2>{importance(result.importance)}")
    if len(done) > 1:
        parts.append(
            f"<h2>Every finished trial</h2><figure class=wide>{coordinates(done, result.by)}"
            "<figcaption>One line a trial, the best ones blue; the metrics are on the right.</figcaption></figure>"
        )
    parts.append(f"<h2>Trials</h2><div class=wide>{table(result, folder)}</div>")
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(result.name)} · ganscope</title><style>{STYLE}</style>\n<main>\n"
        + "\n".join(parts)
        + "\n</main>\n</html>\n"
    )


def table(result: SweepResult, folder: Path) -> str:
    """Every trial, the best first, with links to its runs."""
    names = sorted({name for trial in result.trials for name in trial["settings"]})
    heads = ["trial", "state", *(METRICS[name].title for name in result.by), "spread over seeds", *names, "runs"]
    rows = ["<tr>" + "".join(f"<th>{_text(head)}" for head in heads)]
    for trial in result.trials:
        means = [f"{trial['means'][name]:.4g}" if name in trial["means"] else "" for name in result.by]
        spread = "" if trial["spread"] is None else f"{trial['spread']:.2g}"
        mark = " *" if len(result.by) > 1 and trial["front"] else ""
        cells = [f"{trial['number']}{mark}", trial["state"], *means, spread]
        cells += [shown(trial["settings"][name]) if name in trial["settings"] else "" for name in names]
        links = " ".join(_link(Path(run), folder) for run in trial["runs"])
        rows.append("<tr>" + "".join(f"<td>{_text(cell)}" for cell in cells) + f"<td>{links}")
    note = "<p><small>* no other trial is better in all metrics</small>" if len(result.by) > 1 else ""
    return f"<table>{''.join(rows)}</table>{note}"


def _link(run: Path, folder: Path) -> str:
    """A run's page where it is there, else its name."""
    report = run / "report.html"
    if not report.is_file():
        return _text(run.name)
    return f'<a href="{_text(Path(os.path.relpath(report, folder)).as_posix())}">{_text(run.name)}</a>'


def importance(shares: dict[str, float]) -> str:
    """A bar for each setting."""
    rows = [
        f'<text x="150" y="{24 * k + 16}" text-anchor="end">{_text(name)}</text>'
        f'<rect class="bar" x="160" y="{24 * k + 4}" width="{600 * share:.1f}" height="16"/>'
        f'<text x="{168 + 600 * share:.1f}" y="{24 * k + 16}">{share:.0%}</text>'
        for k, (name, share) in enumerate(shares.items())
    ]
    return f'<svg viewBox="0 0 {WIDTH} {24 * len(shares)}" role="img" aria-label="importance">{"".join(rows)}</svg>'


def coordinates(done: Sequence[dict[str, Any]], by: Sequence[str]) -> str:
    """Parallel coordinates: an axis for each setting and metric, a line for each trial, the worst drawn first."""
    names = sorted({name for trial in done for name in trial["settings"]})
    axes: list[tuple[str, list[Any]]] = [(name, [trial["settings"].get(name) for trial in done]) for name in names]
    axes += [(METRICS[name].title, [trial["means"].get(name) for trial in done]) for name in by]
    step = (WIDTH - 2 * SIDE) / max(1, len(axes) - 1)
    places, marks = [], []
    for k, (title, values) in enumerate(axes):
        x, (place, ends) = SIDE + k * step, _axis(values)
        places.append([f"{x:.1f} {place(value):.1f}" for value in values])
        marks.append(
            f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - TOP}"/>'
            f'<text x="{x:.1f}" y="14" text-anchor="middle">{_text(title)}</text>'
        )
        marks += [f'<text x="{x + 4:.1f}" y="{y:.1f}">{_text(label)}</text>' for y, label in ends]
    lines = []
    for rank in reversed(range(len(done))):
        share = max(0.0, 1.0 - rank / max(1, len(done) - 1))
        points = " L ".join(column[rank] for column in places)
        colour = f"color-mix(in srgb, var(--good) {100 * share**2:.0f}%, var(--poor))"
        title = f"trial {done[rank]['number']}"
        lines.append(f'<path d="M {points}" style="stroke: {colour}"><title>{title}</title></path>')
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="trials">{"".join(lines + marks)}</svg>'


def _axis(values: Sequence[Any]) -> tuple[Callable[[Any], float], list[tuple[float, str]]]:
    """Where a value lies from top to bottom, and the labels: numbers, in logarithms from a decade on, or choices."""
    bottom, top = HEIGHT - TOP, TOP
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        low, high = float(min(values)), float(max(values))
        scale: Callable[[float], float] = math.log if low > 0 and high / low >= 10 else float
        width = (scale(high) - scale(low)) or 1.0

        def place(value: Any) -> float:
            return bottom - (bottom - top) * (scale(float(value)) - scale(low)) / width

        ends = [(bottom + 14.0, f"{low:.3g}"), (top - 4.0, f"{high:.3g}")]
        return place, ends if high > low else ends[:1]
    texts = sorted({str(value) for value in values})
    spots = {text: bottom - (bottom - top) * (k + 0.5) / len(texts) for k, text in enumerate(texts)}
    return lambda value: spots[str(value)], [(y, text) for text, y in spots.items()]


def _text(text: str) -> str:
    return html.escape(str(text))
