"""The house: a room imports lower rooms only, by their front door; what must start fast needs no torch."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "ganscope"

# A room is a folder or a module that stands by itself. Rooms of one floor do not know each other.
FLOORS = [
    "errors arraytypes version processes",
    "files progress randomness device memory config metrics",
    "networks runs data drawing",
    "features diagnosis training",
    "maps film",
    "page",
    "trackers",
    "recorder",
    "toys pilots generator evaluation foreign",
    "launch export callbacks sweeps",
    "commands api",
    "cli __init__",
    "__main__",
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms.split()}
NO_TORCH = [
    "errors", "arraytypes", "version", "files", "progress", "config", "metrics", "runs", "data", "drawing", "diagnosis",
    "film", "page", "maps", "memory", "processes", "trackers", "recorder", "foreign", "sweeps", "commands", "api",
    "cli", "__init__",
]  # fmt: skip
MOST_LINES = 420


def test_the_page_about_the_architecture_shows_these_floors() -> None:
    page = (SOURCE.parent.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    shown: list[set[str]] = [set() for _ in FLOORS]
    floor = len(FLOORS)
    for line in page.split("## Rooms")[1].split("```")[1].strip("\n").splitlines():
        floor = int(line[:3]) if line[:3].strip() else floor
        for word in line[4:].split():
            if word.rstrip("/") not in FLOOR_OF:
                break  # what it is for
            shown[floor].add(word.rstrip("/"))
            if word.endswith("/"):
                break  # what is in the folder
    assert shown == [set(rooms.split()) for rooms in FLOORS]


def modules() -> dict[str, Path]:
    """Dotted name below `ganscope` → file; a folder's own name stands for its `__init__`."""
    named = {}
    for path in SOURCE.rglob("*.py"):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        named[".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)] = path
    return named


def imports_of(path: Path) -> Iterator[tuple[str, str]]:
    """(module below `ganscope`, name) of every import in a file, deferred ones too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                assert alias.name.split(".")[0] != "ganscope" or path.name == "__init__.py", (
                    f"{path}: import {alias.name}"
                )
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ganscope":
            assert node.level == 0, f"{path}: a relative import"
            for alias in node.names:
                yield (node.module or "").removeprefix("ganscope").removeprefix("."), alias.name


def room_of(module: str) -> str:
    return module.split(".")[0]


def test_every_room_has_a_floor_and_imports_only_downwards() -> None:
    problems = []
    for module, path in modules().items():
        if room_of(module) not in FLOOR_OF:
            problems.append(f"{module} stands on no floor")
            continue
        for imported, name in imports_of(path):
            there = room_of(imported or name if imported else name)
            if there != room_of(module) and FLOOR_OF[there] >= FLOOR_OF[room_of(module)]:
                problems.append(f"{module} imports {imported}.{name}, which stands no lower")
    assert not problems, "\n".join(sorted(problems))


def test_rooms_are_entered_by_the_front_door() -> None:
    """From outside, `ganscope.data` and never `ganscope.data.cache`; and no private name from anywhere."""
    problems = []
    for module, path in modules().items():
        for imported, name in imports_of(path):
            if room_of(imported or name) == room_of(module):
                continue
            if "." in imported or name.startswith("_"):
                problems.append(f"{module} imports {name} from {imported}")
    assert not problems, "\n".join(sorted(problems))


def test_no_module_imports_in_a_circle() -> None:
    known = modules()
    below: dict[str, set[str]] = {}
    for module, path in known.items():
        reached = set()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ganscope."):
                base = (node.module or "").removeprefix("ganscope.")
                reached |= {f"{base}.{a.name}" if f"{base}.{a.name}" in known else base for a in node.names}
        below[module] = reached - {module}

    def walk(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " → ".join([*way, module])
        for other in below.get(module, ()):
            if room_of(other) == room_of(module):
                walk(other, (*way, module))

    for module in known:
        walk(module, ())


def test_files_stay_readable() -> None:
    long = {
        module: n
        for module, path in modules().items()
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert not long, f"split these by noun: {long}"


# Tests of the whole program; `page/test_browser*.py` drive the page, a theme a file.
OF_NO_MODULE = {"launch.shapes", "launch.limits", "architecture", "cuda", "damage"}
# Modules without a test file of their own, and why.
UNTESTED = {
    "arraytypes": "aliases of types",
    "version": "one constant",
    "data.dataset": "fields only",
    "networks.options": "fields only; what they choose is tested where it is built",
    "runs.snapshot": "fields only",
    "diagnosis.ending": "rules: each is planted and found in diagnosis/test_rules.py",
    "diagnosis.game": "rules, as above",
    "diagnosis.pictures": "rules, as above",
    "sweeps.study": "only a whole sweep shows it: sweeps/test_sweep.py",
    "sweeps.trial": "only a whole sweep shows it: sweeps/test_sweep.py",
    "toys.shown": "what classes of a toy look like: toys/test_classes.py",
    "training.checkpoint": "only an interrupted training shows it: training/test_loop.py",
    "training.steering": "one matter with the changes that it steers: training/test_augment.py",
}


def test_tests_mirror_the_rooms() -> None:
    """Every test file is named after the module that it tests, and every module has one but those of UNTESTED."""
    here = Path(__file__).parent
    tested = {
        ".".join([*path.relative_to(here).parts[:-1], path.stem.removeprefix("test_")])
        for path in here.rglob("test_*.py")
    }
    files = {module for module, path in modules().items() if not path.name.startswith("__")}
    strangers = {name for name in tested - files - OF_NO_MODULE if not name.startswith("page.browser")}
    assert not strangers, f"tests of no module: {sorted(strangers)}"
    bare = files - tested - UNTESTED.keys()
    assert not bare, f"modules without a test file of their own: {sorted(bare)}"
    assert not UNTESTED.keys() - (files - tested), "these need no exception any more"


ABSENT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError("no torch here", name=name)
sys.meta_path.insert(0, Absent())
"""


@pytest.mark.parametrize("room", NO_TORCH)
def test_starts_where_torch_is_absent(room: str) -> None:
    inside = [name for name in modules() if room_of(name) == room and room != "__init__"]
    lines = "\n".join(f"import ganscope.{name}" for name in inside) or "import ganscope"
    done = subprocess.run(
        [sys.executable, "-c", ABSENT + lines], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
