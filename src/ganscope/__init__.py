"""Train a GAN on your images, watch it on a map, and know when it is good.

    import ganscope
    run = ganscope.train("digits")                        # a TrainedRun: run.path, run.sample(20), run.verdict
    images = ganscope.load(run.path).sample(20)  # (20, C, H, W) uint8

Importing this package imports no torch; the functions do.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganscope.config import Config, make_config
from ganscope.errors import ConfigError, DataError, DependencyError, GanscopeError, RunError, TrainingError
from ganscope.version import VERSION

if TYPE_CHECKING:
    from ganscope.api import TrainedRun
    from ganscope.generator import LoadedGenerator
    from ganscope.recorder import Scope

__version__ = VERSION

__all__ = [
    "Config",
    "ConfigError",
    "DataError",
    "DependencyError",
    "GanscopeError",
    "RunError",
    "TrainingError",
    "__version__",
    "load",
    "load_generator",
    "make_config",
    "open_run",
    "train",
    "watch",
]


def train(
    data: str | Path | Config,
    *,
    preset: str = "auto",
    runs: Path | str = "runs",
    run: Path | str | None = None,
    new: bool = False,
    quiet: bool = False,
    **settings: Any,
) -> TrainedRun:
    """Train a GAN, or go on with an unfinished run of the same settings; the run returned shows itself in a notebook.

    Args:
        data: what `ganscope train` takes, or a whole `Config`.
        settings: fields of `Config` that differ from the preset.

    Raises:
        GanscopeError: the data, the settings or the run cannot be used, or the training diverged.
    """
    from ganscope.api import TrainedRun
    from ganscope.launch import configure, launch
    from ganscope.progress import Progress

    if "start" in settings and not isinstance(data, Config):
        from ganscope.export import local_start, start_settings

        preset, settings = start_settings(local_start(settings.pop("start")), settings, preset)
    config = data if isinstance(data, Config) else configure(str(data), preset, **settings)
    launched = launch(
        config,
        runs=Path(runs),
        run_path=None if run is None else Path(run),
        new=new,
        progress=Progress(quiet=quiet),
        command=["ganscope.train"],
    )
    return TrainedRun(launched.run.path)


def open_run(path: Path | str) -> TrainedRun:
    """A run on disk, trained or in training.

    Raises:
        RunError: there is none at `path`.
    """
    from ganscope.api import TrainedRun

    return TrainedRun(path)


def load(run: Path | str, snapshot: str | int = "best") -> LoadedGenerator:
    """The generator of a run, ready to `.sample(n, seed=0)`: the best snapshot, the last, or the nearest to a count.

    Raises:
        RunError: no run there, no generator in it, or the file is damaged.
    """
    from ganscope.generator import load_generator

    return load_generator(run, snapshot)


def load_generator(source: Path | str, snapshot: str | int = "best") -> LoadedGenerator:
    """The generator of a run, of a folder that `ganscope export` wrote, or of `owner/name` on the Hugging Face Hub.

    Nothing in such a folder can run code: its layers are described in JSON and its weights are safetensors.

    Raises:
        RunError: none of these, or it is damaged. DependencyError: `pip install "ganscope[export]"` is missing.
    """
    from ganscope.export import load_generator as load

    return load(source, snapshot)


def watch(
    reals: Any,
    labels: Any = None,
    held_out: Any = None,
    *,
    out: Path | str | None = None,
    value_range: tuple[float, float] | str = "auto",
    **settings: Any,
) -> Scope:
    """Watch a GAN that another program trains; the same `out` again goes on with the same run.

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
            `num_fakes`, `map`, `metrics`, `seed`, `quiet`, `trainer` (how pages call it).

    Raises:
        GanscopeError: the reals cannot be read, or have no range that a generator can share. After that nothing in the
            returned `Scope` raises: what goes wrong is said once, and the training goes on.
    """
    from ganscope.recorder import watch as start

    return start(reals, labels, held_out, out=out, value_range=value_range, **settings)
