"""`ganscope doctor`: what this machine and this installation can do, for a bug report; works where much is missing."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import platform
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from ganscope.version import VERSION

HELP = "show what this machine can do, for a bug report: device, precision, threads, packages, extras, cache"
EPILOG = "It prints no names of files but the cache's, and the home folder as ~. Paste all of it into a report."

NEEDED = (
    "torch",
    "numpy",
    "scipy",
    "pillow",
    "scikit-learn",
    "matplotlib",
    "numba",
    "faiss-cpu",
    "pooch",
    "imageio-ffmpeg",
)
VARIABLES = (
    "GANSCOPE_DATA", "GANSCOPE_CACHE", "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "MKL_NUM_THREADS",
    "CUDA_VISIBLE_DEVICES", "NUMBA_DISABLE_JIT",
)  # fmt: skip

Lines = Iterator[tuple[str, str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(arguments: argparse.Namespace) -> int:
    for title, lines in (
        ("ganscope", program()),
        ("machine", machine()),
        ("packages", packages()),
        ("extras", extras()),
        ("films", films()),
        ("cache", cache()),
        ("environment", environment()),
    ):
        print(title)
        for name, value in lines:
            print(f"  {name:<16} {value}")
    return 0


def program() -> Lines:
    yield "version", VERSION
    yield "python", f"{sys.version.split()[0]} ({platform.python_implementation()})"
    yield "installed", shown(Path(__file__).resolve().parents[1])


def machine() -> Lines:
    from ganscope.runs import describe

    facts = describe(command=[], backend_reason="", threads=0, dataset={})
    yield "system", str(facts["platform"])
    yield "processor", f"{facts['processor']}, {facts['cores']} cores"
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        yield "memory", size(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    yield from devices()


def devices() -> Lines:
    """What a training would take by itself, and why."""
    try:
        import torch

        from ganscope.device import choose_backend
    except ImportError as error:
        yield "training", f"not possible: {str(error).splitlines()[0]}"
        return
    for index in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(index)
        yield (
            f"cuda:{index}",
            f"{about.name}, {size(about.total_memory)}, compute capability {about.major}.{about.minor}",
        )
    if not torch.cuda.is_available():
        yield "cuda", f"none (torch built for {torch.version.cuda or 'no CUDA'})"
    mps = getattr(torch.backends, "mps", None)
    if mps is not None and mps.is_available():
        yield "mps", "there"
    yield "convolutions", choose_backend(convolutional=True).reason
    yield "perceptrons", choose_backend(convolutional=False, written_out=True).reason


def packages() -> Lines:
    for name in NEEDED:
        yield name, version_of(name) or "MISSING: pip install ganscope"


def extras() -> Lines:
    """Every extra of this installation: all there, or what is missing."""
    try:
        about = importlib.metadata.metadata("ganscope")
    except importlib.metadata.PackageNotFoundError:
        yield "unknown", "ganscope runs from its source and is not installed"
        return
    for extra in about.get_all("Provides-Extra") or []:
        needed = [name for name in requirements(extra) if name != "ganscope"]
        missing = [name for name in needed if version_of(name) is None]
        there = ", ".join(f"{name} {version_of(name)}" for name in needed if name not in missing)
        yield extra, there if not missing else f'missing {", ".join(missing)}: pip install "ganscope[{extra}]"'


def requirements(extra: str) -> list[str]:
    """The packages that an extra asks for, by name."""
    asked = importlib.metadata.requires("ganscope") or []
    named = [
        re.match(r"[\w.-]+", line) for line in asked if re.search(rf"extra\s*==\s*['\"]{re.escape(extra)}['\"]", line)
    ]
    return [found[0] for found in named if found]


def films() -> Lines:
    try:
        import imageio_ffmpeg

        yield "ffmpeg", f"{imageio_ffmpeg.get_ffmpeg_version()}, {shown(Path(imageio_ffmpeg.get_ffmpeg_exe()))}"
    except Exception as error:  # the package raises RuntimeError where it finds no program
        yield "ffmpeg", f"MISSING: {str(error).splitlines()[0]}"


def cache() -> Lines:
    try:
        from ganscope.data import cache_root

        root = cache_root()
    except ImportError as error:
        yield "folder", f"unknown: {error}"
        return
    there = next(folder for folder in (root, *root.parents) if folder.exists())
    files = [path.stat().st_size for path in root.rglob("*") if path.is_file()] if root.is_dir() else []
    yield "folder", f"{shown(root)}, {len(files):,} files, {size(sum(files))}"
    yield "writable", "yes" if os.access(there, os.W_OK) else f"NO: set GANSCOPE_CACHE ({shown(there)} is closed)"


def environment() -> Lines:
    found = False
    for name in VARIABLES:
        if name in os.environ:
            found = True
            yield name, shown(Path(os.environ[name])) if os.sep in os.environ[name] else os.environ[name]
    if not found:
        yield "variables", "none of those that ganscope reads is set"


def version_of(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def shown(path: Path) -> str:
    """A path without the user's name."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)


def size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
