"""When does `--stop auto` end a run, and what does that cost? Recorded runs, replayed as if they were live.

    python benchmarks/stopping.py FOLDER [FOLDER ...]        every *.json.gz in the folders; prints the tables
    python benchmarks/stopping.py FOLDER --gain 0.02         with another --stop-gain

Runs are recorded by `benchmarks/recorded.py`. For each run and for several numbers of snapshots (those nearest to equal
parts of the plan, and the early ones): where it stops, how much worse its best snapshot up to there is than the whole
run's (Fréchet of all fakes), and why it stopped. A run that is never stopped counts as stopped at its end.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganscope.diagnosis import diagnose, stop_reason
from recorded import Lines, read

DENSITIES = (12, 24, 50, 200)


@dataclass(frozen=True)
class Stop:
    """The end of one replay: share of the plan, times the whole run's best Fréchet, why (empty: the plan's end)."""

    name: str
    snapshots: int
    share: float
    times: float
    why: str


def thinner(evals: Lines, count: int) -> Lines | None:
    """The lines of a run with `count` regular snapshots; None if it has fewer."""
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
    evals = thinner(whole, count)
    if evals is None:
        return None
    settings = settings | {"stop_gain": gain}
    values = np.array([line["metrics"]["frechet"]["value"] for line in evals])
    for i in range(1, len(evals)):
        findings = diagnose(history, tests, evals[: i + 1], settings)
        evals[i] = evals[i] | {"findings": [finding.to_dict() for finding in findings]}
        reason = stop_reason(findings, evals[: i + 1], settings)
        if reason is not None or i == len(evals) - 1:
            share = evals[i]["images_seen"] / evals[-1]["images_seen"]
            why = "" if reason is None else reason.removeprefix("failed, ").split(" since")[0]
            return Stop(
                path.name.removesuffix(".json.gz"), count, share, values[1 : i + 1].min() / values[1:].min(), why
            )
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--gain", type=float, default=0.05)
    arguments = parser.parse_args()
    paths = sorted(path for folder in arguments.folders for path in folder.glob("*.json.gz"))
    found = [stop for path in paths for count in DENSITIES if (stop := replay(path, count, arguments.gain)) is not None]
    print("| run | snapshots | stops at | best, times the whole run's | why |\n|---|---|---|---|---|")
    for stop in found:
        print(f"| {stop.name} | {stop.snapshots} | {stop.share:.0%} | {stop.times:.2f} | {stop.why or 'plan done'} |")
    spread = []
    for name in dict.fromkeys(stop.name for stop in found):
        ends = [stop.share for stop in found if stop.name == name]
        spread.append((max(ends) - min(ends)) / max(ends))
    settled = [stop for stop in found if stop.why in ("", "converged", "past_its_best")]
    times = np.array([stop.times for stop in settled])
    saved = np.array([1 - stop.share for stop in settled if stop.why])
    print(
        f"\n{len(settled)} replays that were not stopped as failures: {np.mean(times <= 1.05):.0%} within 1.05 times "
        f"the best, worst {times.max():.2f}; of the {len(saved)} stopped, the mean saves "
        f"{saved.mean() if len(saved) else 0:.0%} of the plan. Over all {len(spread)} runs the stop moves with the "
        f"number of snapshots by {max(spread):.0%} at most, {np.median(spread):.0%} in the median."
    )


if __name__ == "__main__":
    main()
