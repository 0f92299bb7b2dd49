"""What the page receives of a run: complete, small, and honest about what is not there or not whole."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from fixtures.synthetic import NASTY, build_run
from ganscope.maps import thumbnails
from ganscope.page import container, contents
from ganscope.runs.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A whole run for the tests that only read."""
    return build_run(tmp_path_factory.mktemp("exhibit") / "whole", num_real=500, num_fake=120)


def raw(run: Run, name: str, images_seen: int) -> dict[str, np.ndarray]:
    return dict(np.load(run.map_path(images_seen) if name == "fake" else run.real_map_path))


def test_the_reals_stand_where_the_map_put_them(run: Run) -> None:
    meta, sections = container.decode(contents.base(run))
    real = raw(run, "real", 0)
    frame = container.Frame(**meta["map"]["frame"])
    assert np.abs(container.from_u16(sections["xy"], frame) - real["xy"]).max() <= frame.scale
    assert list(sections["label"]) == real["label"].tolist()
    assert meta["map"]["classes"] == [str(k) for k in range(10)] and meta["map"]["labelled"] is True
    assert meta["config"]["preset"] == run.config().to_dict()["preset"]
    assert "Linear" in meta["networks"]


def test_the_fakes_of_a_snapshot_come_with_all_that_is_known_of_them(run: Run) -> None:
    seen = contents.snapshots(run)[3]
    meta, sections = container.decode(contents.snapshot(run, seen))
    fake = raw(run, "fake", seen)
    frame = contents.frame_of(raw(run, "real", 0)["xy"])
    assert meta["points"] == 120
    assert np.abs(container.from_u16(sections["xy"], frame) - fake["xy"]).max() <= frame.scale
    np.testing.assert_allclose(sections["distance"] / 100, fake["distance"], atol=0.0051)
    np.testing.assert_array_equal(np.frombuffer(sections["unlike"], np.uint8) > 0, fake["unlike"])
    np.testing.assert_allclose(np.frombuffer(sections["score"], np.uint8) / 254, fake["score"], atol=1 / 254)
    np.testing.assert_array_equal(sections["nearest"], fake["nearest"])


def test_the_frame_does_not_move_with_the_snapshots(run: Run) -> None:
    first = container.decode(contents.base(run))[0]["map"]["frame"]
    assert contents.frame_of(raw(run, "real", 0)["xy"]).as_dict() == first


def test_images_without_loss_are_the_run_s_own(run: Run) -> None:
    seen = contents.snapshots(run)[-1]
    meta, sections = container.decode(contents.snapshot(run, seen, contents.Pictures(quality=None)))
    about = meta["images"]
    assert about["count"] == 120 and (about["width"], about["height"]) == (28, 28)
    found = thumbnails.decode_grid(sections["images"], 120, about["columns"], 28, 28, 1)
    np.testing.assert_array_equal(found, raw(run, "fake", seen)["images"])
    assert meta["samples"] is None  # the same latents: not sent twice


def test_the_number_and_size_of_images_are_bounded(run: Run, tmp_path: Path) -> None:
    large = build_run(tmp_path / "large", size=128, channels=3, num_real=60, num_fake=80, snapshots=1)
    meta, _ = container.decode(contents.snapshot(large, 0, contents.Pictures(count=16, side=64)))
    assert meta["images"]["count"] == 16 and meta["images"]["width"] == 64 and meta["images"]["channels"] == 3


def test_curves_and_measurements_are_the_lines_of_the_run(run: Run) -> None:
    meta, sections = container.decode(contents.log(run))
    history = run.history()
    assert sections["history_x"].tolist() == [line["images_seen"] for line in history]
    column = meta["history"].index("g_loss")
    np.testing.assert_allclose(sections["history"][column], [line["g_loss"] for line in history], rtol=1e-6)
    evals = json.loads(bytes(sections["evals"]))
    assert [line["images_seen"] for line in evals] == contents.snapshots(run)
    assert evals[-1]["findings"][0]["id"] == "missing_modes"
    assert sections["share_real"].tolist() == pytest.approx([0.1] * 10)
    assert sections["share_fake"][-1][9] == 0  # the class that the generator dropped


def test_a_long_history_is_averaged_and_keeps_its_mean_and_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "MOST_ROWS", 100)
    run = build_run(tmp_path / "long", with_map=False, snapshots=2, history=300)
    meta, sections = container.decode(contents.log(run))
    history = run.history()
    assert len(sections["history_x"]) == contents.MOST_ROWS
    assert sections["history_x"][-1] == history[-1]["images_seen"]
    mean = float(np.mean([line["d_loss"] for line in history]))
    assert sections["history"][meta["history"].index("d_loss")].mean() == pytest.approx(mean, rel=1e-5)


