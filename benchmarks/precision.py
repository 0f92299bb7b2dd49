"""Does bf16 cost quality? The three source systems in bf16 and in float32, the same seeds, measured alike.

    GANSCOPE_DATA=… python benchmarks/precision.py [mnist fashion lfw] [--seeds 3] [--out runs/precision] [--jobs 2]
    … --table                          only the table of what is there

Every run is an ordinary one on one thread, so that two fit on two cores; one that is finished and measured is not made
again, one that was interrupted goes on. Measured is the generator of the last snapshot, not the best, with 10,000
fakes. The two precisions differ where their means differ by more than the runs of one precision do among themselves:
printed as the difference of the means over the standard deviation of a single run (pooled).
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

CASES = {"mnist": ("mnist", "mlp", 100), "fashion": ("fashion-mnist", "plain", 12), "lfw": ("lfw", "dcgan", 2)}
PRECISIONS = ("bf16", "float32")
METRICS = ("frechet", "precision", "recall", "coverage")


def make(case: str, precision: str, seed: int, out: Path) -> None:
    """Train and measure one run in processes of its own."""
    data, preset, epochs = CASES[case]
    run = out / f"{case}-{precision}-{seed}"
    if list(run.glob("evaluation-*.json")):
        return
    base = [sys.executable, "-m", "ganscope"]
    if not (run / "finished.json").exists():
        options = dict(preset=preset, epochs=epochs, precision=precision, seed=seed, threads=1, map="none", snapshots=8)
        flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        with (out / f"{run.name}.log").open("w") as log:
            subprocess.run([*base, "train", data, "--run", str(run), *flags], check=True, stdout=log, stderr=log)
    subprocess.run([*base, "evaluate", str(run), "--snapshot", "last"], check=True, stdout=subprocess.DEVNULL)
    print(f"{run.name} done", flush=True)


def table(out: Path) -> str:
    """Markdown: a row for each case and metric."""
    lines = [
        "| system | metric | floor | bf16, every seed | float32, every seed | difference / spread of one run |",
        "|---|---|--:|---|---|--:|",
    ]
    for case, (data, preset, epochs) in CASES.items():
        found = {}
        for precision in PRECISIONS:
            files = sorted(out.glob(f"{case}-{precision}-*/evaluation-*.json"))
            found[precision] = [json.loads(file.read_text())["metrics"] for file in files]
        if not all(found.values()):
            continue
        for name in METRICS:
            values = [np.array([metrics[name]["value"] for metrics in found[p]]) for p in PRECISIONS]
            floor = found["bf16"][0][name]["floor"]
            pooled = math.sqrt(np.mean([v.var(ddof=1) if len(v) > 1 else math.nan for v in values]))
            shown = [", ".join(f"{x:.3g}" for x in v) for v in values]
            difference = values[0].mean() - values[1].mean()
            ratio = difference / pooled if difference else 0.0
            lines.append(
                f"| `{preset}` on {data}, {epochs} epochs | {name} | {floor:.3g} | {shown[0]} | {shown[1]} "
                f"| {ratio:+.1f} |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=list(CASES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/precision"))
    parser.add_argument("--table", action="store_true", help="train nothing")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    jobs = [(case, p, seed) for case in arguments.cases for seed in range(arguments.seeds) for p in PRECISIONS]
    if not arguments.table:
        with ThreadPoolExecutor(arguments.jobs) as pool:
            list(pool.map(lambda job: make(job[0], job[1], job[2], arguments.out), jobs))
    print(table(arguments.out))


if __name__ == "__main__":
    main()
