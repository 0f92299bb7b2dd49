"""Damaged runs: whatever happened to a file, a command shows the rest or says why not; it never hangs or crashes."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from ganscope.cli import main
from ganscope.errors import GanscopeError
from ganscope.page.contents import Pictures, base, index, log, snapshot
from ganscope.runs.run import Run

OLD = Path(__file__).parent / "fixtures" / "runs" / "0.1.0-digits-mlp.tar.gz"
SECONDS = 60  # a command on this run takes two or three


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def garble(path: Path) -> None:
    content, source = bytearray(path.read_bytes()), random.Random(path.name)
    for _ in range(max(3, len(content) // 50)):
        content[source.randrange(len(content))] = source.randrange(256)
    path.write_bytes(bytes(content))


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nonexistent/file")


def removed(path: Path) -> None:
    path.unlink()


def other_json(path: Path) -> None:
    """Every JSON value in the place of the first number, and deep brackets as a line."""
    if path.suffix not in (".json", ".jsonl"):
        return removed(path)
    values: list[object] = ["x", None, [], {"a": 1}, True, 1e300, -5, "NaN"]
    lines = path.read_text().splitlines()
    source = random.Random(path.name)
    changed = []
    for text in lines if path.suffix == ".jsonl" else ["".join(lines)]:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        for key in list(line):
            if source.random() < 0.5:
                line[key] = source.choice(values)
            elif source.random() < 0.1:
                del line[key]
        changed.append(json.dumps(line))
    path.write_text("\n".join([*changed, "[" * 100_000]) if path.suffix == ".jsonl" else changed[0])
    return None


DAMAGES: list[Callable[[Path], None]] = [
    cut, empty, zero, garble, folder, fifo, link_to_nothing, removed, other_json,
]  # fmt: skip


class Late(BaseException):
    """No reader of damaged files may take this for damage."""


@contextlib.contextmanager
def no_longer_than(seconds: int) -> Iterator[None]:
    """A command that waits for a pipe for ever fails the test, and not the whole suite."""

    def late(number: int, frame: FrameType | None) -> None:
        raise Late(f"still running after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("whole")
    with tarfile.open(OLD) as archive:
        archive.extractall(where, filter="data")
    return where / "digits-mlp"


def files_of(path: Path) -> list[str]:
    return sorted(str(one.relative_to(path)) for one in path.rglob("*") if one.is_file())


def damaged_copy(whole: Path, name: str, damage: Callable[[Path], None], where: Path) -> Path:
    path = where / "run"
    shutil.copytree(whole, path)
    damage(path / name)
    return path


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_the_page_is_served_of_what_is_left(damage: Callable[[Path], None], whole: Path, tmp_path: Path) -> None:
    """Everything that `view` and `report` send, for every file of the run damaged in turn."""
    for number, name in enumerate(files_of(whole)):
        run = Run(damaged_copy(whole, name, damage, tmp_path / str(number)))
        with no_longer_than(SECONDS):
            try:
                base(run), log(run)
                for seen, _ in index(run)["snapshots"]:
                    snapshot(run, seen, Pictures(quality=40, count=16))
            except GanscopeError:
                pass  # one clear error is an answer too


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_every_command_answers(
    damage: Callable[[Path], None], whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands that take under a second, for every file of the run damaged in turn."""
    for number, name in enumerate(files_of(whole)):
        path = str(damaged_copy(whole, name, damage, tmp_path / str(number)))
        out = str(tmp_path / f"{number}.npy")
        commands = [
            ["runs", str(tmp_path / str(number))], ["runs", path, path], ["report", path, "--profile", "small"],
            ["sample", path, "--count", "2", "--out", out],
        ]  # fmt: skip
        for command in commands:
            with no_longer_than(SECONDS):
                status = main(command)
            said = capsys.readouterr().err
            assert status in (0, 2), (name, command, said)
            assert "Traceback" not in said and (status == 0 or said.startswith("ganscope: ")), (name, command, said)


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_the_slow_commands_answer_too(damage: Callable[[Path], None], whole: Path, tmp_path: Path) -> None:
    for number, name in enumerate(files_of(whole)):
        path = str(damaged_copy(whole, name, damage, tmp_path / str(number)))
        for command in (["film", path], ["evaluate", path, "--count", "128"]):
            with no_longer_than(SECONDS):
                assert main(command) in (0, 2), (name, command)


TRAIN = [
    "train", "digits", "--preset", "mlp", "--g-width", "8", "--d-width", "8", "--epochs", "3", "--num-fakes", "128",
    "--snapshots", "1", "--no-metrics", "--map", "none", "--quiet", "--run",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("config.json", cut), ("config.json", other_json), ("config.json", fifo), ("environment.json", garble),
        ("history.jsonl", other_json), ("history.jsonl", folder), ("checkpoints/000002880.pt", cut),
        ("checkpoints/000002880.pt", fifo), ("checkpoints/000002880.pt", zero), ("evals.jsonl", fifo),
    ],
)  # fmt: skip
def test_a_resumption_that_is_refused_deletes_nothing(
    name: str, damage: Callable[[Path], None], whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = damaged_copy(whole, name, damage, tmp_path)
    kept = {one: (path / one).read_bytes() for one in files_of(path) if one != name and not one.startswith(".")}
    with no_longer_than(SECONDS):
        status = main([*TRAIN, str(path)])
    said = capsys.readouterr().err
    assert status in (0, 2) and "Traceback" not in said
    if status == 2:
        assert said.startswith("ganscope: ")
        lost = [
            one for one, content in kept.items() if not (path / one).is_file() or (path / one).read_bytes() != content
        ]
        assert not lost
