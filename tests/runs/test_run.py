"""The run directory: a file is absent or whole, nothing is counted twice, two writers are refused."""

from __future__ import annotations

import errno
import multiprocessing
from pathlib import Path
from typing import IO

import pytest
import torch

from ganscope.config.plan import plan
from ganscope.config.presets import make_config
from ganscope.errors import RunError
from ganscope.files import atomic, write_json
from ganscope.runs import claim
from ganscope.runs.claim import claim_run_path, next_run_path
from ganscope.runs.run import Run, list_runs


def make(path: Path) -> Run:
    return Run.create(path, plan(make_config("digits", "mlp"), num_images=100, size=8, channels=1), {"a": 1}, "text")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"old": 1})

    def fail_halfway() -> None:
        with atomic(path) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert path.read_text() == '{\n  "old": 1\n}\n'
    assert [found.name for found in tmp_path.iterdir()] == ["x.json"]


def test_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full is a Linux device")
    run = make(tmp_path / "r")
    run.lines_path("history").symlink_to("/dev/full")
    with pytest.raises(RunError, match=r"(?s)cannot write .*history.jsonl.*No space left"):
        run.append("history", {"images_seen": 1})


class Filling:
    """A file on a disk that is full after so many bytes."""

    def __init__(self, file: IO[bytes], room: int) -> None:
        self.file, self.room = file, room

    def write(self, data: bytes) -> int:
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(data)

    def flush(self) -> None:
        self.file.flush()


@pytest.mark.parametrize("room", [0, 100, 3_000, 200_000])
def test_a_disk_that_fills_up_under_a_checkpoint_is_one_clear_error(tmp_path: Path, room: int) -> None:
    path = tmp_path / "000000010.pt"
    path.write_bytes(b"old")
    with pytest.raises(RunError, match=r"(?s)cannot write .*pt.*No space left"), atomic(path) as file:
        torch.save({"weights": torch.zeros(100_000)}, Filling(file, room))
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_two_that_start_at_once_get_a_directory_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = claim_run_path(tmp_path, "digits", "mlp")
    # The second looked before the first had made its own.
    looked = [first, first, tmp_path / "00001-digits-mlp"]
    monkeypatch.setattr(claim, "next_run_path", lambda *_: looked.pop(0))
    assert claim_run_path(tmp_path, "digits", "mlp").name == "00001-digits-mlp"
    assert not looked


def test_a_run_that_another_process_made_is_not_written_over(tmp_path: Path) -> None:
    stored = make(tmp_path / "r").config_path.read_bytes()
    with pytest.raises(RunError, match="another process"):
        make(tmp_path / "r")
    assert (tmp_path / "r" / "config.json").read_bytes() == stored


def test_unwritable_folder_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match=r"(?s)cannot (create|write).*--run"):
        make(tmp_path / "file" / "run")


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


def test_config_round_trip_and_foreign_folders(tmp_path: Path) -> None:
    run = make(tmp_path / "00000-digits-mlp")
    assert Run.open(run.path).config() == plan(make_config("digits", "mlp"), num_images=100, size=8, channels=1)
    with pytest.raises(RunError, match="00000-digits-mlp"):
        Run.open(tmp_path)
    run.config_path.write_text('{"format": 99}')
    with pytest.raises(RunError, match="written by ganscope of a later version, this is"):
        run.config()
    run.config_path.write_text("[1, 2]")
    with pytest.raises(RunError, match="damaged"):
        run.config()
    run.environment_path.unlink()
    with pytest.raises(RunError, match="missing or damaged"):
        run.environment()
    run.config_path.write_text("{")
    with pytest.raises(RunError, match="damaged"):
        run.config()


def test_names_count_up(tmp_path: Path) -> None:
    assert next_run_path(tmp_path, "digits", "mlp").name == "00000-digits-mlp"
    make(tmp_path / "00007-digits-mlp")
    assert next_run_path(tmp_path, "/photos/My Cats.zip", "dcgan").name == "00008-my-cats-dcgan"
    assert [run.path.name for run in list_runs(tmp_path)] == ["00007-digits-mlp"]


def _try(path: Path, queue: multiprocessing.Queue[str]) -> None:
    try:
        with Run(path).locked():
            queue.put("locked")
    except RunError as error:
        queue.put(error.what)


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    run, context = make(tmp_path / "r"), multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[str] = context.Queue()
    answers = []
    with run.locked():
        worker = context.Process(target=_try, args=(run.path, queue))
        worker.start()
        answers.append(queue.get(timeout=60))
        worker.join()
    worker = context.Process(target=_try, args=(run.path, queue))
    worker.start()
    answers.append(queue.get(timeout=60))
    worker.join()
    assert answers == [f"{run.path} is in use by another process", "locked"]


def test_a_watched_run_is_a_run_without_a_config_of_ours(tmp_path: Path) -> None:
    from ganscope.config import Watched
    from ganscope.runs import list_text

    run = Run.create(tmp_path / "w", Watched(trainer="StyleGAN2-ADA", data="cats", size=64, channels=3), {}, "")
    assert run.settings() == Watched(trainer="StyleGAN2-ADA", data="cats", size=64, channels=3)
    assert not run.has_points
    with pytest.raises(RunError, match="another program"):
        run.config()
    assert "StyleGAN2-ADA" in list_text(tmp_path) and "unreadable" not in list_text(tmp_path)
