"""How much memory is left: of the machine, of the container, of the limits that the process was given."""

from __future__ import annotations

import os
from pathlib import Path

from ganscope.processes import on_this_machine

SHARE = 0.5  # of what is free that a data set may fill; networks, measures and other programs need the rest
CGROUP = Path("/sys/fs/cgroup")


def fits_in_memory(num_bytes: int) -> bool:
    """Whether a copy of so many bytes, for each process of a training on this machine, leaves half of what is free."""
    return num_bytes * on_this_machine() <= SHARE * free_memory()


def free_memory() -> int:
    """Bytes that this process may still take; a very large number where nothing says how many."""
    return min(_of_machine(), _of_container(), _of_limits())


def _of_machine() -> int:
    """What Linux calls available; elsewhere half of the whole."""
    for key, value in _lines(Path("/proc/meminfo")):
        if key == "MemAvailable:":
            return int(value) * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (ValueError, OSError, AttributeError):
        return 2**62


def _of_container() -> int:
    """What the cgroup (version 2) leaves; files that it keeps in memory can be dropped, so they count as free."""
    try:
        limit = int((CGROUP / "memory.max").read_text(encoding="ascii"))
        used = int((CGROUP / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):  # no cgroup, or "max"
        return 2**62
    dropped = sum(int(value) for key, value in _lines(CGROUP / "memory.stat") if key == "inactive_file")
    return max(0, limit - used + dropped)


def _of_limits() -> int:
    """What `ulimit -v` and `ulimit -d` leave."""
    try:
        import resource
    except ImportError:  # Windows
        return 2**62
    used = {key: int(value) * 1024 for key, value in _lines(Path("/proc/self/status")) if key in ("VmSize:", "VmData:")}
    left = [2**62]
    for kind, key in ((resource.RLIMIT_AS, "VmSize:"), (resource.RLIMIT_DATA, "VmData:")):
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            left.append(max(0, soft - used.get(key, 0)))
    return min(left)


def _lines(path: Path) -> list[tuple[str, str]]:
    """The first two words of every line of a file, none where it cannot be read."""
    try:
        words = [line.split() for line in path.read_text(encoding="ascii", errors="replace").splitlines()]
    except OSError:
        return []
    return [(line[0], line[1]) for line in words if len(line) > 1]
