"""How fast the page is, and how large its file: 70,000 real images of 28 x 28, 2,000 generated ones at 100 snapshots.

    python benchmarks/viewer_frames.py                         one row of a Markdown table, images are squares
    GANSCOPE_DATA=... python benchmarks/viewer_frames.py       the same with the images of MNIST

The run is made of arithmetic (`tests/fixtures/synthetic.py`): ten round clusters, fakes that move from noise to them.
With MNIST its 70,000 images stand for the reals, and for the fakes images of it that emerge from noise, so that the
file has the size that a real one has.

Measured in headless Chromium without a GPU, 1280 x 800: the first picture (from the start of the navigation to the end
of the first drawing of the map, median of three loads) and the time from frame to frame, while the slider goes to
another snapshot in every frame, while the map is zoomed in every frame, and while the training plays. At 60 Hz no frame
can take less than 16.7 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from fixtures import synthetic
from ganscope.page.report import write_report
from ganscope.runs.run import Run

FLAGS = ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader"]
HEAD = (
    "| images | file | first picture | scrub median | scrub p95 | zoom median | zoom p95 | play median | play p95 |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)

# One action a frame; the times between frames, in milliseconds, without the first ten.
FRAMES = """({kind, count}) => new Promise((resolve) => {
  const slider = document.querySelector('.time-slider'), over = document.querySelector('.map-over');
  const stops = Number(slider.max) + 1, times = []; let last = 0, n = 0;
  if (kind === 'play') document.querySelector('.play').click();
  const frame = (now) => {
    if (last) times.push(now - last);
    last = now;
    if (n++ >= count) return resolve(times.slice(10));
    if (kind === 'scrub') { slider.value = String(n % stops); slider.dispatchEvent(new Event('input')); }
    const deltaY = n % 120 < 60 ? -12 : 12;
    if (kind === 'zoom') over.dispatchEvent(new WheelEvent('wheel', { deltaY, clientX: 400, clientY: 450 }));
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reals", type=int, default=70_000)
    parser.add_argument("--fakes", type=int, default=2_000)
    parser.add_argument("--snapshots", type=int, default=100)
    parser.add_argument("--frames", type=int, default=400)
    parser.add_argument("--keep", type=Path, help="where to leave the run and its file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        source = use_mnist() if os.environ.get("GANSCOPE_DATA") else "squares"
        page = make(folder / "run", arguments)
        found = measure(page, arguments.frames)
    print(HEAD)
    columns = [f"{found['bytes'] / 1e6:.1f} MB", f"{found['first']:.0f} ms"]
    for kind in ("scrub", "zoom", "play"):
        times = found[kind]
        columns += [f"{statistics.median(times):.1f} ms", f"{float(np.percentile(times, 95)):.1f} ms"]
    print(f"| {source} | " + " | ".join(columns) + " |")


def use_mnist() -> str:
    """Let the synthetic run show MNIST's images, each of its class; returns the name for the table."""
    from ganscope.data.load import load_dataset

    data = load_dataset("mnist")
    images = np.concatenate([data.train.images, data.test.images])
    assert data.train.labels is not None and data.test.labels is not None
    labels = np.concatenate([data.train.labels, data.test.labels])
    of_class = [np.flatnonzero(labels == k) for k in range(10)]

    def pictures(wanted: np.ndarray, spec: synthetic.Synthetic, noise: float, rng: np.random.Generator) -> np.ndarray:
        turn = np.arange(len(wanted)) // 10
        chosen = np.array([of_class[k][t % len(of_class[k])] for k, t in zip(wanted, turn, strict=True)])
        if len(wanted) == spec.num_real:  # the data themselves have no noise
            return images[chosen]
        # Noise packs badly; a real run leaves it within its first quarter, which the cube imitates (60 kB a snapshot).
        noise = noise**3
        noisy = (1 - noise) * images[chosen] + noise * 255 * rng.random(images[chosen].shape)
        return noisy.astype(np.uint8)

    setattr(synthetic, "pictures", pictures)  # noqa: B010 another function of the same kind
    return "MNIST"


def make(path: Path, arguments: argparse.Namespace) -> Path:
    """The run and its page, by the defaults of `ganscope report`."""
    if not (path / "config.json").is_file():
        synthetic.build_run(
            path, num_real=arguments.reals, num_fake=arguments.fakes, snapshots=arguments.snapshots, history=20_000
        )
    return write_report(Run.open(path))


def measure(page: Path, frames: int) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    found: dict[str, Any] = {"bytes": page.stat().st_size}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        first = []
        for _ in range(3):
            tab = browser.new_page(viewport={"width": 1280, "height": 800})
            tab.goto(page.resolve().as_uri(), wait_until="commit")
            tab.wait_for_selector("html[data-drawn]", timeout=120_000)
            first.append(int(tab.evaluate("document.documentElement.dataset.drawn")))
            if len(first) < 3:
                tab.close()
        found["first"] = statistics.median(first)
        tab.wait_for_selector("html[data-ready=true]", timeout=120_000)
        tab.wait_for_timeout(8_000)  # the other snapshots are unpacked in the background
        for kind in ("scrub", "zoom", "play"):
            found[kind] = tab.evaluate(FRAMES, {"kind": kind, "count": frames})
        print(json.dumps({"first": first}), file=sys.stderr)
        browser.close()
    return found


if __name__ == "__main__":
    main()
