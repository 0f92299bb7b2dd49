"""Try what was built, as a stranger would: the wheel in an empty environment, the sdist from its own files only.

    python packaging/try_dist.py [DIST] [--sdist] [--viewer] [--keep FOLDER]

The wheel: a new environment, torch for the CPU, no compiler on the PATH and no package built from source; then a
training, a page, samples, the doctor; then the extra `export`, an ONNX file, and its sampling. Install sizes and
import times are printed as rows of docs/release.md. `--sdist` builds a wheel from the unpacked sdist and compares;
`--viewer` also rebuilds the page's bundle in it with npm and compares bytes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = """
import numpy as np
import onnxruntime
session = onnxruntime.InferenceSession("g.onnx")
z = np.random.default_rng(0).standard_normal((5, 100))
z = np.concatenate([z, np.eye(10)[:5]], 1).astype(np.float32)  # behind the latents the classes, 0 to 4
(images,) = session.run(None, {"latents": z})
assert images.shape == (5, 1, 8, 8) and images.dtype == np.uint8 and images.std() > 1, images.shape
"""


class Stranger:
    """An empty environment in a folder, with nothing of this checkout on its path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / "env", with_pip=True)
        self.bin = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
        hidden = ("PYTHONPATH", "CC", "CXX")
        self.env = {name: value for name, value in os.environ.items() if name not in hidden}
        # No compiler: what is on the PATH is the environment alone. /usr/bin has gcc, so it must go too.
        self.env |= {"PATH": str(self.bin), "GANSCOPE_CACHE": str(folder / "cache"), "HOME": str(folder)}

    def run(self, *words: str) -> str:
        start = time.monotonic()
        program = str(self.bin / words[0])
        done = subprocess.run([program, *words[1:]], cwd=self.folder, env=self.env, capture_output=True, text=True)
        print(f"  {time.monotonic() - start:6.1f} s  {' '.join(words)[:110]}", flush=True)
        if done.returncode:
            sys.exit(f"{' '.join(words)} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
        return done.stdout

    def install(self, *what: str) -> None:
        pip = ("python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary", ":all:")
        self.run(*pip, "-c", str(ROOT / "constraints.txt"), *what)

    def megabytes(self) -> float:
        return sum(path.lstat().st_size for path in (self.folder / "env").rglob("*") if path.is_file()) / 1e6


def try_wheel(wheel: Path, folder: Path) -> None:
    print(f"wheel {wheel.name}, {wheel.stat().st_size / 1e6:.2f} MB, Python {sys.version.split()[0]}")
    stranger = Stranger(folder)
    empty = stranger.megabytes()
    stranger.install("torch")
    with_torch = stranger.megabytes()
    stranger.install(str(wheel))
    base = stranger.megabytes()
    stranger.run("python", "-c", "import ganscope; assert 'site-packages' in ganscope.__file__, ganscope.__file__")
    stranger.run("ganscope", "--version")
    times = {
        "import ganscope": import_time(stranger, "import ganscope"),
        "ganscope --version": command_time(stranger, "--version"),
        "ganscope --help": command_time(stranger, "--help"),
        "import ganscope.training (torch)": import_time(stranger, "import ganscope.training"),
    }
    assert "convolutions" in stranger.run("ganscope", "doctor")
    # The map is on: PaCMAP needs numba, which nothing else brings.
    stranger.run("ganscope", "train", "digits", "--run", "run", "--epochs", "2", "--snapshots", "2", "--quiet")
    for product in ("report.html", "curves.png", "film.mp4"):
        assert (folder / "run" / product).stat().st_size > 1000, product
    stranger.run("ganscope", "sample", "run", "-n", "20", "--out", "samples.png")
    stranger.run("python", str(ROOT / "packaging" / "sbom.py"), str(wheel.parent / "sbom.cdx.json"),
                 "--table", str(wheel.parent / "licences.md"))  # fmt: skip
    stranger.install(f"{wheel}[export]")
    export = stranger.megabytes()
    stranger.run("ganscope", "export", "run", "--onnx", "g.onnx", "--hub", "model", "--space", "space")
    stranger.run("python", "-c", SAMPLE)
    print(f"\n| | size |\n|---|--:|\n| the wheel | {wheel.stat().st_size / 1e6:.2f} MB |")
    print(f"| installed, without torch | {base - with_torch:.0f} MB |\n| torch for the CPU and what it needs "
          f"| {with_torch - empty:.0f} MB |\n| the extra `export` | {export - base:.0f} MB |")  # fmt: skip
    print("\n| | processor time |\n|---|--:|")
    for name, seconds in times.items():
        print(f"| `{name}` | {seconds:.2f} s |")


def import_time(stranger: Stranger, line: str, tries: int = 3) -> float:
    """The shortest of some tries, without the start of Python itself."""
    return max(0.0, shortest(stranger, ["python", "-c", line], tries) - shortest(stranger, ["python", "-c", ""], tries))


def command_time(stranger: Stranger, word: str, tries: int = 3) -> float:
    return shortest(stranger, ["ganscope", word], tries)


def shortest(stranger: Stranger, words: list[str], tries: int) -> float:
    """Seconds of processor time, the fewest of some tries: what a machine busy with other things does not change."""
    times = []
    for _ in range(tries):
        before = sum(os.times()[2:4])
        subprocess.run([str(stranger.bin / words[0]), *words[1:]], env=stranger.env, check=True, capture_output=True)
        times.append(sum(os.times()[2:4]) - before)
    return min(times)


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as opened:
        return {name for name in opened.namelist() if not name.endswith("RECORD")}


def try_sdist(sdist: Path, wheel: Path, folder: Path, viewer: bool) -> None:
    print(f"sdist {sdist.name}, {sdist.stat().st_size / 1e6:.2f} MB")
    with tarfile.open(sdist) as opened:
        opened.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    subprocess.run([sys.executable, "-m", "build", "-q", "--wheel", str(source), "--outdir", str(folder)], check=True)
    (built,) = folder.glob("*.whl")
    assert names_in(built) == names_in(wheel), names_in(built) ^ names_in(wheel)
    print(f"  the wheel built from it has the same {len(names_in(wheel))} files")
    if viewer:
        static = source / "src" / "ganscope" / "page" / "static"
        before = {path.name: path.read_bytes() for path in static.iterdir()}
        for made in ("viewer.js", "viewer.css"):
            (static / made).unlink()
        for words in (
            ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
            ["npm", "run", "--silent", "build"],
        ):
            subprocess.run(words, cwd=source / "web", check=True)
        after = {path.name: path.read_bytes() for path in static.iterdir()}
        assert before == after, [name for name in before if before[name] != after.get(name)]
        print("  the viewer's bundle built in it is the same, byte for byte")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dist", type=Path, nargs="?", default=ROOT / "dist")
    parser.add_argument("--sdist", action="store_true", help="try the sdist, and not the wheel")
    parser.add_argument("--viewer", action="store_true", help="with --sdist: rebuild the page's bundle (needs npm)")
    parser.add_argument("--keep", type=Path, help="work in this folder, and leave it")
    arguments = parser.parse_args()
    (wheel,) = arguments.dist.glob("*.whl")
    (sdist,) = arguments.dist.glob("*.tar.gz")
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="ganscope-dist-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if arguments.sdist:
            try_sdist(sdist.resolve(), wheel.resolve(), folder, arguments.viewer)
        else:
            try_wheel(wheel.resolve(), folder)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
