"""What a folder holds for a reader: its runs, and its sweeps with the runs of their trials, two folders deeper."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ganscope.runs.reading import read_json
from ganscope.runs.run import Run, list_runs

PAGE = "sweep.html"
TRIAL = "trial.json"  # in each trial's folder, beside its runs


@dataclass(frozen=True)
class Sweep:
    """A folder of trials.

    Attributes:
        name: its folder's.
        prefix: before the names of its runs in the folder that was asked: empty where that is the sweep itself.
        trials: the folders of its trials, in order.
    """

    name: str
    path: Path
    prefix: str
    trials: tuple[Path, ...]

    @property
    def page(self) -> Path:
        """Written after its first trial."""
        return self.path / PAGE

    def runs(self) -> dict[str, Run]:
        """By their names in the folder that was asked: `trial-0000/seed-0`."""
        found = [path.parent for trial in self.trials for path in sorted(trial.glob("*/config.json"))]
        return {self.prefix + path.relative_to(self.path).as_posix(): Run(path) for path in found}

    def varied(self) -> dict[str, dict[str, object]]:
        """Of each trial's folder name the settings that are not the same in all trials."""
        told = [read_json(trial / TRIAL) for trial in self.trials]
        settings = [one.get("settings") if isinstance(one, dict) else None for one in told]
        known = [one if isinstance(one, dict) else {} for one in settings]
        names = [
            name
            for name in dict.fromkeys(key for one in known for key in one)
            if len({str(one.get(name)) for one in known}) > 1
        ]
        pairs = zip(self.trials, known, strict=True)
        return {trial.name: {name: one[name] for name in names if name in one} for trial, one in pairs}


def list_sweeps(root: Path) -> list[Sweep]:
    """The sweeps in a folder, in the order of their names; the folder itself where it is one."""
    own = _sweep(root, "")
    if own:
        return [own]
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    folders = [path for path in folders if not (path / "config.json").is_file()]
    return [found for path in folders if (found := _sweep(path, f"{path.name}/"))]


def named_runs(root: Path) -> dict[str, Run]:
    """Every run that a folder shows, by its path in it: its own in order, and those of its sweeps after them."""
    runs = {run.path.name: run for run in list_runs(root)}
    for sweep in list_sweeps(root):
        runs |= sweep.runs()
    return runs


def folders_with_runs(root: Path, most: int = 5) -> list[Path]:
    """Folders right in this one that have runs: what somebody may have meant who named it."""
    inside = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    return [path for path in inside if named_runs(path)][:most]


def _sweep(path: Path, prefix: str) -> Sweep | None:
    trials = tuple(sorted(found.parent for found in path.glob(f"trial-*/{TRIAL}")))
    return Sweep(path.resolve().name, path, prefix, trials) if trials else None
