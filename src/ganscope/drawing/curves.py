"""The curves of a run as one picture: losses on the left, scores on the right. Arrays in, PNG out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any

import numpy as np

G_COLOUR, D_COLOUR = "#0072b2", "#d55e00"  # colour-blind safe; the second line of each pair is dashed
REAL_COLOUR, FAKE_COLOUR = "#0072b2", "#d55e00"
MAX_POINTS = 500  # a line keeps at most so many points: about what the picture has pixels

Lines = Sequence[Mapping[str, Any]]


def draw_curves(file: IO[bytes], history: Lines, test: Lines, title: str) -> None:
    """Losses (G blue, D orange) and scores (real blue, fake orange) over epochs, held-out values as dots, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 5.0), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    losses, scores = figure.subplots(1, 2)
    epochs = _column(history, "epoch")
    test_epochs = _column(test, "epoch")

    losses.plot(epochs, _column(history, "g_loss"), color=G_COLOUR, linewidth=1.2, label="generator")
    losses.plot(
        epochs, _column(history, "d_loss"), color=D_COLOUR, linewidth=1.2, linestyle="--", label="discriminator"
    )
    losses.plot(test_epochs, _column(test, "g_loss"), ".", color=G_COLOUR, markersize=5, label="generator, held-out")
    losses.plot(
        test_epochs, _column(test, "d_loss"), ".", color=D_COLOUR, markersize=5, label="discriminator, held-out"
    )
    losses.set(title="Losses", xlabel="epochs", ylabel="loss (nats)")

    scores.axhline(0.5, color="grey", linewidth=0.8, linestyle=":")
    scores.annotate(
        "0.5: a coin toss",
        (0.995, 0.5),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="bottom",
        fontsize=8,
        color="grey",
    )
    scores.plot(epochs, _column(history, "d_real"), color=REAL_COLOUR, linewidth=1.2, label="real, D(x)")
    scores.plot(
        epochs,
        _column(history, "d_fake_before"),
        color=FAKE_COLOUR,
        linewidth=1.2,
        linestyle="--",
        label="fake, D(G(z)) before D's step",
    )
    scores.plot(
        epochs,
        _column(history, "d_fake_after"),
        color=FAKE_COLOUR,
        linewidth=0.7,
        linestyle=":",
        label="fake, after D's step",
    )
    scores.plot(test_epochs, _column(test, "d_real"), ".", color=REAL_COLOUR, markersize=5, label="real, held-out")
    scores.plot(test_epochs, _column(test, "d_fake"), ".", color=FAKE_COLOUR, markersize=5, label="fake, as held-out")
    scores.set(
        title="Scores of the discriminator", xlabel="epochs", ylabel="score (probability of real)", ylim=(-0.02, 1.02)
    )
    for axes in (losses, scores):
        for curve in list(axes.lines):
            if not curve.get_label().startswith("_") and not np.isfinite(np.asarray(curve.get_ydata(), float)).any():
                curve.remove()  # nobody gave these numbers
        axes.grid(alpha=0.25)
        # Below the axes, where it hides no curve.
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, fontsize=11)
    figure.savefig(file, format="png")


def _column(lines: Lines, key: str) -> np.ndarray:
    """One key of the lines as `(n,) float64`, NaN where it is missing; averaged down to at most MAX_POINTS."""
    found = [line.get(key) for line in lines]
    values = np.array([np.nan if value is None else value for value in found], dtype=np.float64)
    if not len(values):
        return values
    starts = np.arange(0, len(values), -(-len(values) // MAX_POINTS))
    sizes = np.diff(np.append(starts, len(values)))  # the last group may be smaller, and is drawn
    return np.asarray(np.add.reduceat(values, starts) / sizes)
