"""The page of a training on a toy: the film's pictures under a slider, the curves beside them, and what they mean.

One file that opens offline. The pictures of a moment are WebP pieces named `<moment>/<panel>.webp`; every number of the
page lies in `run.json`, a column a score, from which a small program draws the curves.
"""

from __future__ import annotations

import html
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.device import choose_backend
from ganscope.errors import ConfigError, RunError
from ganscope.files import atomic
from ganscope.page import data, head, inline, piece, source, static
from ganscope.runs import Run
from ganscope.toys import distributions, theory
from ganscope.toys.distributions import ToyScores
from ganscope.toys.figure import FAKE, REAL, Frame, density_picture
from ganscope.toys.frames import NUM_SCORED, FrameMaker
from ganscope.training import generate, latents, read_generator

MOST_FRAMES = 100
QUALITY = 80  # of the WebP pictures: 100 frames of the busiest toy stay under 8 MB
COLUMNS = ("images_seen", "value", "best_value", "jsd", "modes", "high_quality", "reverse_kl", "spread")
LOWEST_VALUE = -3.0  # a discriminator gone astray would squeeze the rest of its curve into a line


def frame_maker_of(run: Run) -> FrameMaker:
    """The recorder of a run on a toy.

    Raises:
        RunError: it has images.
    """
    config = run.config()
    if config.data not in distributions.TOYS or not run.has_points:
        raise RunError(f"{run.path} has images, not points", found=f"a training on {config.data}")
    fixed = latents(config, NUM_SCORED, "fixed")
    return FrameMaker(distributions.TOYS[config.data], run.toy_path, fixed, config.objective)


def final_scores(run: Run) -> ToyScores:
    """The scores of the newest generator on the fixed latents.

    Raises:
        RunError: no generator is kept.
    """
    config = run.config()
    backend = choose_backend(device="cpu", precision="float32", convolutional=False)
    g = read_generator(config, run.generator_path(run.choose_generator("last")), backend)
    return distributions.score(
        distributions.TOYS[config.data], generate(g, latents(config, NUM_SCORED, "fixed"), backend)
    )


def write_toy_report(run: Run, out: Path | None = None) -> Path:
    """Write the page of a run on a toy; returns its path, by default `report.html` in the run.

    Raises:
        RunError: the run has no frame yet, or the file cannot be written.
    """
    recorder = frame_maker_of(run)
    stage = recorder.stage()
    page = ToyPage(run, recorder, stage.frames, stage.panels(), final_scores(run))
    for i in page.shown:
        page.add(i, stage.draw(i))
    return page.write(out or run.product("report.html"))


def write_toy_film(run: Run, *, out: Path | None = None) -> list[Path]:
    """Write the film of a run on a toy, `film.mp4` and a small `film.gif`; returns their paths.

    Raises:
        RunError: the run has no frame yet, or a file cannot be written. ConfigError: `out` is no .mp4.
    """
    mp4 = out or run.product("film.mp4")
    if mp4.suffix.lower() != ".mp4":
        raise ConfigError(f"a toy's film cannot be written as {mp4.name}", found=mp4.suffix, todo="end it in .mp4")
    gif = mp4.with_suffix(".gif")
    frame_maker_of(run).film(mp4, gif)
    return [mp4, gif]


def evenly(count: int, most: int) -> list[int]:
    """At most `most` of the numbers 0 … count - 1, evenly spaced, the first and the last among them."""
    return [int(i) for i in np.unique(np.linspace(0, count - 1, min(count, most)).round())]


