"""Train a GAN on your images, watch it on a map, and know when it is good.

    import ganscope
    run = ganscope.train("digits")                        # a Run: run.path, run.verdict, run.findings, run.sample(20)
    run = ganscope.train(images, labels)                  # arrays, tensors, a Dataset
    images = ganscope.load_generator(run.path).sample(20)  # (20, C, H, W) uint8

Importing this package imports no torch; the functions do.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganscope.config import PRESETS, Config, make_config
from ganscope.errors import ConfigError, DataError, DependencyError, GanscopeError, RunError, TrainingError
from ganscope.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ganscope.api import Run
    from ganscope.data import Report
    from ganscope.generator import LoadedGenerator
    from ganscope.recorder import Scope
    from ganscope.runs import Snapshot
    from ganscope.sweeps import SweepResult

__version__ = VERSION

__all__ = [
    "PRESETS",
    "Config",
    "ConfigError",
    "DataError",
    "DependencyError",
    "GanscopeError",
    "Run",
    "RunError",
    "TrainingError",
    "__version__",
    "check",
    "evaluate",
    "load_generator",
    "make_config",
    "sweep",
    "train",
    "watch",
]


def __getattr__(name: str) -> Any:
    """`Run` and `callbacks`, whose modules are read when they are asked for: importing the package stays quick."""
    if name == "callbacks":
        return importlib.import_module("ganscope.callbacks")
    if name == "Run":
        from ganscope.api import Run

        return Run
    raise AttributeError(f"module 'ganscope' has no attribute {name!r}")


def train(
    data: Any,
    labels: Any = None,
    *,
    preset: str = "auto",
    runs: Path | str = "runs",
    run: Path | str | None = None,
    new: bool = False,
    quiet: bool = False,
    callback: Callable[[Snapshot], str | None] | None = None,
    **settings: Any,
) -> Run:
    """Train a GAN, or resume an unfinished run of the same settings. The run shows itself in a notebook.

    Args:
        data: a name or path that `ganscope train` takes; an array or tensor of images, `(N, H, W)`, `(N, C, H, W)` or
            `(N, H, W, C)`, in 0 to 255, [0, 1] or [-1, 1]; a `torch.utils.data.Dataset` or a loader of images, with or
            without labels; or a whole `Config`, beside which no setting may be given.
        labels: classes `(N,)` of images that came as an array or tensor.
        preset: networks, objective and optimisers under one name; a key of `PRESETS`, or "auto".
        runs: the folder of runs. run: this run's own directory. new: start fresh even if an unfinished run matches.
        callback: called with every `Snapshot` once it is recorded: `images_seen`, `fakes (M, C, H, W) uint8`, `scores
            (M,) in [0, 1]`, `g`, `d`. Text that it returns ends the training, and is the reason that the run gives.
        settings: fields of `Config` that differ from the preset.

    Raises:
        GanscopeError: the data, the settings or the run cannot be used, or the training diverged.
    """
    from ganscope.api import train as start

    return start(
        data, labels, preset=preset, runs=Path(runs), run=None if run is None else Path(run), new=new, quiet=quiet,
        callback=callback, settings=settings,
    )  # fmt: skip


def sweep(
    data: str | Path,
    over: Sequence[str],
    *,
    trials: int = 30,
    seeds: int = 1,
    by: str | Sequence[str] = "frechet",
    prune: str | None = None,
    runs: Path | str = "sweeps",
    storage: str | None = None,
    name: str | None = None,
    quiet: bool = False,
    **settings: Any,
) -> SweepResult:
    """Train with many settings; the trials with the best first, what mattered, and the best one's command.

    Args:
        over: what is varied, as on the command line: `["g_lr=1e-4:3e-3:log", "objective=hinge,relativistic"]`.
        seeds: runs of each, whose mean ranks them.
        by: the metric that ranks; of several the trials that no other beats in all of them.
        prune: `median`, `halving` or `none`; None for `median` where one metric ranks.
        storage: a URL that Optuna takes, for many machines; None: a file in the sweep's folder.
        settings: `preset` and fields of `Config`, the same for all trials.

    Raises:
        GanscopeError: settings, data or storage cannot be used. DependencyError: `pip install "ganscope[sweep]"`.
    """
    from ganscope.sweeps import start_sweep

    return start_sweep(
        str(data), list(over), settings=settings, trials=trials, seeds=seeds,
        by=by if isinstance(by, str) else ",".join(by), prune=prune, runs=Path(runs), storage=storage, name=name,
        say=_silent if quiet else _printed,
    )  # fmt: skip


def _silent(text: str) -> None:
    return None


def _printed(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def evaluate(run: Path | str, snapshot: str | int = "best", *, count: int = 10_000) -> dict[str, Any]:
    """Every metric of a snapshot of a run, each beside its floor; see `Run.evaluate`."""
    from ganscope.api import Run

    return Run(run).evaluate(snapshot, count=count)


def check(data: str | Path, *, size: int | None = None) -> Report:
    """What `ganscope check` finds in a data set: sizes, classes, damaged files, duplicates, and what suits it.

    Raises:
        DataError: there is nothing there, or no image in it.
    """
    from ganscope.data import examine

    return examine(str(data), size=size)


def load_generator(source: Path | str, snapshot: str | int = "best", device: str = "cpu") -> LoadedGenerator:
    """The generator of a run, of a folder that `ganscope export` wrote, or of `owner/name` on the Hugging Face Hub.

    Nothing in such a folder can run code: its layers are described in JSON and its weights are safetensors.

    Raises:
        RunError: none of these, or it is damaged. DependencyError: `pip install "ganscope[export]"` is missing.
    """
    from ganscope.export import load_generator as load

    return load(source, snapshot, device)


def watch(
    reals: Any,
    labels: Any = None,
    held_out: Any = None,
    *,
    out: Path | str | None = None,
    value_range: tuple[float, float] | str = "auto",
    **settings: Any,
) -> Scope:
    """Watch a GAN that another program trains; the same `out` again resumes the same run.

        scope = ganscope.watch(reals, out="runs/mine")
        ...  # in the loop, after a step:
        scope.log(images_seen, g_loss=g_loss, d_loss=d_loss)
        if scope.due(images_seen):
            scope.snapshot(images_seen, netG, latent_shape=(100, 1, 1))
        ...
        scope.close()

    Args:
        reals: the training's real images: an array or tensor (any layout; 0 to 255, [0, 1] or [-1, 1]), a Dataset, a
            loader, or a folder or name that `ganscope train` takes.
        labels: their classes `(N,)`, where a Dataset or loader does not give them.
        held_out: real images that are not trained on; None: a tenth is set apart for measuring.
        out: the run's directory; None: a new one in `runs`.
        value_range: the values of black and white, where they are none of the three ranges above.
        settings: `name`, `objective` (as in `Config`, where the findings about D should know it), `batch_size`,
            `num_fakes`, `map`, `metrics`, `seed`, `quiet`, `trainer` (how pages call it), `log_to` (names of trackers).

    Raises:
        GanscopeError: the reals cannot be read, or have no range that a generator can share. After that nothing in the
            returned `Scope` raises: what goes wrong is said once, and the training continues.
    """
    from ganscope.recorder import watch as start

    return start(reals, labels, held_out, out=out, value_range=value_range, **settings)
