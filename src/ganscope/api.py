"""What Python and notebooks use: train on anything, and a run as an object that shows itself."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganscope.config import Config, Plan, Watched
from ganscope.errors import ConfigError
from ganscope.runs import EvalLine, FindingLine, HistoryLine, TestLine
from ganscope.runs import Run as RunDirectory

if TYPE_CHECKING:
    from ganscope.generator import LoadedGenerator
    from ganscope.recorder import Callback


class Run:
    """A run on disk, trained or in training: its settings, measurements and findings; images, pages and films of it.

    Args:
        path: the run's directory.

    Raises:
        RunError: there is no run at `path`.
    """

    def __init__(self, path: Path | str) -> None:
        self._run = RunDirectory.open(path)

    @property
    def path(self) -> Path:
        """The run's directory."""
        return self._run.path

    @property
    def config(self) -> Plan | Watched:
        """The settings with nothing left open; of a watched training, what is known of it."""
        return self._run.settings()

    @property
    def verdict(self) -> str:
        """One line: how good the generator is and what goes wrong. Empty before the first measurement."""
        return self._run.verdict()

    @property
    def best(self) -> int | None:
        """`images_seen` of the best snapshot so far, None before the first measurement."""
        return self._run.best()

    @property
    def findings(self) -> tuple[FindingLine, ...]:
        """What is going wrong at the newest snapshot, the gravest first, each with evidence and advice."""
        evals = self.evals()
        return evals[-1].findings if evals else ()

    def history(self) -> list[HistoryLine]:
        """Losses and scores, means over each logging interval, oldest first."""
        return self._run.read(HistoryLine)

    def tests(self) -> list[TestLine]:
        """Losses and scores on held-out images, oldest first."""
        return self._run.read(TestLine)

    def evals(self) -> list[EvalLine]:
        """Metrics and findings of every snapshot, oldest first."""
        return self._run.read(EvalLine)

    def generator(self, snapshot: str | int = "best", device: str = "cpu") -> LoadedGenerator:
        """The generator at a snapshot: `"best"`, `"last"`, or the one kept nearest to so many images seen.

        Raises:
            RunError: no generator is kept, or its file is damaged. ConfigError: no such device.
        """
        from ganscope.generator import load_generator

        return load_generator(self.path, snapshot, device)

    def sample(self, n: int, seed: int = 0, snapshot: str | int = "best", only: str | int | None = None) -> np.ndarray:
        """`(n, C, H, W) uint8` images; image `i` depends on `seed` and `i` alone. Raises as `generator`.

        Args:
            only: of this class, where the training was conditional.
        """
        return self.generator(snapshot).sample(n, seed, only)

    def evaluate(self, snapshot: str | int = "best", *, count: int = 10_000, features: str = "auto") -> dict[str, Any]:
        """Every metric of a snapshot from `count` fakes, each beside its floor: what `ganscope evaluate` measures.

        Raises:
            RunError: no such snapshot, or the data have changed. ConfigError: an unknown feature space.
        """
        from ganscope.evaluation import evaluate
        from ganscope.progress import Progress

        return evaluate(
            self.path, snapshot=snapshot, num_fake=count, features=features, progress=Progress(quiet=True).say
        )

    def report(self, out: Path | str | None = None, *, profile: str = "default", beside: Sequence[Run] = ()) -> Path:
        """Write the run as one HTML file that opens offline; `beside`: up to three others to compare. Returns its path.

        Raises:
            RunError: the file cannot be written, or the runs cannot be shown together.
        """
        from ganscope.launch import write_page

        runs = [self._run, *(run._run for run in beside)]
        return write_page(runs, None if out is None else Path(out), profile=profile)

    def film(self, out: Path | str | None = None) -> list[Path]:
        """Write the film of the training, MP4 and GIF; returns their paths. Raises RunError: no snapshot yet."""
        from ganscope.film import make_film
        from ganscope.toys import write_toy_film

        make = write_toy_film if self._run.has_points else make_film
        return list(make(self._run, out=None if out is None else Path(out)))

    def page(self, height: int = 800) -> Any:
        """The report in an iframe, for a notebook: needs IPython.

        The page lies inside the notebook, so it goes with it when the notebook is shared.
        """
        from IPython.display import HTML

        text = self.report().read_text(encoding="utf-8")
        return HTML(f'<iframe srcdoc="{html.escape(text)}" style="width:100%;height:{height}px;border:0"></iframe>')

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}: {self.verdict or 'not measured yet'})"

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


def train(
    data: Any,
    labels: Any,
    *,
    preset: str,
    runs: Path,
    run: Path | None,
    new: bool,
    quiet: bool,
    callback: Callback | None,
    settings: dict[str, Any],
) -> Run:
    """The body of `ganscope.train`, which documents it."""
    from ganscope.launch import configure, launch
    from ganscope.progress import Progress

    progress = Progress(quiet=quiet)
    if isinstance(data, Config):
        if settings or preset != "auto" or labels is not None:
            given = ", ".join([*(["labels"] if labels is not None else []), *(["preset"] if preset != "auto" else [])])
            raise ConfigError(
                "a whole Config is trained as it is",
                found=", ".join(filter(None, [given, *settings])) + " beside it",
                todo="put them into the Config: dataclasses.replace(config, …)",
            )
        config = data
    else:
        if not isinstance(data, str | Path):
            data = _kept(data, labels, settings, progress)
        elif labels is not None:
            raise ConfigError(
                "labels beside a name or path", found=repr(data), todo="use labels only with arrays; see also --labels"
            )
        if "start" in settings:
            from ganscope.export import local_start, start_settings

            preset, settings = start_settings(local_start(settings.pop("start")), settings, preset)
        config = configure(str(data), preset, **settings)
    launched = launch(
        config, runs=runs, run_path=run, new=new, progress=progress, command=["ganscope.train"], callback=callback
    )
    return Run(launched.run.path)


def _kept(images: Any, labels: Any, settings: dict[str, Any], progress: Any) -> str:
    """The name in the cache of images that came as arrays, tensors, a Dataset or a loader."""
    from ganscope.config import sides_of, size_of
    from ganscope.data import keeps_shape, rectangle, trainable_size
    from ganscope.recorder import read_reals

    def keep(size: Any) -> Any:
        return read_reals(
            images, labels, size=size, channels=settings.get("channels"), holdout=settings.get("holdout", 0.1),
            progress=progress.say,
        )  # fmt: skip

    size = settings.pop("size", None)
    found = keep(size)
    made = size_of(found.dataset.train.images.shape[2:])
    wanted = trainable_size(made)
    if size is None and keeps_shape(found.shape[1] / found.shape[2]):
        wanted = size_of(rectangle(min(sides_of(wanted)), found.shape[1] / found.shape[2]))
    if wanted != made:
        found = keep(wanted)
    progress.say(found.said)
    return str(found.stored)
