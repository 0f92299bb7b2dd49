"""What is said of recorded runs against what is true of them: who is named what, when, and who is accused wrongly.

    python benchmarks/verdicts.py FOLDER [FOLDER ...]                every *.json.gz of a known kind; prints the tables
    python benchmarks/verdicts.py FOLDER --explain d-too-strong-0    one run, snapshot by snapshot

Kinds and what is true of each are in `kinds.py`, runs are made by `recorded.py`. Of a kind that thresholds were chosen
on, odd seeds are the test half; of a kind that was held out all seeds are. A failure is named if one of the findings
that name it rightly is a failure or a warning; it goes on from the first image, so its first third is that of the run.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganscope.diagnosis import GRADES, Finding, diagnose, quality_now, verdict
from kinds import FAR, KINDS, Kind
from recorded import read

GOOD_NEWS = ("balanced", "converged")


@dataclass(frozen=True)
class Said:
    """One run: the findings of every snapshot as (severity, id), its share of the run, the grade of its pictures."""

    name: str
    seed: int
    findings: list[list[tuple[str, str]]]
    share: list[float]
    grades: list[str]

    @property
    def kind(self) -> Kind:
        return KINDS[self.name]

    @property
    def named(self) -> float:
        """The share of the run after which the failure is first named rightly; infinite if it never is."""
        right = (
            share
            for share, found in zip(self.share, self.findings, strict=True)
            if any(word in self.kind.should and severity != "info" for severity, word in found)
        )
        return next(right, float("inf"))

    @property
    def heads(self) -> bool:
        """Whether a right name heads the last verdict."""
        return any(word in self.kind.should for _, word in self.findings[-1][:1])

    def ever(self, severity: str) -> set[str]:
        return {word for found in self.findings for grade, word in found if grade == severity}

    @property
    def bad(self) -> bool:
        """Whether the pictures at the end are far from real, or worse."""
        return self.grades[-1] in GRADES[:2]

    @property
    def praised(self) -> bool:
        """Whether good news ever headed a verdict while the pictures were far from real."""
        return any(
            grade in GRADES[:2] and any(word in GOOD_NEWS for _, word in found[:1])
            for found, grade in zip(self.findings, self.grades, strict=True)
        )

    @property
    def tested(self) -> bool:
        return self.kind.held_out or self.seed % 2 == 1


def judge(path: Path, *, explain: bool = False) -> Said:
    """Replay one run as if it were live: every snapshot with what was known then."""
    name, _, seed = path.name.removesuffix(".json.gz").rpartition("-")
    history, tests, evals, settings = read(path)
    now: list[Finding] = []
    found, grades = [], []
    for i, line in enumerate(evals):
        now = diagnose(history, tests, evals[: i + 1], settings)
        evals[i] = line | {"findings": [finding.to_dict() for finding in now]}
        found.append([(finding.severity, finding.id) for finding in now if finding.id != "passed"])
        grades.append(quality_now(evals[: i + 1]).grade)
        if explain:
            values = {key: round(entry["value"], 2) for key, entry in line["metrics"].items()}
            print(line["images_seen"], grades[-1], values, *(":".join(pair) for pair in found[-1]))
    if explain:
        print(verdict(now, evals, settings))
        print(*(f"{finding.id}: {' | '.join(finding.advice)}" for finding in now), sep="\n")
    return Said(name, int(seed), found, [line["images_seen"] / evals[-1]["images_seen"] for line in evals], grades)


def table(runs: list[Said], title: str) -> None:
    """The runs by kind, in markdown, and the figures that targets are set for."""
    print(f"\n### {title}: {len(runs)} runs\n")
    print("| kind | runs | should be named | named | in the first third | latest at | heads the last verdict | "
          "other failures | other warnings | far from real at the end |")  # fmt: skip
    print("|---|--:|---|--:|--:|--:|--:|---|---|--:|")
    for name, kind in KINDS.items():
        mine = [run for run in runs if run.name == name]
        if not mine:
            continue
        at = [run.named for run in mine]
        cells: list[object] = ["nothing", "", "", "", ""]
        if kind.should:
            late = max(at)
            cells = [" or ".join(kind.should), int(np.isfinite(at).sum()), sum(share <= 1 / 3 for share in at)]
            cells += [f"{late:.0%}" if np.isfinite(late) else "never", sum(run.heads for run in mine)]
        for severity in ("failure", "warning"):
            names = Counter(word for run in mine for word in run.ever(severity) - set(kind.should))
            cells.append(", ".join(f"{word} {count}" for word, count in names.items()))
        cells.append(sum(run.bad for run in mine) or "")
        print(f"| {name} | {len(mine)} | " + " | ".join(map(str, cells)) + " |")
    # What was made to fail and came out well all the same has nothing to be named.
    planted = [run for run in runs if run.kind.should and (run.bad or FAR not in run.kind.should)]
    well = [run for run in runs if run.kind.should and run not in planted]
    healthy = [run for run in runs if not run.kind.should and not run.bad]
    ended_far = sum(not run.kind.should and run.bad for run in runs)
    named, early = (sum(run.named <= share for run in planted) for share in (1.0, 1 / 3))
    print(
        f"\nPlanted failures named: {named} of {len(planted)}, in the first third {early} ({len(well)} more were made "
        f"to fail and did not: named {sum(run.named <= 1.0 for run in well)}). Healthy runs that end well "
        f"called a failure at any snapshot: {sum(bool(run.ever('failure')) for run in healthy)} of {len(healthy)} "
        f"({ended_far} more end far from real and are not counted). Good news ever headed a run far from real: "
        f"{sum(run.praised for run in runs)} of {len(runs)}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--explain", metavar="RUN", help="one run by name, snapshot by snapshot")
    parser.add_argument("--without-held-out", action="store_true", help="to choose thresholds: leave those kinds alone")
    arguments = parser.parse_args()
    paths = {path.name.removesuffix(".json.gz"): path for folder in arguments.folders for path in folder.glob("*.gz")}
    if arguments.explain:
        judge(paths[arguments.explain], explain=True)
        return
    known = [path for name, path in sorted(paths.items()) if name.rpartition("-")[0] in KINDS]
    wanted = [path for path in known if not (arguments.without_held_out and is_held_out(path))]
    runs = [run for path in wanted if (run := judge(path)).findings]  # too few images are not measured at all
    table([run for run in runs if not run.tested], "Calibration: even seeds of the kinds that were looked at")
    table([run for run in runs if run.tested and not run.kind.held_out], "Test: odd seeds of these kinds")
    table([run for run in runs if run.kind.held_out], "Test: kinds that were held out")


def is_held_out(path: Path) -> bool:
    return KINDS[path.name.rpartition("-")[0]].held_out


if __name__ == "__main__":
    main()
