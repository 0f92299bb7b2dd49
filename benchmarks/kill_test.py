"""Kill a real training process with SIGKILL at random moments and compare it with one that was never interrupted.

    python benchmarks/kill_test.py [--kills 50]

Prints the number of kills, how many fell into the writing of a checkpoint, and the number of files that differ (0).
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from ganscope.runs.run import Run

# A checkpoint after every step, so that many kills fall into a write; metrics and map off, they have no part in it.
OPTIONS = [
    "digits", "--preset", "mlp", "--epochs", "1000", "--threads", "1", "--checkpoint-seconds", "0", "--no-metrics",
    "--map", "none", "--quiet", "--num-fakes", "128",
]  # fmt: skip


def start(path: Path, epochs: int) -> subprocess.Popen[bytes]:
    options = [str(epochs) if option == "1000" else option for option in OPTIONS]
    return subprocess.Popen(
        [sys.executable, "-m", "ganscope", "train", *options, "--run", str(path)], stdout=subprocess.DEVNULL
    )


def differing_files(whole: Path, killed: Path) -> list[str]:
    """Names of the recorded files that are not equal; checkpoints are compared tensor by tensor."""
    different = [
        name for name in ("history.jsonl", "test.jsonl") if (whole / name).read_bytes() != (killed / name).read_bytes()
    ]
    for path in sorted((whole / "samples").iterdir()):
        other = killed / "samples" / path.name
        if not other.is_file() or other.read_bytes() != path.read_bytes():
            different.append(f"samples/{path.name}")
    first, second = (torch.load(Run(path).checkpoints()[-1], weights_only=True) for path in (whole, killed))
    different += [f"checkpoint {part}" for part in first if not _equal(first[part], second[part])]
    return different


def _equal(a: object, b: object) -> bool:
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_equal(x, y) for x, y in zip(a, b, strict=True))
    return a == b


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=0, help="length of the training (default: 1.2 epochs a kill)")
    arguments = parser.parse_args()
    epochs = arguments.epochs or round(1.2 * arguments.kills) + 10
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = Path(folder) / "whole", Path(folder) / "killed"
        if start(whole, epochs).wait():
            return 1
        kills = in_write = 0
        while kills < arguments.kills:
            child = start(killed, epochs)
            before = len(Run(killed).history())
            while child.poll() is None and len(Run(killed).history()) <= before:
                time.sleep(0.005)
            time.sleep(chance.uniform(0.0, 0.15))
            child.send_signal(signal.SIGKILL)
            if child.wait() != -signal.SIGKILL:
                print(f"the training ended after {kills} kills; it is too short: use --epochs {2 * epochs}")
                return 1
            kills += 1
            in_write += any((killed / "checkpoints").glob(".*.tmp"))
        last = start(killed, epochs)
        if last.wait():
            return 1
        different = differing_files(whole, killed)
        print(f"{kills} kills, {in_write} of them while a checkpoint was being written; {len(different)} mismatches")
        for name in different:
            print(f"  {name} differs")
        return int(bool(different))


if __name__ == "__main__":
    sys.exit(main())
