"""A very long run in one file: how many bytes, what stays, what the reader is told. Usual runs lose nothing."""

from __future__ import annotations

import base64
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.browsing import STOP, until
from fixtures.document import Document
from fixtures.synthetic import build_run
from ganscope.page import container, contents, fitting
from ganscope.page.report import PROFILES, write_report
from ganscope.runs.run import Run

SNAPSHOTS, USUAL, EVERY = 40, 12, 6400


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("long") / "run"
    return build_run(path, num_real=200, num_fake=256, snapshots=SNAPSHOTS, size=8, history=50, every=EVERY)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty snapshots are to be many."""
    monkeypatch.setattr(fitting, "USUAL", USUAL)


def written(run: Run, folder: Path, most: int, monkeypatch: pytest.MonkeyPatch, **options: Any) -> tuple[int, Document]:
    monkeypatch.setattr(fitting, "MOST_BYTES", most)
    path = write_report(run, folder / "out.html", **options)
    return path.stat().st_size, Document(path.read_text(encoding="utf-8"))


def entry_of(document: Document) -> dict[str, Any]:
    return dict(json.loads(document.scripts["index.json"])["runs"][0])


def images_of(document: Document) -> dict[int, int]:
    """How many pictures each snapshot of the file has."""
    found = {}
    for seen, _ in entry_of(document)["snapshots"]:
        meta, _ = container.decode(base64.b64decode(document.scripts[f"0/snap/{seen}.glv"]))
        found[seen] = meta["images"]["count"]
    return found


def test_a_run_that_fits_is_whole(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size, document = written(run, tmp_path, 20_000_000, monkeypatch)
    assert size < 20_000_000 and "left_out" not in entry_of(document)
    assert list(images_of(document)) == contents.snapshots(run)
    for seen in contents.snapshots(run):
        piece = base64.b64decode(document.scripts[f"0/snap/{seen}.glv"])
        assert piece == contents.snapshot(run, seen, PROFILES["default"])


def test_ordinary_snapshots_lose_pictures_first_and_the_file_is_as_small_as_asked(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = written(run, tmp_path, 20_000_000, monkeypatch)
    most = whole - 50_000
    size, document = written(run, tmp_path, most, monkeypatch)
    assert size <= most
    images, last = images_of(document), (SNAPSHOTS - 1) * EVERY
    assert list(images) == contents.snapshots(run), "every snapshot is still there"
    assert images[0] == images[last] == images[2 * EVERY] == 256, "the ends, and where the finding began, are whole"
    assert sorted(set(images.values())) == [fitting.FEWER, 256]
    word = entry_of(document)["left_out"]
    assert f"all {SNAPSHOTS} snapshots" in word and f"{fitting.FEWER} latents" in word


def test_then_only_some_snapshots_go_in_evenly_and_never_fewer_than_usual(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = written(run, tmp_path, 20_000_000, monkeypatch)
    fewer, _ = written(run, tmp_path, whole - 50_000, monkeypatch)
    most = fewer - 60_000
    size, document = written(run, tmp_path, most, monkeypatch)
    kept = list(images_of(document))
    assert size <= most and USUAL < len(kept) < SNAPSHOTS - 5
    gaps = [b - a for a, b in itertools.pairwise(kept)]
    assert kept[0] == 0 and kept[-1] == (SNAPSHOTS - 1) * EVERY and 2 * EVERY in kept and max(gaps) <= 4 * EVERY
    assert f"{len(kept)} of the run's {SNAPSHOTS} snapshots" in entry_of(document)["left_out"]
    _, log = container.decode(base64.b64decode(document.scripts["0/log.glv"]))
    assert len(json.loads(bytes(log["evals"]))) == SNAPSHOTS, "the curves have them all"
    _, document = written(run, tmp_path, 1, monkeypatch)
    assert len(images_of(document)) >= USUAL


def test_who_asks_for_everything_gets_it(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, document = written(run, tmp_path, 1, monkeypatch, profile="full")
    assert set(images_of(document).values()) == {256} and "left_out" not in entry_of(document)
    assert len(images_of(document)) == SNAPSHOTS


@pytest.mark.browser
def test_the_page_says_what_is_left_out_and_plays_what_is_there(
    visit: Any, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "MOST_BYTES", 1)
    page = visit(write_report(run, tmp_path / "out.html").as_uri())
    assert f"of the run's {SNAPSHOTS} snapshots" in page.locator(".left-out").inner_text()
    stops = int(page.locator(".time-slider").get_attribute("max")) + 1
    assert USUAL <= stops < SNAPSHOTS
    page.keyboard.press("Home")
    until(page, f"{STOP} === 0")
    page.keyboard.press("End")
    until(page, f"{STOP} === {stops - 1}")
