"""The page of a toy: the frames' numbers in containers, drawn by the viewer; watched live and compared like any run."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest

from fixtures.browsing import LAST, STOP, serving, until
from fixtures.document import Document
from fixtures.toy_runs import copy_of, frames_of
from ganscope.cli import main
from ganscope.errors import RunError
from ganscope.page import container
from ganscope.runs.run import Run
from ganscope.toys.containers import NUMBERS, write_containers
from ganscope.toys.page import final_scores, frame_maker_of, write_toy_report


def read(path: Path) -> Document:
    return Document(path.read_text(encoding="utf-8"))


def piece(document: Document, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return container.decode(base64.b64decode(document.scripts[path]))


def test_a_training_leaves_the_page_with_the_numbers_of_its_frames(ring: Run, mixture: Run) -> None:
    for run in (ring, mixture):
        found, frames = read(run.product("report.html")), frames_of(run)
        assert len(frames) > 3 and run.toy_containers() == [int(frame.images_seen) for frame in frames]
        for frame in frames:
            meta, sections = piece(found, f"0/snap/{int(frame.images_seen)}.glv")
            expected = {name: float(getattr(frame, name)) for name in NUMBERS}
            assert meta["toy"] == {name: x if np.isfinite(x) else None for name, x in expected.items()}
            assert np.array_equal(sections["fakes"], frame.fakes) and np.array_equal(sections["pushes"], frame.pushes)
            assert np.abs(sections["learned"] / 255 - frame.d_field).max() <= 0.5 / 255 + 1e-6
            assert np.abs(sections["best"] / 255 - frame.d_best).max() <= 0.5 / 255 + 1e-6


def test_a_number_that_is_none_is_null(mixture: Run, tmp_path: Path) -> None:
    run = copy_of(mixture, tmp_path / "r", {"spread": np.array(np.nan), "reverse_kl": np.array(np.inf)})
    found = read(write_toy_report(run))
    meta, _ = piece(found, f"0/snap/{run.toy_containers()[-1]}.glv")
    assert meta["toy"]["spread"] is None and meta["toy"]["reverse_kl"] is None and meta["toy"]["jsd"] is not None


def test_the_scene_has_the_data_and_what_a_perfect_sampler_gets(ring: Run, mixture: Run) -> None:
    meta, sections = piece(read(ring.product("report.html")), "0/base.glv")
    toy = meta["toy"]
    assert toy["num_modes"] == 8 and toy["jsd_floor"] == float(frames_of(ring)[-1].jsd_floor)
    assert toy["ceiling"] == pytest.approx(1.0 - np.exp(-4.5))
    assert toy["reverse_kl_floor"] == pytest.approx(7 / (2 * 10_000 * (1.0 - np.exp(-4.5))))
    assert sections["toy_reals"].shape == (1000, 2) and int(np.max(sections["toy_p_data"])) == 255
    line = piece(read(mixture.product("report.html")), "0/base.glv")[0]["toy"]
    assert line["dim"] == 1 and line["num_modes"] == 3


def test_the_final_scores_are_those_of_the_last_frame(mixture: Run) -> None:
    scores, last = json.loads(mixture.product("scores.json").read_text()), frames_of(mixture)[-1]
    assert scores["num_fake"] == 10_000 and scores["modes"] == int(last.modes) > 0
    assert scores["high_quality"] == pytest.approx(float(last.high_quality), abs=1e-3)
    assert scores == final_scores(mixture).to_dict()


def test_the_page_stays_under_8_mb_with_a_hundred_frames(ring: Run, mixture: Run) -> None:
    for run in (ring, mixture):
        most = max(len(run.toy_container(seen).read_bytes()) for seen in run.toy_containers())
        assert 100 * most * 4 / 3 + 500_000 < 8e6


def test_every_way_to_a_report_leads_to_this_page(
    ring: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(ring.path), "--out", str(tmp_path / "a.html")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "a.html")
    ours, first = read(tmp_path / "a.html").scripts, read(ring.product("report.html")).scripts
    state = {"index.json", "0/log.glv"}  # written before the training's last line
    assert ours.keys() == first.keys() and all(ours[name] == first[name] for name in ours.keys() - state)
    for scripts in (ours, first):
        assert json.loads(scripts["index.json"])["runs"][0]["finished"] is True


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["evaluate", "RUN"], "scores.json"),
        (["sample", "RUN", "--out", "a.png"], "--out points.npy"),
        (["sample", "RUN", "--out", "folder"], "--out points.npy"),
        (["sample", "RUN", "--walk"], "--out points.npy"),
        (["film", "RUN", "--out", "a.gif"], "end it in .mp4"),
    ],
)
def test_what_needs_images_says_so(
    ring: Run, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main([str(ring.path) if word == "RUN" else word for word in arguments]) == 2
    err = capsys.readouterr().err
    assert err.startswith("ganscope: ") and says in err and not list(tmp_path.iterdir())


def test_film_and_samples_of_a_toy(mixture: Run, tmp_path: Path) -> None:
    assert main(["film", str(mixture.path), "--out", str(tmp_path / "a.mp4")]) == 0
    count, _ = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "a.mp4"))
    assert count > len(frames_of(mixture)) and (tmp_path / "a.gif").is_file()
    assert main(["sample", str(mixture.path), "-n", "7"]) == 0
    (path,) = mixture.path.glob("sample-*.npy")
    points = np.load(path)
    path.unlink()
    assert points.shape == (7, 1) and points.dtype == np.float32


def test_a_run_without_frames_or_with_images_is_refused(ring: Run, tmp_path: Path) -> None:
    run = copy_of(ring, tmp_path / "r")
    shutil.rmtree(run.toy_path)
    with pytest.raises(RunError, match="no frames"):
        write_toy_report(run)
    values = json.loads(run.config_path.read_text())
    run.config_path.write_text(json.dumps(values | {"data": "digits", "network": "mlp"}))
    with pytest.raises(RunError, match="has images, not points"):
        frame_maker_of(run)


BOTTOM = """(name) => {
  const c = document.querySelector(`[data-panel=${name}]`);
  const at = (y) => [...c.getContext('2d').getImageData(c.width / 2, y, 1, 1).data];
  return [at(4), at(c.height - 4)];
}"""


@pytest.mark.browser
def test_a_field_is_blue_where_d_says_real_and_orange_below(visit: Any, ring: Run, tmp_path: Path) -> None:
    """D certain of real everywhere but in the lowest rows; no sample near a mode, so that some scores are none."""
    field = np.ones((96, 96), dtype=np.float32)
    field[:6] = 0.0
    change = {
        "d_field": field.ravel(),
        "reverse_kl": np.array(np.inf),
        "spread": np.array(0.5),
        "high_quality": np.array(0.9999),
    }
    page = visit(write_toy_report(copy_of(ring, tmp_path / "r", change)).as_uri())
    until(page, f"({BOTTOM})('learned')[1][2] < 120")
    high, low = page.evaluate(BOTTOM, "learned")
    assert np.abs(np.array(high[:3]) - [0x69, 0xA7, 0xDD]).max() < 6
    assert np.abs(np.array(low[:3]) - [0xF3, 0x9A, 0x4D]).max() < 6
    text = page.locator(".toy .details").first.inner_text()
    assert "99.99 %" in text and "–" in text and "Here they are narrower than the truth." in text


@pytest.mark.browser
def test_keys_slider_and_curves_move_the_pictures_and_scores_together(visit: Any, ring: Run) -> None:
    page = visit(ring.product("report.html").as_uri())
    picture = "document.querySelector('[data-panel=learned]').toDataURL()"
    last = len(frames_of(ring)) - 1
    assert page.evaluate(STOP) == page.evaluate(LAST) == last
    assert page.locator(".toy .uplot").count() == 6 and page.locator(".panel").count() == 4
    at_end = page.evaluate(picture)
    frame = frames_of(ring)[-1]
    assert f"{100 * float(frame.high_quality):.2f} %" in page.locator(".toy .details").first.inner_text()
    assert page.locator(".where").inner_text().startswith(f"{int(frame.images_seen):,} samples")
    page.keyboard.press("Home")
    until(page, f"{picture} !== {json.dumps(at_end)}")
    assert "Scores at 0 samples" in page.locator(".toy .details").first.inner_text()
    page.keyboard.press("End")
    until(page, f"{picture} === {json.dumps(at_end)}")
    page.set_viewport_size({"width": 390, "height": 844})
    until(page, "document.documentElement.scrollWidth === 390")


@pytest.mark.browser
def test_two_toys_are_compared_on_one_axis(visit: Any, ring: Run, mixture: Run, tmp_path: Path) -> None:
    assert main(["report", str(ring.path), str(mixture.path), "--out", str(tmp_path / "two.html")]) == 0
    page = visit((tmp_path / "two.html").as_uri(), width=1600)
    assert page.locator(".run.toy").count() == 2 and page.locator("[data-panel]").count() == 5
    page.keyboard.press("Home")
    until(page, f"{STOP} === 0")


@pytest.mark.browser
def test_a_toy_is_watched_live(visit: Any, ring: Run, tmp_path: Path) -> None:
    run = copy_of(ring, tmp_path / "live")
    later = frames_of(run)[-1]
    write_containers(run, frame_maker_of(run))
    hidden = run.toy_container(int(later.images_seen))
    bytes_ = hidden.read_bytes()
    hidden.unlink()
    run.sample_path(int(later.images_seen), ".npy").unlink()
    lines = run.lines_path("evals").read_text().splitlines(keepends=True)
    run.lines_path("evals").write_text("".join(lines[:-1]))
    with serving(run) as address:
        page = visit(address)
        assert page.evaluate(LAST) == len(lines) - 2
        hidden.write_bytes(bytes_)
        run.lines_path("evals").write_text("".join(lines))
        until(page, f"{LAST} === {len(lines) - 1} && {STOP} === {len(lines) - 1}")
        until(
            page, f"document.querySelector('.toy .details').textContent.includes('{int(later.images_seen):,} samples')"
        )
        page.context.close()
