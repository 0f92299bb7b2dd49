"""What a finished run leaves: curves, films and the page."""

from __future__ import annotations

import math
from pathlib import Path

from ganscope.config import Config
from ganscope.drawing import draw_curves
from ganscope.errors import GanscopeError
from ganscope.files import atomic
from ganscope.progress import Progress
from ganscope.runs import Run


def make_products(run: Run, progress: Progress) -> dict[str, Path]:
    """Curves, films and the report of a run; each that cannot be made is said, none stops the others."""
    from ganscope.film import grid_film, make_film
    from ganscope.page import write_report

    products: dict[str, Path] = {}
    samples = run.samples()
    if samples and run.sample_path(samples[-1]).is_file():
        products["images"] = run.sample_path(samples[-1])
    makers = {
        "curves": lambda: save_curves(run),
        "film": lambda: grid_film(run)[0],
        "page": lambda: write_report(run, finished=True),
    }
    if run.real_map_info_path.is_file():
        makers["map film"] = lambda: make_film(run)[0]
    for name, make in makers.items():
        try:
            products[name] = make()
        except GanscopeError as error:
            progress.say(f"no {name}: {error}")
    return products


def save_curves(run: Run) -> Path:
    """`curves.png` of a run."""
    config, history = run.settings(), run.history()
    path = run.product("curves.png")
    kind = "preset" if isinstance(config, Config) else "trainer"
    title = f"{config.data}, {kind} {config.preset} · {math.floor(history[-1]['epoch'] + 0.5) if history else 0} epochs"
    with atomic(path) as file:
        draw_curves(file, history, run.lines("test"), title)
    return path
