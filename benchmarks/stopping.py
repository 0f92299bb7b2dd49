"""When does `--stop auto` end a run, and what does that cost? Recorded runs, replayed as if they were live.

    python benchmarks/stopping.py FOLDER [FOLDER ...]        every *.json.gz in the folders; prints the tables
    python benchmarks/stopping.py FOLDER --gain 0.02         with another --stop-gain

Runs are recorded by `benchmarks/recorded.py`. For each run and for several numbers of snapshots (those nearest to equal
parts of the plan, and the early ones): where it stops, how much worse its best snapshot up to there is than the whole
run's (Fréchet of all fakes), and why it stopped. A run that is never stopped counts as stopped at its end. Beside it
where somebody who knew the whole run could have stopped: its first snapshot within 1.05 times its best.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganscope.diagnosis import stop_reason
from kinds import KINDS
from recorded import Lines, read

DENSITIES = (12, 24, 48, 100, 0)  # 0: all that were recorded, where these are many
LEVEL = 0.7  # of the plan: who could have stopped before has a run that levels off


@dataclass(frozen=True)
class Stop:
    """The end of one replay: share of the plan, times the whole run's best Fréchet, why (empty: the plan's end).

    could: the share after which nothing better by more than a twentieth came; `wider` is how many times as much of the
    data is covered at the end as there. hopeless: it never halved its distance.
    """

    name: str
    snapshots: int
    share: float
    times: float
    why: str
    could: float
    wider: float
    hopeless: bool

    @property
    def fails(self) -> bool:
        kind = KINDS.get(self.name.rpartition("-")[0])
        return bool(kind and kind.should)


def thinner(evals: Lines, count: int) -> Lines | None:
    """The lines of a run with `count` regular snapshots; None if it has fewer. 0 for all, if they are over 150."""
    if not count:
        return list(evals) if len(evals) > 150 else None
    seen = np.array([line["images_seen"] for line in evals], np.float64)
    regular = np.arange(1, count + 1) * seen[-1] / count
    chosen = np.abs(seen[:, None] - regular[None, :]).argmin(axis=0)
    if len(np.unique(chosen)) < count or np.abs(seen[chosen] - regular).max() > 0.5 * seen[-1] / count:
        return None
    early = np.flatnonzero(seen <= regular[0])
    return [evals[i] for i in np.union1d(chosen, early)]


def replay(path: Path, count: int, gain: float) -> Stop | None:
    """One run with so many snapshots, judged live until it stops."""
    history, tests, whole, settings = read(path)
    evals = thinner(whole, count) if whole else None
    if evals is None:
        return None
    count = count or len(evals) - 1
    settings = settings | {"stop_gain": gain}
    values = np.array([line["metrics"]["frechet"]["value"] for line in evals])
    for i in range(1, len(evals)):
        reason = stop_reason(history, tests, evals[: i + 1], settings)
        if reason is not None or i == len(evals) - 1:
            share = evals[i]["images_seen"] / evals[-1]["images_seen"]
            why = "" if reason is None else reason.removeprefix("failed, ").split(" since")[0]
            seen = np.array([line["images_seen"] for line in evals[1:]]) / evals[-1]["images_seen"]
            first = int(np.flatnonzero(values[1:] <= 1.05 * values[1:].min())[0])
            covered = [evals[at]["metrics"]["coverage"]["value"] for at in (first + 1, -1)]
            name, times = path.name.removesuffix(".json.gz"), values[1 : i + 1].min() / values[1:].min()
            wider, hopeless = covered[1] / max(covered[0], 1e-9), bool(values.min() > 0.5 * values[0])
            return Stop(name, count, share, times, why, float(seen[first]), wider, hopeless)
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--gain", type=float, default=0.05)
    arguments = parser.parse_args()
    paths = sorted(path for folder in arguments.folders for path in folder.glob("*.json.gz"))
    found = [stop for path in paths for count in DENSITIES if (stop := replay(path, count, arguments.gain)) is not None]
    print("| run | could stop at | stops at, by snapshots | best there, times the run's | why |\n|---|--:|---|--:|---|")
    spread = []
    for name in dict.fromkeys(stop.name for stop in found):
        mine = [stop for stop in found if stop.name == name]
        ends = [stop.share for stop in mine]
        spread.append(1 - min(ends) / max(ends))
        told = ", ".join(f"{stop.snapshots}: {stop.share:.0%}" for stop in mine)
        whys = ", ".join(dict.fromkeys(stop.why or "plan done" for stop in mine))
        print(f"| {name} | {mine[-1].could:.0%} | {told} | {max(stop.times for stop in mine):.2f} | {whys} |")
    sound, failing = [stop for stop in found if not stop.fails], [stop for stop in found if stop.fails]
    level = [stop for stop in sound if stop.could <= LEVEL]
    times = np.array([stop.times for stop in sound])
    failing = [stop for stop in failing if stop.hopeless]
    print(
        f"\n{len(sound)} replays of {len({stop.name for stop in sound})} runs that were not made to fail: "
        f"{np.mean(times <= 1.05):.0%} end within 1.05 times the best, the worst at {times.max():.2f}. "
        f"{len(level)} of them, of {len({stop.name for stop in level})} runs, level off or get worse (nothing better "
        f"after {LEVEL:.0%} of the plan); these save on average "
        f"{np.mean([1 - stop.share for stop in level] or [0]):.0%}, "
        f"{sum(stop.share <= 0.7 for stop in level)} save 30 % or more; in "
        f"{sum(stop.wider > 1.1 for stop in level)} the pictures cover over a tenth more of the data at the end than "
        "where the distance stood "
        f"({np.median([stop.wider for stop in level] or [1]):.2f} times in the middle). The others save "
        f"{np.mean([1 - stop.share for stop in sound if stop.could > LEVEL] or [0]):.1%}.\n"
        f"{len(failing)} replays of {len({stop.name for stop in failing})} runs made to fail that never halve their "
        f"distance: stopped by the snapshot nearest to a third {sum(stop.share <= 0.36 for stop in failing)}, "
        f"within a half {sum(stop.share <= 0.51 for stop in failing)}, before its end "
        f"{sum(stop.share < 0.95 for stop in failing)}.\n"
        f"The stop moves with the number of snapshots by {max(spread):.0%} at most, by more than a tenth in "
        f"{sum(value > 0.1 for value in spread)} of {len(spread)} runs."
    )


if __name__ == "__main__":
    main()
