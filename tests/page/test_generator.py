"""A generator in the page: its pictures against PyTorch's, and where they land against Python's small map."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fixtures.synthetic import Synthetic, build_run
from ganscope.config.plan import plan
from ganscope.config.presets import make_config
from ganscope.data.dataset import Dataset, ImageSet
from ganscope.device import choose_backend
from ganscope.features.spaces import feature_space
from ganscope.maps.landing import Landing
from ganscope.maps.maker import keep_landing
from ganscope.networks.operators import apply
from ganscope.networks.packed import unpacked
from ganscope.page import generator
from ganscope.page.container import decode
from ganscope.page.report import write_report
from ganscope.runs.run import Run
from ganscope.training.checkpoint import save_generator
from ganscope.training.state import new_state

SPEC = Synthetic(num_real=200, num_fake=40, num_images=40, snapshots=2, history=20)
# (preset, side, channels, feature space)
CASES = {
    "mlp": ("r3mlp", 8, 1, "random"),
    "dcgan": ("r3dcgan", 28, 1, "random"),
    "blurred colour": ("r3dcgan-64", 40, 3, "random"),
    "resnet": ("r3gan", 28, 1, "pca"),
    "told a class": ("r3mlp", 8, 1, "random"),
    "told a class, dcgan": ("r3dcgan", 28, 1, "random"),
}


def trained(path: Path, case: str, *, landing: bool = True) -> Run:
    """A synthetic run with a generator whose every weight differs from its start, and a small map."""
    preset, size, channels, space_name = CASES[case]
    run = build_run(path, SPEC, size=size, channels=channels)
    told = case.startswith("told")
    asked = make_config(
        "mnist", preset, size=size, channels=channels, num_fakes=128, latent_dim=20, g_width=16, conditional=told
    )
    counts = tuple(np.bincount(np.arange(SPEC.num_real) % 10).tolist())
    config = plan(asked, num_images=SPEC.num_real, size=size, channels=channels, class_counts=counts)
    run.config_path.write_text(json.dumps({"format": 1, **config.to_dict()}))
    backend = choose_backend(device="cpu", precision="float32")
    g = new_state(config, backend).g
    source = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for value in g.state_dict().values():
            if value.is_floating_point():
                value.add_(0.2 * torch.rand(value.shape, generator=source) - 0.1)
    (path / "generators").mkdir()
    save_generator(g.eval(), run.generator_path(SPEC.every))
    if landing:
        data = reals(run, size, channels)
        space = feature_space(data.train, data.test, path / "cache", name=space_name)
        keep_landing(run, np.load(run.real_map_path)["xy"], data, space)
    return run


def reals(run: Run, size: int, channels: int) -> Dataset:
    labels = np.arange(SPEC.num_real) % 10
    source = np.random.default_rng(0)
    pixels = source.integers(0, 60, (SPEC.num_real, channels, size, size)) + 19 * labels[:, None, None, None]
    pixels[:, :, : size // 2] //= 2
    part = ImageSet(pixels.astype(np.uint8), labels, tuple("0123456789"), f"made {size}", None)
    return Dataset("made", part, part, ())


# ---- the container ---------------------------------------------------------------------------------------------------
def test_it_says_how_far_its_rounded_weights_are_from_the_whole_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(tmp_path / "run", "dcgan", landing=False)
    half, _ = decode(generator.export(run).blob)
    monkeypatch.setattr(generator, "HALF_UP_TO", 10)
    eight, arrays = decode(generator.export(run).blob)
    assert (half["precision"], eight["precision"]) == ("float16", "int8")
    assert half["off"]["most"] <= 1 and half["off"]["mean"] < 0.05 < eight["off"]["mean"] < 3
    fixed = torch.from_numpy(arrays["fixed"].view(np.float16).astype(np.float32))  # type: ignore[union-attr]
    found = apply(unpacked(eight["operators"], arrays), fixed)[:8]  # type: ignore[arg-type]
    levels = found.add(1).mul(127.5).clamp(0, 255).round().numpy()
    assert np.abs(levels - arrays["check"]).max() <= eight["off"]["most"]  # type: ignore[operator]


def test_directions_are_those_that_the_first_layer_stretches_most(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", "mlp", landing=False)
    meta, arrays = decode(generator.export(run).blob)
    directions = np.asarray(arrays["directions"])
    first = unpacked(meta["operators"], arrays)[0].weights["weight"].numpy()  # type: ignore[arg-type]
    stretched = np.linalg.norm(first @ directions.T, axis=0)
    assert np.allclose(directions @ directions.T, np.eye(len(directions)), atol=1e-5)
    assert np.allclose(stretched, np.linalg.svd(first, compute_uv=False)[: len(directions)], rtol=1e-2)


def test_what_cannot_be_had_is_left_out_with_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained(tmp_path / "run", "mlp", landing=False)
    monkeypatch.setattr(generator, "MOST_WEIGHTS", 100)
    exported = generator.export(run)
    assert "weights, and the page takes up to 100" in exported.word
    assert decode(exported.blob)[0]["word"] == exported.word
    text = write_report(run).read_text()
    assert (
        "the page takes up to 100" in text and 'id="0/generator.glv"' not in text and "ganscopeGenerate={" not in text
    )
    run.generator_path(SPEC.every).write_bytes(b"not a generator")
    assert "cannot be read" in generator.export(run).word
    run.generator_path(SPEC.every).unlink()
    assert "has no generator yet" in generator.export(run).word
    assert 'id="0/generator.glv"' not in write_report(run).read_text()


# ---- the page --------------------------------------------------------------------------------------------------------
def opened(browser: Any, run: Run) -> Any:
    """The report of a run, offline, with its new images open."""
    page = browser.new_context(reduced_motion="reduce", offline=True).new_page()
    page.set_default_timeout(20_000)
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda line: page.complaints.append(line.text) if line.type in ("warning", "error") else None)
    page.goto(write_report(run).as_uri())
    page.wait_for_selector("html[data-ready=true]")
    page.get_by_role("button", name="Generate more").click()
    page.wait_for_selector(".made-samples li:nth-child(1)")
    return page


CHECK = """async (images) => {
  const text = document.getElementById('0/generator.glv').textContent.trim();
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return await globalThis.ganscopeGenerate.check(bytes, images);
}"""


@pytest.mark.browser
@pytest.mark.parametrize(
    "case",
    [
        "dcgan",
        pytest.param("resnet", marks=pytest.mark.slow),
        "mlp",
        "blurred colour",
        "told a class",
        pytest.param("told a class, dcgan", marks=pytest.mark.slow),
    ],
)
def test_pictures_and_places_are_those_of_python(browser: Any, tmp_path: Path, case: str) -> None:
    """Half precision: within 1 grey level. Places: the small map's, to a thousandth of the map."""
    run = trained(tmp_path / "run", case)
    meta, arrays = decode(generator.export(run).blob)
    part = {name.removeprefix("landing."): value for name, value in arrays.items() if name.startswith("landing.")}
    landing = Landing.restore(part, meta["landing"]["block"])  # type: ignore[arg-type]
    _, size, channels, _ = CASES[case]
    images = np.concatenate([reals(run, size, channels).train.images[:12], np.asarray(arrays["check"])[:3]])
    features = apply(unpacked(meta["landing"]["features"], part), torch.from_numpy(images).float())  # type: ignore[arg-type]
    wanted = landing.place(features.flatten(1).numpy(), images)
    assert wanted.unlike.any() and not wanted.unlike.all(), "both kinds of place are to be compared"

    page = opened(browser, run)
    found = page.evaluate(CHECK, [image.ravel().tolist() for image in images])
    assert found["gap"]["most"] <= 1 and found["gap"]["mean"] < 0.05
    landed = found["landed"]
    assert [one["unlike"] for one in landed] == wanted.unlike.tolist()
    assert [one["nearest"] for one in landed] == landing.ids[wanted.nearest].tolist()
    assert np.allclose([one["distance"] for one in landed], wanted.distance, rtol=2e-3)
    away = np.array([[one["x"], one["y"]] for one in landed]) - wanted.xy
    assert np.abs(away).max() < 1e-3 * landing.fitted.radius
    assert page.complaints == []
    page.context.close()


