"""Watching a loop: a run like any other, resumed after a kill, and nothing that goes wrong ends the training."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import ganscope
from ganscope.errors import DataError, RunError
from ganscope.page.contents import index
from ganscope.runs.run import Run

PIXELS = np.random.default_rng(0).integers(0, 256, (160, 1, 8, 8), np.uint8)

LOOP = """
import sys, time
import numpy as np
import ganscope
reals = np.random.default_rng(0).integers(0, 256, (160, 1, 8, 8), np.uint8)
scope = ganscope.watch(reals, out=sys.argv[1], num_fakes=130, map="none", quiet=True)
weights = np.random.default_rng(1).standard_normal((4, 64)).astype(np.float32)
for step in range(int(sys.argv[2]), int(sys.argv[3])):
    scope.log(16 * step, g_loss=1.0 / (1 + step), d_loss=0.7)
    if step % 4 == 0:
        scope.snapshot(16 * step, lambda z: np.tanh(z @ weights).reshape(-1, 1, 8, 8), latent_shape=4)
    print(step, flush=True)
    time.sleep(0.02)
if len(sys.argv) > 4:
    time.sleep(600)
scope.close()
"""


@pytest.mark.slow
def test_a_loop_that_is_killed_goes_on_with_the_same_run(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    command = [sys.executable, "-c", LOOP, str(run.path)]
    with subprocess.Popen([*command, "0", "10", "wait"], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        while first.stdout.readline().strip() != "9":
            pass
        os.kill(first.pid, signal.SIGKILL)
    assert run.samples() == [0, 64, 128] and not run.finished()
    before = np.load(run.sample_path(64, ".npy"))
    subprocess.run([*command, "6", "14"], check=True, timeout=240)
    assert run.samples() == [0, 64, 128, 192, 208] and run.finished(), "every third, and the end"
    # What came after the moment at which the second one went on is dropped: nothing is counted twice.
    seen = [line["images_seen"] for line in run.history()]
    assert seen == sorted(set(seen)) and seen[-1] == 16 * 13
    assert [line["images_seen"] for line in run.evals()] == run.samples()
    assert np.array_equal(before, np.load(run.sample_path(64, ".npy")))
    assert np.array_equal(before, np.load(run.sample_path(192, ".npy")))  # these weights never change
    assert run.evals()[-1]["metrics"]["frechet"]["value"] > 0
    assert run.product("report.html").is_file() and index(run)["finished"]
    assert not run.fakes(unseen=True) and 208 in run.fakes()


def broken(z: object) -> object:
    raise ValueError("this generator is broken")


def test_errors_are_said_once_and_the_loop_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ganscope.watch(PIXELS, out=tmp_path / "run", metrics=False, map="none") as scope:
        for step in range(3):
            scope.snapshot(step, broken, latent_shape=4)
            scope.snapshot(step, lambda z: z)
            scope.log(step, g_loss="none")
    said = capsys.readouterr().err
    assert said.count("this generator is broken") == 1 and said.count("needs the shape of a latent") == 1
    assert "the training continues" in said and "of the loop's time" in said


def test_few_fakes_get_no_numbers_about_the_whole(tmp_path: Path) -> None:
    with ganscope.watch(PIXELS, out=tmp_path / "run", map="none", quiet=True) as scope:
        scope.snapshot(64, PIXELS[:64])
    line = scope.run.evals()[-1]
    assert {"frechet", "recall", "coverage"}.isdisjoint(line["metrics"])
    assert {"memorisation", "duplicate_rate", "diversity"} <= set(line["metrics"])
    assert "64 images a snapshot are too few" in scope.verdict
    assert scope.findings is not None and scope.stop_reason is None


def test_what_was_asked_for_is_kept_where_it_is_a_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[object] = []
    labels = np.arange(160) % 4
    options = {"metrics": False, "map": "none", "quiet": True, "num_fakes": 6}
    with ganscope.watch(PIXELS, labels, out=tmp_path / "run", **options) as scope:

        def keep(seen: int, fakes: np.ndarray, *, labels: np.ndarray | None, **rest: object) -> None:
            kept.append(None if labels is None else labels.tolist())

        monkeypatch.setattr(scope._recorder, "snapshot", keep)
        scope.snapshot(0, lambda z, y: PIXELS[: len(z)], latent_shape=4)
        scope.snapshot(1, lambda z, y: PIXELS[: len(z)], latent_shape=4, labels=[3, 3, 1, 1, 0, 2])
        scope.snapshot(2, lambda z: PIXELS[: len(z)], latent_shape=4)
        scope.snapshot(3, PIXELS[:6], labels=np.array([0, 1, 2, 3, 0, 1, 2]))
        for k, unknown in enumerate(([0, 1, 2, 3, 4, 0], [0, 1], [-1] * 6)):
            scope.snapshot(4 + k, PIXELS[:6], labels=unknown)
    turns = [0, 1, 2, 3, 0, 1]
    assert kept == [turns, [3, 3, 1, 1, 0, 2], None, turns, None, None, None]


def test_the_tutorials_reals_are_refused_before_the_training(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="tanh or sigmoid"):
        ganscope.watch((PIXELS / 255 - 0.13) / 0.31, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with (
        ganscope.watch(PIXELS, out=tmp_path / "run", quiet=True),
        pytest.raises(RunError, match="in use"),
    ):
        ganscope.watch(PIXELS, out=tmp_path / "run", quiet=True)


def test_the_first_snapshot_is_due_and_the_next_is_not(tmp_path: Path) -> None:
    with ganscope.watch(PIXELS, out=tmp_path / "run", metrics=False, map="none", quiet=True) as scope:
        assert scope.due(0)
        scope.snapshot(0, PIXELS[:20])
        assert not scope.due(1)
        start = time.monotonic()
        for step in range(1000):
            scope.due(step)
        assert time.monotonic() - start < 1
    assert not scope.due(10**6)  # closed
