"""The run directory: a file is absent or whole, nothing is counted twice, two writers are refused."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from ganscope.config import make_config
from ganscope.errors import RunError
from ganscope.run import Run, atomic, list_runs, next_run_path, write_json


def make(path: Path) -> Run:
    return Run.create(path, make_config("digits", "mlp").resolve(num_images=100, size=8, channels=1), {"a": 1}, "text")


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
    with run.lines_path("history").open("a") as file:
        file.write('{"images_seen": 4')
    assert [line["images_seen"] for line in run.history()] == [10, 20, 30]
    run.rewind(20)
    assert run.lines_path("history").read_text() == '{"images_seen": 10}\n{"images_seen": 20}\n'
    assert [path.name for path in run.checkpoints()] == ["000000010.pt", "000000020.pt"]
    assert not run.sample_path(30).exists()
    assert [path.name for path in sorted(run.toy_path.iterdir())] == ["000000010.npz", "000000020.npz"]


def test_config_round_trip_and_foreign_folders(tmp_path: Path) -> None:
    run = make(tmp_path / "00000-digits-mlp")
    assert Run.open(run.path).config() == make_config("digits", "mlp").resolve(num_images=100, size=8, channels=1)
    with pytest.raises(RunError, match="00000-digits-mlp"):
        Run.open(tmp_path)
    run.config_path.write_text('{"format": 99}')
    with pytest.raises(RunError, match="another format"):
        run.config()
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
