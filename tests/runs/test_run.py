"""The run directory: a file is absent or whole, nothing is counted twice, two writers are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganscope.config.plan import plan
from ganscope.config.presets import make_config
from ganscope.errors import RunError
from ganscope.runs.run import Run


def make(path: Path) -> Run:
    return Run.create(path, plan(make_config("digits", "mlp"), num_images=100, size=8, channels=1), {"a": 1}, "text")


def test_a_cut_last_line_is_ignored_and_rewind_drops_what_is_newer(tmp_path: Path) -> None:
    run = make(tmp_path / "r")
    for seen in (10, 20, 30):
        run.append("history", {"images_seen": seen})
        run.sample_path(seen).write_bytes(b"x")
        run.checkpoint_path(seen).write_bytes(b"x")
        run.toy_path.mkdir(exist_ok=True)
        (run.toy_path / f"{seen:09d}.npz").write_bytes(b"x")
        run.waiting_path(seen).parent.mkdir(exist_ok=True)
        run.waiting_path(seen).write_bytes(b"x")
    with run.lines_path("history").open("a") as file:
        file.write('{"images_seen": 4')
    assert [line["images_seen"] for line in run.history()] == [10, 20, 30]
    run.rewind(20)
    assert run.lines_path("history").read_text() == '{"images_seen": 10}\n{"images_seen": 20}\n'
    assert [path.name for path in run.checkpoints()] == ["000000010.pt", "000000020.pt"]
    assert not run.sample_path(30).exists()
    assert [path.name for path in sorted(run.toy_path.iterdir())] == ["000000010.npz", "000000020.npz"]
    assert run.waiting() == [10, 20]


def test_a_watched_run_is_a_run_without_a_config_of_ours(tmp_path: Path) -> None:
    from ganscope.config import Watched
    from ganscope.runs import list_text

    run = Run.create(tmp_path / "w", Watched(trainer="StyleGAN2-ADA", data="cats", size=64, channels=3), {}, "")
    assert run.settings() == Watched(trainer="StyleGAN2-ADA", data="cats", size=64, channels=3)
    assert not run.has_points
    with pytest.raises(RunError, match="another program"):
        run.config()
    assert "StyleGAN2-ADA" in list_text(tmp_path) and "unreadable" not in list_text(tmp_path)