def test_the_clock_is_the_training_s_and_of_a_stretch_trained_twice_the_second(tmp_path: Path) -> None:
    run = build_run(tmp_path / "timed", with_map=False, snapshots=3)
    with run.lines_path("timing").open("a") as file:
        file.write(
            '{"images_seen": 6400, "kind": "snapshot", "train_seconds": 3.5}\n{"images_seen": 9, "kind": "train"}\n'
        )
    _, sections = container.decode(contents.log(run))
    assert sections["clock_x"].tolist() == [0, 6400, 12800]
    assert sections["clock"].tolist() == [[0.0, 3.5, 4.0]]


def test_a_run_without_anything_yet_is_shown_as_empty(tmp_path: Path) -> None:
    run = build_run(tmp_path / "new", snapshots=0, with_map=False, history=0)
    index = contents.index(run)
    assert index["snapshots"] == [] and index["atlas"] == 0 and not index["finished"]
    assert container.decode(contents.base(run))[0]["map"] is None
    assert len(container.decode(contents.log(run))[1]["history_x"]) == 0


def test_a_snapshot_cut_short_keeps_its_images_and_leaves_out_its_points(tmp_path: Path) -> None:
    run = build_run(tmp_path / "half", num_real=100, num_fake=50, snapshots=2)
    seen = contents.snapshots(run)[1]
    before = contents.index(run)["snapshots"][1][1]
    path = run.map_path(seen)
    path.write_bytes(path.read_bytes()[:-200])
    meta, sections = container.decode(contents.snapshot(run, seen))
    assert meta["points"] == 0 and "xy" not in sections
    assert meta["samples"]["count"] == 50
    assert contents.index(run)["snapshots"][1][1] != before


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all"])
def test_whatever_stands_in_a_broken_map_file_is_no_error(tmp_path: Path, content: bytes) -> None:
    run = build_run(tmp_path / "broken", num_real=100, num_fake=50, snapshots=1)
    run.map_path(0).write_bytes(content)
    assert container.decode(contents.snapshot(run, 0))[0]["points"] == 0
    run.real_map_path.write_bytes(content)
    assert container.decode(contents.base(run))[0]["map"] is None


def test_keys_change_with_the_content_and_only_then(tmp_path: Path) -> None:
    run = build_run(tmp_path / "keys", num_real=100, num_fake=50, snapshots=2)
    first = contents.index(run)
    assert contents.index(run) == first
    with run.lines_path("history").open("a") as file:
        file.write('{"images_seen": 7000}\n')
    second = contents.index(run)
    assert second["log"] != first["log"]
    assert (second["base"], second["snapshots"]) == (first["base"], first["snapshots"])
    os.utime(run.real_map_info_path, ns=(1, 1))  # the map laid out anew
    third = contents.index(run)
    assert third["base"] != first["base"]
    assert all(a[1] != b[1] for a, b in zip(first["snapshots"], third["snapshots"], strict=True))


def test_without_labels_the_clusters_are_named_as_found(tmp_path: Path) -> None:
    run = build_run(tmp_path / "unlabelled", num_real=100, num_fake=50, snapshots=1, classes=0)
    meta, _ = container.decode(contents.base(run))
    assert meta["map"]["labelled"] is False and meta["map"]["classes"] == ["cluster 1"]
    assert "share_real" not in container.decode(contents.log(run))[1]


def test_a_class_name_reaches_the_page_as_it_is(tmp_path: Path) -> None:
    run = build_run(tmp_path / "nasty", num_real=100, num_fake=50, snapshots=1, nasty=True)
    assert container.decode(contents.base(run))[0]["map"]["classes"][0] == NASTY


def test_a_conditional_snapshot_says_what_was_asked(run: Run, tmp_path: Path) -> None:
    told = build_run(tmp_path / "run", conditional=True, snapshots=2, num_fake=60, num_real=100, num_images=40)
    _, arrays = container.decode(contents.snapshot(told, 6400))
    assert list(arrays["asked"]) == [k for k in range(10) for _ in range(4)] + [k % 10 for k in range(20)]
    assert told.evals()[-1]["per_class"]["confusion"][9] == [6] + [0] * 9
    assert "asked" not in container.decode(contents.snapshot(run, 6400))[1], "no class was asked for"