@pytest.mark.browser
def test_samples_sliders_and_walks_change_the_picture(browser: Any, tmp_path: Path) -> None:
    page = opened(browser, trained(tmp_path / "run", "mlp"))
    picture = "document.querySelector('.made').toDataURL()"
    small = "document.querySelector('.made-map').toDataURL()"
    page.wait_for_selector(".made-samples li:nth-child(1)")
    assert page.locator(".made-proof").inner_text().endswith("on average.")
    until(page, "document.querySelectorAll('.made-sample').length === 48")
    first, map_before = page.evaluate(picture), page.evaluate(small)
    page.get_by_label("direction 1", exact=True).fill("2.5")
    until(page, f"{picture} !== {json.dumps(first)}")
    until(page, f"{small} !== {json.dumps(map_before)}")
    samples = "document.querySelectorAll('.made-sample canvas')[5].toDataURL()"
    before = page.evaluate(samples)
    page.get_by_role("button", name="New samples").click()
    until(page, f"document.querySelectorAll('.made-sample').length === 48 && {samples} !== {json.dumps(before)}")
    assert page.locator(".seed").input_value() == "2"
    page.locator(".seed").fill("1")
    page.locator(".seed").blur()
    until(page, f"document.querySelectorAll('.made-sample').length === 48 && {samples} === {json.dumps(before)}")
    page.locator(".made-sample").nth(3).click()
    until(page, f"{picture} !== {json.dumps(first)}")
    page.get_by_role("button", name="From the chosen image").click()
    assert "Choose one of the first 128" in page.locator(".made-words").inner_text()
    page.get_by_role("button", name="Walk").click()
    page.get_by_role("button", name="Stop").click()
    assert page.complaints == []
    page.context.close()


