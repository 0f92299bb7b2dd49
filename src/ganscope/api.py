"""The run object that Python and notebooks hold: where it is, what it found, and pictures that show themselves."""

from __future__ import annotations

import base64
import html
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.runs import Run


class TrainedRun:
    """A run, to look at and to sample from."""

    def __init__(self, path: Path | str) -> None:
        self._run = Run.open(path)

    @property
    def path(self) -> Path:
        return self._run.path

    @property
    def verdict(self) -> str:
        """One line: how good the generator is and what goes wrong."""
        return self._run.verdict()

    def history(self) -> list[dict[str, Any]]:
        """The lines of `history.jsonl`: losses and scores, means over each logging interval."""
        return self._run.history()

    def evals(self) -> list[dict[str, Any]]:
        """The lines of `evals.jsonl`: metrics and findings of every snapshot."""
        return self._run.evals()

    def sample(self, n: int, seed: int = 0, snapshot: str | int = "best", only: str | int | None = None) -> np.ndarray:
        """`(n, C, H, W) uint8` images; `only`: of this class, where the training was conditional."""
        from ganscope.generator import load_generator

        return load_generator(self.path, snapshot).sample(n, seed, only)

    def page(self, height: int = 800) -> Any:
        """The report in an iframe, for a notebook: needs IPython.

        The page lies inside the notebook, so it goes with it when the notebook is shared.
        """
        from IPython.display import HTML

        from ganscope.launch import write_page

        text = write_page([self._run]).read_text(encoding="utf-8")
        return HTML(f'<iframe srcdoc="{html.escape(text)}" style="width:100%;height:{height}px;border:0"></iframe>')

    def __repr__(self) -> str:
        return f"TrainedRun({str(self.path)!r}: {self.verdict or 'not measured yet'})"

    def _repr_html_(self) -> str:
        """The verdict, the newest images and the curves."""
        parts = [f"<b>{html.escape(self.path.name)}</b>: {html.escape(self.verdict or 'not measured yet')}<br>"]
        samples = self._run.samples()
        pictures = [self._run.sample_path(samples[-1])] if samples else []
        for path in [*pictures, self._run.product("curves.png")]:
            if path.is_file():
                data = base64.b64encode(path.read_bytes()).decode("ascii")
                parts.append(f'<img alt="{path.stem}" style="max-width:100%" src="data:image/png;base64,{data}"><br>')
        return "".join(parts)
