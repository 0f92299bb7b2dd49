"""The page of a toy: the frames' numbers, the film's pictures, names as text, and nothing from elsewhere."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from fixtures.document import Document, policy_of
from ganscope.cli import main
from ganscope.errors import RunError
from ganscope.page import html
from ganscope.runs.run import Run
from ganscope.toys import distributions, figure, page, theory
from ganscope.toys.figure import Frame
from ganscope.toys.frames import load_frame, save_frame
from ganscope.toys.page import COLUMNS, MOST_FRAMES, evenly, final_scores, frame_maker_of, write_toy_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
BREAKOUT = "<script>alert(1) <img src=x onerror=alert(1)> <!-- &amp;"


def trained(path: Path, toy: str) -> Run:
    assert main(["train", toy, "--run", str(path), "--epochs", "0.03", "--snapshots", "2", "--quiet"]) == 0
    return Run.open(path)


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("ring") / "a ring", "ring")


@pytest.fixture(scope="module")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("mixture") / "a mixture", "mixture-1d")


def read(path: Path) -> Document:
    return Document(path.read_text(encoding="utf-8"))


def frames_of(run: Run) -> list[Frame]:
    return [load_frame(path) for path in sorted(run.toy_path.glob("*.npz"))]


def picture_of(document: Document, name: str) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(document.scripts[name]))) as image:
        return np.asarray(image.convert("RGB")).astype(float)


def copy_of(run: Run, path: Path, change: dict[str, Any] | None = None) -> Run:
    """The run elsewhere; `change` replaces fields of its last frame."""
    shutil.copytree(run.path, path)
    last = max((path / "toy").glob("*.npz"))
    save_frame(Frame(**{**vars(load_frame(last)), **(change or {})}), last)
    return Run(path)


def test_a_training_leaves_the_page_with_the_numbers_of_its_frames(ring: Run, mixture: Run) -> None:
    for run in (ring, mixture):
        numbers = json.loads(read(run.product("report.html")).scripts["run.json"])["numbers"]
        frames = frames_of(run)
        assert len(frames) > 3 and set(numbers) == set(COLUMNS)
        for name in COLUMNS:
            expected = [float(getattr(frame, name)) for frame in frames]
            assert numbers[name] == [x if np.isfinite(x) else None for x in expected], name


def test_a_number_that_is_none_is_a_gap(mixture: Run, tmp_path: Path) -> None:
    run = copy_of(mixture, tmp_path / "r", {"spread": np.array(np.nan), "reverse_kl": np.array(np.inf)})
    numbers = json.loads(read(write_toy_report(run)).scripts["run.json"])["numbers"]
    assert numbers["spread"][-1] is None and numbers["reverse_kl"][-1] is None and numbers["spread"][-2] is not None


def test_the_lines_are_those_of_theory_and_of_a_perfect_sampler(ring: Run, mixture: Run) -> None:
    charts = json.loads(read(ring.product("report.html")).scripts["run.json"])["charts"]
    lines = [[line["value"] for line in chart["references"]] for chart in charts]
    floor = float(frames_of(ring)[-1].jsd_floor)
    assert lines[0] == [-theory.LOG_4] and lines[1] == [floor, np.log(2.0)]
    assert lines[2] == [pytest.approx(1.0 - np.exp(-4.5))] and lines[3] == [1.0]
    assert lines[4] == [8.0] and lines[5] == [pytest.approx(7 / (2 * 10_000 * (1.0 - np.exp(-4.5))))]
    assert [curve["column"] for curve in charts[0]["curves"]] == ["value", "best_value"]
    for chart in charts:
        low, high = chart["limits"]
        assert all(low <= line["value"] <= high for line in chart["references"]) and (low > 0 or not chart["log"])
    assert len(json.loads(read(mixture.product("report.html")).scripts["run.json"])["charts"]) == 6


def test_a_toy_of_one_mode_has_no_curves_of_modes(mixture: Run, tmp_path: Path) -> None:
    run = copy_of(mixture, tmp_path / "r")
    values = json.loads(run.config_path.read_text())
    run.config_path.write_text(json.dumps(values | {"data": "gaussian-1d"}))
    columns = {"images_seen": np.array(10**9), "reverse_kl": np.array(0.0)}
    save_frame(Frame(**{**vars(frames_of(run)[-1]), **columns}), run.toy_path / "1000000000.npz")
    charts = json.loads(read(write_toy_report(run)).scripts["run.json"])["charts"]
    assert [chart["curves"][0]["column"] for chart in charts] == ["value", "jsd", "high_quality", "spread"]


def test_the_scores_are_those_of_the_last_frame_and_stand_in_the_table(mixture: Run) -> None:
    scores, last = json.loads(mixture.product("scores.json").read_text()), frames_of(mixture)[-1]
    assert scores["num_fake"] == 10_000 and scores["modes"] == int(last.modes) > 0
    assert scores["high_quality"] == pytest.approx(float(last.high_quality), abs=1e-3)
    assert scores == final_scores(mixture).to_dict()
    text = mixture.product("report.html").read_text(encoding="utf-8")
    ceiling = f"{100 * distributions.TOYS['mixture-1d'].high_quality_ceiling:.2f} %"
    share = f"{100 * scores['high_quality']:.2f} %"
    assert f"<td>within 3σ of a mode</td><td>{share}</td><td>{ceiling}</td>" in text
    assert f"<td>modes found</td><td>{scores['modes']:.0f} of 3</td><td>3</td>" in text
    assert f"bandwidth {frame_maker_of(mixture).bandwidth:.3g}" in text


def test_a_score_that_is_none_is_a_dash_in_the_table(
    ring: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        page, "final_scores", lambda run: distributions.score(distributions.TOYS["ring"], np.zeros((10, 2)))
    )
    text = write_toy_report(ring, tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<td>modes found</td><td>0 of 8</td><td>8</td>" in text and "<td>–</td>" in text
    assert "nan" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL).lower()


def test_narrow_samples_are_named(ring: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    toy = distributions.TOYS["ring"]
    assert "Here they are narrower" not in ring.product("report.html").read_text(encoding="utf-8")
    monkeypatch.setattr(page, "final_scores", lambda run: distributions.score(toy, np.repeat(toy.centres, 500, axis=0)))
    assert "Here they are narrower" in write_toy_report(ring, tmp_path / "a.html").read_text(encoding="utf-8")


def test_the_pictures_are_the_films(ring: Run, mixture: Run) -> None:
    for run, panels in ((ring, {"learned", "best"}), (mixture, {"curves"})):
        found, stage = read(run.product("report.html")), frame_maker_of(run).stage()
        assert set(stage.panels()) == panels
        for i in (0, len(stage.frames) - 1):
            drawn = stage.draw(i)
            for name, (left, top, right, bottom) in stage.panels().items():
                ours = picture_of(found, f"{i}/{name}.webp")
                assert ours.shape == (bottom - top, right - left, 3)
                assert np.abs(ours - drawn[top:bottom, left:right]).mean() < 4.0


def test_a_panel_is_its_field_and_nothing_else(ring: Run, tmp_path: Path) -> None:
    """D certain of real everywhere but in the lowest rows: blue to the rim, orange below."""
    field = np.ones((96, 96), dtype=np.float32)
    field[:6] = 0.0
    run = copy_of(ring, tmp_path / "r", {"d_field": field.ravel()})
    picture = picture_of(read(write_toy_report(run)), f"{len(frames_of(run)) - 1}/learned.webp")
    rim = np.concatenate([picture[0], picture[: len(picture) // 2, 0], picture[: len(picture) // 2, -1]])
    assert np.abs(rim - [0x69, 0xA7, 0xDD]).mean() < 6.0
    assert np.abs(picture[-1] - [0xF3, 0x9A, 0x4D]).mean() < 6.0


def test_a_density_is_white_where_it_is_not_and_ink_at_the_top_with_y_upwards() -> None:
    density = np.zeros((4, 4))
    density[0, 1], density[3, 3] = 8.0, 1.0  # y lowest; y highest
    picture = figure.density_picture(density.ravel(), 8.0, "#1f6fb4")
    assert picture[3, 1].tolist() == [0x1F, 0x6F, 0xB4] and picture[1, 1].tolist() == [255, 255, 255]
    assert picture[0, 3].tolist() == [round((255 + channel) / 2) for channel in (0x1F, 0x6F, 0xB4)]


def test_an_even_choice_has_the_first_and_the_last() -> None:
    assert evenly(5, 100) == [0, 1, 2, 3, 4] and evenly(1, 100) == [0]
    for count in (100, 101, 103, 1000):
        chosen = evenly(count, 100)
        assert (len(chosen), chosen[0], chosen[-1]) == (100, 0, count - 1)
        assert max(np.diff(chosen)) - min(np.diff(chosen)) <= 1


def test_a_page_of_some_frames_shows_them_alone(ring: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MOST_FRAMES", 3)
    found, frames = read(write_toy_report(ring, tmp_path / "a.html")), frames_of(ring)
    seen = json.loads(found.scripts["run.json"])["numbers"]["images_seen"]
    assert seen == [float(frames[i].images_seen) for i in evenly(len(frames), 3)]
    pieces = {name for name in found.scripts if name.endswith(".webp")}
    assert pieces == {"p_data.webp", *(f"{i}/{name}.webp" for i in range(3) for name in ("learned", "best", "p_g"))}
    last = picture_of(found, "2/p_g.webp")
    top = float(frame_maker_of(ring).scene.p_data.max())
    assert np.abs(last - figure.density_picture(frames[-1].p_g, top, figure.FAKE)).mean() < 4.0


def test_nothing_is_loaded_from_elsewhere_and_the_policy_allows_this_program_and_style_alone(ring: Run) -> None:
    text = ring.product("report.html").read_text(encoding="utf-8")
    found, policy = Document(text), policy_of(Document(text))
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style and not re.search(r"url\(|@import", style[1])
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == html.source(found.scripts["program"])
    assert policy["style-src"] == html.source(style[1]) and policy["img-src"] == "data:"
    assert set(policy) == {"default-src", "script-src", "style-src", "img-src", "base-uri", "form-action"}
    assert text.index("Content-Security-Policy") < text.index("<style") < text.index("<script")
    for tag, given in found.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "img"), tag
        assert not {"src", "href", "srcset", "data", "style"} & set(given), (tag, given)
        assert not any(name.startswith("on") for name in given), (tag, given)
    assert set(re.findall(r"\w+://[\w./]+", text)) == {"http://www.w3.org/2000/svg"}  # the name of SVG, not an address


def test_a_run_whose_name_is_markup_is_text(ring: Run, tmp_path: Path) -> None:
    run = copy_of(ring, tmp_path / BREAKOUT)
    text = write_toy_report(run, tmp_path / "out.html").read_text(encoding="utf-8")
    found = Document(text)
    assert found.title == f"{BREAKOUT} · ring · ganscope"
    assert "run &lt;script&gt;alert(1) &lt;img src=x onerror=alert(1)&gt; &lt;!-- &amp;amp;" in text
    assert not [tag for tag, _ in found.tags if tag == "img"]
    assert len([given for tag, given in found.tags if tag == "script" and "type" not in given]) == 1


def test_the_page_stays_under_8_mb_with_the_most_frames(ring: Run, mixture: Run) -> None:
    for run in (ring, mixture):
        found = read(run.product("report.html"))
        pieces = {name: len(content) for name, content in found.scripts.items() if name.endswith(".webp")}
        moments = {int(name.split("/")[0]) for name in pieces if "/" in name}
        a_moment = max(sum(size for name, size in pieces.items() if name.startswith(f"{i}/")) for i in moments)
        assert a_moment * MOST_FRAMES + 100_000 < 8e6


def test_every_way_to_a_report_leads_to_this_page(
    ring: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(ring.path), "--out", str(tmp_path / "a.html")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text() == ring.product("report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["view", "RUN", "--no-browser"], "ganscope report"),
        (["evaluate", "RUN"], "scores.json"),
        (["sample", "RUN", "--out", "a.png"], "--out points.npy"),
        (["sample", "RUN", "--out", "folder"], "--out points.npy"),
        (["sample", "RUN", "--walk"], "--out points.npy"),
        (["report", "RUN", "RUN"], "name one toy"),
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is needed: pip install -e '.[test]'")
    if CHROMIUM is None:
        pytest.skip("chromium is needed: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


def wait_for(page: Any, condition: str) -> None:
    """Until a condition holds: playwright's own waiting evaluates text in the page, which the policy forbids."""
    deadline = time.monotonic() + 20.0
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(20)