@pytest.mark.browser
def test_a_live_page_fetches_program_and_generator_when_asked(browser: Any, tmp_path: Path) -> None:
    import threading

    from ganscope.page.server import Viewer

    run = trained(tmp_path / "run", "mlp", landing=False)
    with Viewer([run.path], 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_context(reduced_motion="reduce").new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url.removeprefix(server.address).split("?")[0]))
        page.goto(server.address)
        page.wait_for_selector("html[data-ready=true]")
        assert "generate.js" not in asked and "0/generator.glv" not in asked
        page.get_by_role("button", name="Generate more").click()
        page.wait_for_selector(".made-samples li:nth-child(48)")
        assert asked.count("generate.js") == asked.count("0/generator.glv") == 1
        page.context.close()
        server.shutdown()


def until(page: Any, what: str) -> None:
    import time

    end = time.monotonic() + 20
    while not page.evaluate(what):
        assert time.monotonic() < end, f"never came true: {what[:120]}"
        page.wait_for_timeout(40)


@pytest.mark.browser
def test_a_class_can_be_asked_for(browser: Any, tmp_path: Path) -> None:
    page = opened(browser, trained(tmp_path / "run", "told a class"))
    until(page, "document.querySelectorAll('.made-sample').length === 48")
    read = r"(all) => all.map((one) => one.title.match(/asked for (\d)/)[1])"
    names = page.locator(".made-sample").evaluate_all(read)
    assert names[:40] == [str(k) for k in range(10) for _ in range(4)]
    picture = "document.querySelector('.made').toDataURL()"
    before = page.evaluate(picture)
    now = page.get_by_label("Class of the image in hand").input_value()
    page.get_by_label("Class of the image in hand").select_option("3" if now != "3" else "4")
    until(page, f"{picture} !== {json.dumps(before)}")
    page.get_by_label("Class of the samples").select_option("7")
    until(page, "document.querySelectorAll('.made-sample[title*=\"asked for 7\"]').length === 48")
    assert page.complaints == []
    page.context.close()
