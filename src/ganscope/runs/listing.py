"""Runs as text: the list of a folder, and two runs side by side. Starts without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganscope.config import Config
from ganscope.errors import RunError
from ganscope.runs.folder import named_runs
from ganscope.runs.run import Run


def list_text(root: Path) -> str:
    """One line a run: name, how far, losses, best Fréchet distance and its quality, verdict."""
    head = ("run", "data", "preset", "epochs", "loss D", "loss G", "Fréchet", "quality", "state", "verdict")
    rows: list[tuple[str, ...]] = [head]
    for name, run in named_runs(root).items():
        try:
            rows.append(_row(name, run))
        except (RunError, ValueError, KeyError, TypeError, AttributeError) as error:
            rows.append((name, "", "", "", "", "", "", "", "unreadable", str(error).split("\n")[0]))
    if len(rows) == 1:
        return f"no runs in {root}; start one with: ganscope train digits"
    return table(rows)


def _row(name: str, run: Run) -> tuple[str, ...]:
    config, history = run.settings(), run.history()
    last = history[-1] if history else {}
    best = best_line(run)
    state = "finished" if run.finished() else "unfinished"
    return (
        name,
        config.data,
        config.preset,
        f"{last.get('epoch', 0):.1f}" + (f"/{config.epochs:g}" if isinstance(config, Config) else ""),
        number(last.get("d_loss")),
        number(last.get("g_loss")),
        number(value_of(best, "frechet")),
        str((best.get("quality") or {}).get("grade") or "–"),
        state,
        run.verdict(),
    )


def best_line(run: Run) -> dict[str, Any]:
    """The line of evals.jsonl of the best snapshot, or the newest, or an empty one."""
    lines, best = run.evals(), run.best()
    for line in lines:
        if line["images_seen"] == best:
            return line
    return lines[-1] if lines else {}


def value_of(line: dict[str, Any], metric: str) -> float | None:
    found = line.get("metrics", {}).get(metric, {}).get("value")
    return None if found is None else float(found)


def compare_text(first: Run, second: Run) -> str:
    """What differs in the settings, and both runs' figures at the end and at their best."""
    a, b = first.settings().to_dict(), second.settings().to_dict()
    rows: list[tuple[str, ...]] = [("", first.path.name, second.path.name)]
    for name in dict.fromkeys([*a, *b]):
        left, right = a.get(name, "–"), b.get(name, "–")
        if left != right:
            rows.append((name, str(left), str(right)))
    settings = table(rows) if len(rows) > 1 else "the settings are the same"
    figures: list[tuple[str, ...]] = [("", first.path.name, second.path.name)]
    ends = [run.history()[-1] if run.history() else {} for run in (first, second)]
    for key in ("epoch", "images_seen", "d_loss", "g_loss", "d_real", "d_fake_before", "d_fake_after", "value"):
        figures.append((key, *(number(end.get(key)) for end in ends)))
    bests = [best_line(run) for run in (first, second)]
    figures.append(("best snapshot", *(f"{line['images_seen']:,}" if line else "–" for line in bests)))
    grades = [str((line.get("quality") or {}).get("grade") or "–") for line in bests]
    figures.append(("quality", *grades))
    for metric in dict.fromkeys([*bests[0].get("metrics", {}), *bests[1].get("metrics", {})]):
        figures.append((metric, *(number(value_of(line, metric)) for line in bests)))
    figures.append(("verdict", first.verdict() or "–", second.verdict() or "–"))
    return f"Settings that differ\n{settings}\n\nFigures\n{table(figures)}"


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows of text in aligned columns, the first one underlined."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "─" * max(len(line) for line in lines), *lines[1:]])