class ToyPage:
    """Gathers the pictures of a run, each as it is drawn, then writes the page.

    `frames` are all frames of the run and `panels` says where a drawn picture has the parts that are shown; `shown`
    are the frames whose pictures are wanted.
    """

    def __init__(
        self, run: Run, recorder: FrameMaker, frames: Sequence[Frame], panels: dict[str, tuple[int, int, int, int]],
        scores: ToyScores,
    ) -> None:  # fmt: skip
        self.run, self.recorder, self.toy, self.panels, self.scores = run, recorder, recorder.toy, panels, scores
        self.shown = evenly(len(frames), MOST_FRAMES)
        self.frames = [frames[i] for i in self.shown]
        self.pieces: dict[str, bytes] = {}
        if self.toy.dim == 2:
            self._add_density("p_data.webp", recorder.scene.p_data, REAL)

    def add(self, index: int, picture: np.ndarray) -> None:
        """Take what is shown of the drawn frame `index`, `(H, W, 3) uint8`; of a frame that is not shown, nothing."""
        if index not in self.shown:
            return
        moment = self.shown.index(index)
        for name, (left, top, right, bottom) in self.panels.items():
            self.pieces[f"{moment}/{name}.webp"] = _webp(picture[top:bottom, left:right])
        if self.toy.dim == 2:
            self._add_density(f"{moment}/p_g.webp", self.frames[moment].p_g, FAKE)

    def _add_density(self, name: str, density: np.ndarray, ink: str) -> None:
        self.pieces[name] = _webp(density_picture(density, float(self.recorder.scene.p_data.max()), ink))

    def write(self, path: Path) -> Path:
        """Write the page. Raises RunError: it cannot be written."""
        with atomic(path, "w") as file:
            for part in self._parts():
                file.write(part)
        return path

    def numbers(self) -> dict[str, list[float | None]]:
        """The scores of the frames shown, by name; None where there is none."""
        columns = {name: [float(np.asarray(getattr(frame, name))) for frame in self.frames] for name in COLUMNS}
        return {name: [x if np.isfinite(x) else None for x in column] for name, column in columns.items()}

    def charts(self) -> list[dict[str, Any]]:
        """What the curves show: columns of `numbers`, and the lines that a perfect sampler would meet."""
        toy, scores, numbers = self.toy, self.scores, self.numbers()
        floor = float(self.frames[-1].jsd_floor)
        value = [("V(D, G)", "value", ""), ("2 JSD − log 4", "best_value", "dashed")]
        nothing = ("log 2: nothing shared", np.log(2.0), True)
        found = [
            _chart(numbers, "Value", value, [("−log 4", -theory.LOG_4, True)], digits=3),
            _chart(numbers, "JSD(p_data, p_g), nats", [("", "jsd", "fake")],
                   [("a perfect sampler", floor, False), nothing], digits=4, log=True),
            _chart(numbers, f"Within {distributions.RADIUS_SIGMAS:g}σ of a mode", [("", "high_quality", "")],
                   [("a perfect sampler", scores.high_quality_ceiling, True)], digits=1, low=0.0, percent=True),
            _chart(numbers, "Spread, relative", [("", "spread", "")],
                   [("a perfect sampler", 1.0, False)], digits=2, low=0.0),
        ]  # fmt: skip
        if toy.num_modes > 1:  # one mode is always found, and its share is always right
            found += [
                _chart(numbers, f"Modes found, of {toy.num_modes}", [("", "modes", "")],
                       [("", toy.num_modes, True)], digits=0, low=0.0),
                _chart(numbers, "Reverse KL, nats", [("", "reverse_kl", "")],
                       [("a perfect sampler", scores.reverse_kl_floor, False)], digits=4, log=True),
            ]  # fmt: skip
        return found

    def _parts(self) -> Iterator[str]:
        program, style = inline(static("toy.js")), static("toy.css")
        toy, config = self.toy, self.run.config()
        allowed = f"style-src {source(style)}; img-src data:"
        yield head(f"{self.run.path.name} · {toy.name}", program, style, allowed)
        yield data("run.json", {"numbers": self.numbers(), "charts": self.charts()})
        what = html.escape(f"{toy.name}: {toy.doc}")
        how = f"run {self.run.path.name} · preset {config.preset}, {config.objective} loss, seed {config.seed}"
        yield (
            f"</head>\n<body>\n<header><h1>{what}</h1>\n<p>{html.escape(how)}</p></header>\n"
            f"<noscript>This page shows its pictures and curves by JavaScript.</noscript>\n{BAR}<main>\n"
        )
        estimate = f"kernel estimate from {self.scores.num_fake:,} fakes, bandwidth {self.recorder.bandwidth:.3g}"
        panels = LINE_PANELS if toy.dim == 1 else PLANE_PANELS
        board = f"board {'line' if toy.dim == 1 else 'plane'}{' few' if toy.num_modes == 1 else ''}"
        yield f'<section class="{board}">\n'
        for name, (title, text) in panels.items():
            still = ' data-still="true"' if name == "p_data" else ""
            yield (
                f'<figure class="card panel"><canvas id="{name}" role="img" aria-label="{title}"{still}></canvas>'
                f"<figcaption><b>{title}</b>{text.format(estimate=estimate)}</figcaption></figure>\n"
            )
        words = f'<section class="words">\n{self._table()}{self._words()}</section>'
        yield f'<div id="charts"></div>\n</section>\n{words}\n</main>\n'
        for path, content in self.pieces.items():
            yield piece(path, content)
        yield f"<script>{program}</script>\n</body>\n</html>\n"

    def _table(self) -> str:
        """The final scores beside those of a perfect sampler."""
        scores, last = self.scores, self.frames[-1]
        good, ceiling = scores.high_quality, scores.high_quality_ceiling
        perfect = distributions.score(self.toy, self.toy.sample(scores.num_fake, 1))
        rows = [
            ("modes found", f"{scores.modes} of {scores.num_modes}", f"{scores.num_modes}"),
            (f"within {distributions.RADIUS_SIGMAS:g}σ of a mode", f"{good:.2%}", f"{ceiling:.2%}"),
            ("reverse KL over the modes, nats", f"{scores.reverse_kl:.4f}", f"{scores.reverse_kl_floor:.4f}"),
            ("spread inside a mode, of the true one", f"{scores.spread:.2f}", "1.00"),
            ("modes' means from their centres, σ", f"{scores.offset:.2f}", f"{perfect.offset:.2f}"),
            ("value V(D, G), nats", f"{float(last.value):.3f}", f"{-theory.LOG_4:.3f}"),
            ("JSD(p_data, p_g), nats", f"{float(last.jsd):.4f}", f"{float(last.jsd_floor):.4f}"),
        ]
        body = "".join(f"<tr><td>{name}</td><td>{_number(a)}</td><td>{_number(b)}</td></tr>\n" for name, a, b in rows)
        narrow = " <b>Here they are narrower than the truth.</b>" if scores.too_narrow and scores.spread < 1.0 else ""
        return (
            '<div class="card"><h2>At the end</h2>\n<div class="wide"><table>\n'
            f"<tr><th></th><th>this run</th><th>perfect</th></tr>\n{body}</table></div>\n"
            f'<p class="hint">From {scores.num_fake:,} fakes. Perfect: what as many exact samples of p_data would get, '
            f"for the reverse KL and the JSD their sampling error.</p>\n<p>{NARROW}{narrow}</p></div>\n"
        )

    def _words(self) -> str:
        """What a stranger needs to know."""
        sigmas, recorder = (0.3 if self.toy.dim == 1 else 0.5), self.recorder
        kernel = KERNEL.format(
            count=f"{self.scores.num_fake:,}", bandwidth=f"{recorder.bandwidth:.3g}", sigma=f"{self.toy.sigma:g}",
            sigmas=sigmas, floor=f"{float(self.frames[-1].jsd_floor):.4f}",
        )  # fmt: skip
        pairs = PAIRS if recorder.objective.needs_real_in_g else ""
        return (
            f'<div class="card"><h2>The optimal discriminator</h2>\n{OPTIMAL}</div>\n'
            f'<div class="card"><h2>How p_g and V are measured</h2>\n{kernel}{pairs}</div>\n'
        )