@pytest.mark.browser
def test_keys_the_slider_the_button_and_a_curve_move_pictures_and_markers_together(browser: Any, ring: Run) -> None:
    page, complaints = browser.new_page(viewport={"width": 1280, "height": 800}), []
    page.on("console", lambda line: complaints.append(line.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request", lambda request: None if request.url[:5] in ("file:", "data:") else complaints.append(request.url)
    )
    page.goto(ring.product("report.html").as_uri())
    page.wait_for_selector("html[data-ready=true]")
    last = len(frames_of(ring)) - 1
    moment = "Number(document.getElementById('time').value)"
    marker = "Number(document.querySelector('.chart .now').getAttribute('x1'))"
    pixels = "document.getElementById('learned').toDataURL()"
    assert page.evaluate(moment) == last
    at_end, right = page.evaluate(pixels), page.evaluate(marker)
    page.keyboard.press("Home")
    wait_for(page, f"{pixels} !== {json.dumps(at_end)}")
    assert page.evaluate(moment) == 0 and page.evaluate(marker) < right
    assert page.locator("#where").text_content() == f"0 samples seen · frame 1 of {last + 1}"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(moment) == 1
    page.locator("#time").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(moment) == 2
    curve = page.locator(".chart svg").nth(1)
    box = curve.bounding_box()
    page.mouse.click(box["x"] + 0.96 * box["width"], box["y"] + 0.5 * box["height"])
    wait_for(page, f"{pixels} === {json.dumps(at_end)}")
    assert page.evaluate(moment) == last and page.evaluate(marker) == right
    page.locator("#play").click()  # from the end, again from the start
    wait_for(page, f"{moment} < {last}")
    wait_for(page, "document.getElementById('play').getAttribute('aria-pressed') === 'false'")
    assert page.evaluate(moment) == last
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()
    assert complaints == []
