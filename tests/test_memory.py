"""Memory that is left: the least of what the machine, the container and the limits say."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganscope import memory

GIB = 2**30


def test_a_container_leaves_its_limit_less_what_cannot_be_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    monkeypatch.setattr(memory, "_of_machine", lambda: 64 * GIB)
    monkeypatch.setattr(memory, "_of_limits", lambda: 2**62)
    (tmp_path / "memory.max").write_text(f"{8 * GIB}\n")
    (tmp_path / "memory.current").write_text(f"{6 * GIB}\n")
    (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {1 * GIB}\nactive_file {2 * GIB}\n")
    assert memory.free_memory() == 3 * GIB
    assert memory.fits_in_memory(3 * GIB // 2) and not memory.fits_in_memory(3 * GIB // 2 + 1)
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_memory() == 64 * GIB


def test_processes_of_one_training_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: 8 * GIB)
    assert memory.fits_in_memory(4 * GIB)
    monkeypatch.setattr(memory, "on_this_machine", lambda: 4)
    assert memory.fits_in_memory(GIB) and not memory.fits_in_memory(GIB + 1)