def _chart(
    numbers: dict[str, list[float | None]], title: str, curves: list[tuple[str, str, str]],
    references: list[tuple[str, float, bool]], *, digits: int, low: float | None = None, log: bool = False,
    percent: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """A chart for the page: curves (label, column, kind), references (label, value, whether the label is below)."""
    values = [x for _, column, _ in curves for x in numbers[column] if x is not None]
    values = [max(x, LOWEST_VALUE) for x in [*values, *(value for _, value, _ in references)] if x > 0 or not log]
    bottom, top = min(values), max(values)
    if log:
        limits = (bottom / 1.6, max(top, 10 * bottom) * 1.6)
    else:
        margin = 0.06 * (top - bottom)
        limits = (bottom - 2 * margin if low is None else low, top + margin)  # twice: room for a label below
    return {
        "title": title,
        "curves": [{"label": label, "column": column, "kind": kind} for label, column, kind in curves],
        "references": [{"label": label, "value": float(value), "below": below} for label, value, below in references],
        "limits": [float(limit) for limit in limits],
        "digits": digits,
        "log": log,
        "percent": percent,
    }


def _webp(picture: np.ndarray) -> bytes:
    """`(H, W, 3) uint8` as WebP."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", quality=QUALITY, method=2)
    return buffer.getvalue()


def _number(text: str) -> str:
    return "–" if "nan" in text or "inf" in text else text.replace("-", "−").replace("%", " %")


BAR = """<div class="bar"><div><button id="play" type="button" aria-label="Play" aria-pressed="false"><svg \
viewBox="0 0 16 16"><path class="start" d="M3 1l11 7-11 7z"/><path class="pause" d="M3 2h4v12H3zm6 0h4v12H9z"/></svg>\
</button><input id="time" type="range" min="0" value="0" aria-label="Moment of the training">\
<output id="where" for="time"></output></div></div>
"""
DOTS = '<span class="real">● real</span> <span class="fake">● fake</span>'
LINE_PANELS = {
    "curves": (
        "Densities and scores",
        ': <span class="real">p_data</span>, exact; <span class="fake">p_g</span>, {estimate}, and below it some '
        "fakes, with darts where the gradient of G's loss pushes them; thick: the learned D(x); dashed: the optimal "
        "D*(x), where there is mass.",
    )
}
PLANE_PANELS = {
    "learned": (
        "Learned D(x)",
        f": blue where D says real, orange fake, white ½. {DOTS}. Darts: where the gradient of G's loss "
        "pushes the fakes.",
    ),
    "best": ("Optimal D*(x)", f" = p_data / (p_data + p_g), faded out where neither has mass. {DOTS}."),
    "p_data": ("p_data", ", exact, blurred by the same kernel as p_g. Darkness: cube root of the density."),
    "p_g": ("p_g", ", {estimate}. Darkness as for p_data."),
}
OPTIMAL = """<p>The discriminator D(x) is the probability it gives to x being real. For a generator held still, whose
samples have the density p_g, the best there can be is D*(x) = p_data(x) / (p_data(x) + p_g(x)): 1 where only data are,
0 where only fakes are, ½ where both are equally dense.</p>
<p>The game is about V(D, G) = E log D(x) + E log(1 − D(G(z))), which D raises and G lowers. With D* in it,
V = 2 JSD(p_data, p_g) − log 4, and the Jensen-Shannon divergence is never below 0 and 0 only where p_g = p_data. So
−log 4 = −1.386 is the least that G can reach against the best D, and it is reached by p_g = p_data alone, with
D* = ½ everywhere.</p>
<p>A solid line at −log 4 is therefore no proof: the learned D may just be too weak to see a difference. How far the
solid line lies below the dashed one is what D has not learned yet; the dashed one says how far G is from the data.</p>
"""
KERNEL = """<p>p_data has a formula; p_g has none. It is estimated from {count} fakes by a Gaussian kernel of standard
deviation {bandwidth} ({sigmas} σ, at least one cell of the grid; σ = {sigma} is the width of a mode). Where the two are
compared, in D* and in the JSD, p_data is blurred by the same kernel, so that the blur itself makes no difference;
{count} exact samples of p_data measure a JSD of {floor} in this way instead of 0.</p>
<p>V(D, G) is the mean over as many real and fake points. It and the JSD are estimates, so V can pass the dashed line by
a little.</p>
"""
PAIRS = """<p>This run's loss compares pairs of a real and a fake, which leaves a constant in D open; the one that
makes V largest is added before anything is shown.</p>
"""
NARROW = """A perfect sampler has its share within 3σ, not 100 %: its samples reach farther out. More than that, with a
spread below 1, means samples that huddle in the middle of their modes: each looks good, but together they are not the
distribution."""
