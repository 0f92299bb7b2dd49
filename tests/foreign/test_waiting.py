"""A watcher that is started before the training: it waits, says for what, and reads on as more comes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.commands import watch
from ganscope.errors import DataError
from ganscope.foreign.follow import Follower, following
from ganscope.foreign.layouts import NothingYetError, find
from ganscope.foreign.waiting import await_first
from ganscope.progress import Progress


def picture(folder: Path, name: str, ago: float = 60.0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(len(name)).integers(0, 255, (66, 66, 3), np.uint8)
    pixels[[0, 1, 32, 33, 64, 65]] = pixels[:, [0, 1, 32, 33, 64, 65]] = 0
    Image.fromarray(pixels).save(folder / name)
    os.utime(folder / name, (time.time() - ago,) * 2)


def half_a_picture(folder: Path) -> None:
    picture(folder, "fake_samples_epoch_000.png")
    path = folder / "fake_samples_epoch_000.png"
    path.write_bytes(path.read_bytes()[:60])  # being written


BEFORE = {
    "nothing": lambda folder: folder.mkdir(),
    "no folder": lambda folder: None,
    "options": lambda folder: folder.mkdir() or (folder / "args.json").write_text('{"lr": 0.1}'),
    "log": lambda folder: folder.mkdir() or (folder / "log.txt").write_text("starting\n"),
    "head of a table": lambda folder: folder.mkdir() or (folder / "losses.csv").write_text("epoch,loss_d,loss_g\n"),
    "reals": lambda folder: picture(folder, "real_samples.png"),
    "half a picture": half_a_picture,
}


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_it_waits_for_the_first_file_and_says_so(before: Callable[[Path], None], tmp_path: Path) -> None:
    folder, looks = tmp_path / "out", list[int]()
    said: list[str] = []
    before(folder)

    def pause() -> None:
        looks.append(1)
        if len(looks) == 3:
            picture(folder, "fake_samples_epoch_000.png")
        assert len(looks) < 5

    make = lambda: Follower(folder, out=tmp_path / "run", progress=Progress(quiet=True))  # noqa: E731
    follower = await_first(make, said.append, pause)
    assert follower is not None and len(looks) == 3 and len(said) == 1
    assert "out" in said[0] and said[0].endswith("waiting for the first, Ctrl-C ends it")
    with following(follower):
        assert follower.update() and len(follower.run.samples()) == 1


def test_what_is_there_and_cannot_be_followed_is_an_error_at_once(tmp_path: Path) -> None:
    for name in ("holiday.jpg", "losses.csv"):
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        if name.endswith("csv"):
            (folder / name).write_text("colour,taste\nred,sour\n")
        else:
            picture(folder, name)
        with pytest.raises(DataError, match="that is known") as caught:
            find(folder)
        assert not isinstance(caught.value, NothingYetError)
    with pytest.raises(DataError) as caught:
        find(tmp_path / "no" / "such")
    assert not isinstance(caught.value, NothingYetError)


def test_numbers_may_come_before_the_first_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "losses.csv").write_text("epoch,loss_d,loss_g\n1,0.5,0.7\n2,0.4,0.8\n")
    with following(Follower(folder, out=tmp_path / "run", progress=Progress(quiet=True))) as follower:
        assert follower.update() and not follower.outgrown
        picture(folder, "epoch_0002.png")
        follower.update()
        assert follower.outgrown

    shown = threading.Event()

    def serve(runs: list[Path], **_: object) -> None:
        assert shown.wait(60)

    def report(run: object) -> str:
        if run.samples():  # type: ignore[attr-defined]
            shown.set()
        return "report.html"

    import ganscope.page

    monkeypatch.setattr(ganscope.page, "serve", serve)
    monkeypatch.setattr(ganscope.page, "write_report", report)
    monkeypatch.setattr(watch, "POLL_SECONDS", 0.05)
    (folder / "epoch_0002.png").unlink()
    threading.Timer(1.0, picture, (folder, "epoch_0002.png")).start()
    from ganscope.cli import main

    assert main(["watch", str(folder), "--runs", str(tmp_path / "runs"), "--no-browser", "--quiet"]) == 0
    assert shown.is_set()
