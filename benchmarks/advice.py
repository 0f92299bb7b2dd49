"""Does the advice help? Each planted failure, trained again in the same time with the first advice of its verdict.

    python benchmarks/advice.py RECORDED --out FOLDER                  every planted kind that RECORDED holds, seed 0
    python benchmarks/advice.py RECORDED --out FOLDER --kinds momentum weak-d --seeds 0 1

RECORDED are runs by `recorded.py`. The advice is the first of the finding that heads the last verdict, taken by the
command line's own parser; everything else stays as it was, the number of images too unless the advice is about that.
It helped if that finding is gone from the last verdict and the best snapshot's grade has risen and is at least fair;
otherwise it may have made the run better, by more than a twentieth of its distance. Runs that exist in FOLDER are not
trained again.
"""

from __future__ import annotations

import argparse
import dataclasses
import shlex
from pathlib import Path
from typing import Any

from ganscope.cli import build_parser
from ganscope.diagnosis import Finding, Quality, best_snapshot, diagnose, quality_now
from kinds import KINDS
from recorded import Lines, make, read, write


def last_word(path: Path) -> tuple[list[Finding], Lines, dict[str, Any]]:
    """The findings at the end of a recorded run, judged live; its evals and settings."""
    history, tests, evals, settings = read(path)
    found: list[Finding] = []
    for i, line in enumerate(evals):
        found = diagnose(history, tests, evals[: i + 1], settings)
        evals[i] = line | {"findings": [finding.to_dict() for finding in found]}
    return found, evals, settings


def at_best(evals: Lines) -> Quality:
    """The quality of the snapshot that `sample` would take."""
    best = best_snapshot(evals)
    return quality_now([line for line in evals if best is None or line["images_seen"] <= best])


def taken(advice: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that an advice changes, as the command line understands it."""
    given = vars(build_parser().parse_args(["train", "digits", *shlex.split(advice)]))
    return {name: value for name, value in given.items() if name in settings and name != "data"}


def tried(path: Path, out: Path, *, number: int = 0) -> str:
    """One line of the table: the run as it was, the advice, the run with it."""
    name, _, seed = path.name.removesuffix(".json.gz").rpartition("-")
    kind, (found, evals, settings) = KINDS[name], last_word(path)
    told = [finding for finding in found if finding.severity != "info"]
    before = at_best(evals)
    start = f"| {name} | {seed} | "
    if not told:
        return f"{start}nothing named | | {before.frechet:.3g} | | | | |"
    first = told[0]
    flags = [advice for advice in first.advice if advice.startswith("--")]
    if len(flags) <= number:
        return f"{start}{first.id} | {' / '.join(first.advice) or 'none'} | {before.frechet:.3g} | | | | in words |"
    changed = taken(flags[number], settings)
    again = out / f"{name}-{seed}{flags[number].replace(' ', '')}.json.gz"
    if not again.exists():
        preset = str(changed.pop("preset", kind.preset))
        same = {"epochs": settings["epochs"]}
        tried_kind = dataclasses.replace(kind, preset=preset, settings=same | kind.settings | changed)
        write(again, make(tried_kind, int(seed)))
    after_found, after_evals, _ = last_word(again)
    after = at_best(after_evals)
    left = [finding.id for finding in after_found if finding.severity != "info"]
    gone, better = first.id not in left, after.frechet < 0.95 * before.frechet
    good = gone and better and after.level > before.level and after.level >= 2
    helped = "yes" if good else "better" if better and after.level >= before.level else "no"
    return (
        f"{start}{first.id} | `{flags[number]}` | {before.frechet:.3g} | {after.frechet:.3g} | "
        f"{after.grade} | "
        f"{', '.join(left) or 'nothing'} | {helped} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recorded", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kinds", nargs="*", default=[name for name, kind in KINDS.items() if kind.should])
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--number", type=int, default=0, help="which of its advice: 0 is the first")
    arguments = parser.parse_args()
    print("| kind | seed | heads the verdict | advice | Fréchet before | after | grade after | named after | helped |")
    print("|---|--:|---|---|--:|--:|---|---|---|")
    for name in arguments.kinds:
        for seed in arguments.seeds:
            path = arguments.recorded / f"{name}-{seed}.json.gz"
            if path.exists():
                print(tried(path, arguments.out, number=arguments.number), flush=True)


if __name__ == "__main__":
    main()
