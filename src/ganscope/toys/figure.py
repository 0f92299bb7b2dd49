"""Pictures of a toy's training beside its theory. Drawing knows arrays, not runs.

Legend: N points, d dimensions (1 or 2), M fakes, B cells of a field a side. Real is blue and fake is orange everywhere:
a field is blue where its discriminator says real. Everything that moves is drawn over a background that is drawn once,
which makes a frame about four times as fast as drawing the figure anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

REAL, FAKE, INK, FAINT = "#1f6fb4", "#e8710a", "#222222", "#9a9a9a"
WIDTH, HEIGHT, DPI = 1280, 560, 100  # multiples of 16, which video encoders want
DART_LENGTH = 0.07  # the longest, in widths of the picture


@dataclass(frozen=True)
class Frame:
    """One moment of a training; every field an array, the scalars 0-d, so that a frame is one file.

    `fakes (M, d)` and `pushes (M', d)`, minus the gradient of G's loss by each of the first M' of them; `d_field
    (B ** d,)`: D's scores over the toy's limits, x running fastest; `d_best` and `p_g`: the optimal D's scores and the
    estimated density of the generator there, on their own B. `value` is V(D, G), `best_value` V(D*, G) = 2 JSD - log 4
    and `jsd` the divergence, all in nats; `jsd_floor` is what a perfect sampler measures; the others are scores.
    """

    images_seen: np.ndarray
    fakes: np.ndarray
    pushes: np.ndarray
    d_field: np.ndarray
    d_best: np.ndarray
    p_g: np.ndarray
    value: np.ndarray
    best_value: np.ndarray
    jsd: np.ndarray
    jsd_floor: np.ndarray
    modes: np.ndarray
    high_quality: np.ndarray
    reverse_kl: np.ndarray
    spread: np.ndarray


@dataclass(frozen=True)
class Scene:
    """What stays the same in all frames: `limits` of the picture, `reals (M, d)`, and `p_data (B ** d,)` like `p_g`."""

    title: str
    limits: tuple[float, float]
    reals: np.ndarray
    p_data: np.ndarray
    num_modes: int
    high_quality_ceiling: float
    bandwidth: float


class Stage:
    """A figure in which the frames of one training are drawn one after another."""

    def __init__(self, scene: Scene, frames: list[Frame]) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.scene, self.frames = scene, frames
        self.dim = scene.reals.shape[1]
        self.fields: dict[str, Any] = {}  # axes of the fields in the plane
        self.figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor="white")
        self.canvas = FigureCanvasAgg(self.figure)
        self.moving: list[Any] = []  # artists in the order of drawing
        self.figure.text(0.02, 0.945, scene.title, fontsize=14, color=INK, weight="bold")
        self.caption = self._add(self.figure.text(0.02, 0.025, "", fontsize=11, color=INK, family="monospace"))
        if self.dim == 1:
            self._build_line()
        else:
            self._build_plane()
        self._build_curves()
        for artist in self.moving:
            artist.set_animated(True)
        self.canvas.draw()  # type: ignore[no-untyped-call]
        self.background: Any = self.canvas.copy_from_bbox(self.figure.bbox)  # type: ignore[no-untyped-call]

    def draw(self, index: int) -> np.ndarray:
        """The frame `index` as `(HEIGHT, WIDTH, 3) uint8`."""
        frame = self.frames[index]
        self.caption.set_text(
            f"{int(frame.images_seen):>10,} samples seen   modes {int(frame.modes):>2}/{self.scene.num_modes}   "
            f"within 3σ {float(frame.high_quality):6.1%} (perfect {self.scene.high_quality_ceiling:.1%})   "
            f"spread inside a mode {float(frame.spread):4.2f} (perfect 1)"
        )
        (self._update_line if self.dim == 1 else self._update_plane)(frame)
        seen = np.array([float(f.images_seen) for f in self.frames[: index + 1]])
        for name, line in self.curves.items():
            line.set_data(seen, [float(getattr(f, name)) for f in self.frames[: index + 1]])
        self.canvas.restore_region(self.background)  # type: ignore[no-untyped-call]
        for artist in self.moving:
            (artist.axes or self.figure).draw_artist(artist)
        picture: np.ndarray = np.asarray(self.canvas.buffer_rgba())[..., :3].copy()  # type: ignore[no-untyped-call]
        return picture

    def _add(self, artist: Any) -> Any:
        self.moving.append(artist)
        return artist

    # one dimension: curves

    def _build_line(self) -> None:
        low, high = self.scene.limits
        axes = self.figure.add_axes((0.06, 0.17, 0.68, 0.70))
        scores = axes.twinx()
        x = _midpoints(low, high, len(self.scene.p_data))
        top = 1.35 * float(self.scene.p_data.max())
        axes.set(xlim=(low, high), ylim=(0, top), xlabel="x", ylabel="density")
        scores.set(ylim=(0, 1), ylabel="score D(x)")
        scores.axhline(0.5, color=FAINT, linewidth=0.8, linestyle=":")
        axes.fill_between(x, self.scene.p_data, color=REAL, alpha=0.25, linewidth=0)
        axes.plot(x, self.scene.p_data, color=REAL, linewidth=1.6, label="p_data, exact")
        self.x = x
        self.p_g_fill = self._add(axes.fill_between(x, 0 * x, color=FAKE, alpha=0.3, linewidth=0))
        (p_g,) = axes.plot(
            [], [], color=FAKE, linewidth=1.6, label=f"p_g (kernel estimate, {self.scene.bandwidth:.2g})"
        )
        (best,) = scores.plot(
            [], [], color=INK, linewidth=1.4, linestyle="--", label="optimal D* = p_data/(p_data + p_g)"
        )
        (learned,) = scores.plot([], [], color=INK, linewidth=2.2, label="learned D")
        self.p_g, self.best, self.learned = self._add(p_g), self._add(best), self._add(learned)
        self.rug = self._add(axes.plot([], [], "|", color=FAKE, markersize=9, alpha=0.5)[0])
        self.darts = self._add(axes.add_collection(_dart_collection()))
        self.axes = axes
        lines = [*axes.get_lines()[:2], learned, best]
        self.figure.legend(
            handles=lines, loc="upper left", bbox_to_anchor=(0.045, 0.935), ncols=4, fontsize=8.5, frameon=False
        )

    def _update_line(self, frame: Frame) -> None:
        low, high = self.scene.limits
        x, top = self.x, self.axes.get_ylim()[1]
        density = np.minimum(frame.p_g, 2 * top)
        outline = np.concatenate([[[x[0], 0.0]], np.stack([x, density], axis=1), [[x[-1], 0.0]]])
        self.p_g_fill.set_verts([outline])
        self.p_g.set_data(x, density)
        # Where neither density is, there is nothing to be optimal about.
        somewhere = frame.p_g + self.scene.p_data > 1e-3 * self.scene.p_data.max()
        self.best.set_data(x, np.where(somewhere, frame.d_best, np.nan))
        self.learned.set_data(_midpoints(low, high, len(frame.d_field)), frame.d_field)
        self.rug.set_data(frame.fakes[:200, 0], np.full(len(frame.fakes[:200]), 0.015 * top))
        starts = np.stack([frame.fakes[: len(frame.pushes), 0], np.full(len(frame.pushes), 0.05 * top)], axis=1)
        moves = np.concatenate([frame.pushes, 0 * frame.pushes], axis=1)
        self.darts.set_verts(_darts(starts, moves, high - low, tall=top / (high - low)))

    # two dimensions: fields

    def _build_plane(self) -> None:
        from matplotlib.colors import LinearSegmentedColormap

        self.colours = LinearSegmentedColormap.from_list("fake to real", ["#f39a4d", "#ffffff", "#69a7dd"])
        low, high = self.scene.limits
        for name, left, title in (
            ("learned", 0.018, "learned D(x), and where it pushes the fakes"),
            ("best", 0.322, "optimal D*(x), densities blurred"),
        ):
            axes = self.figure.add_axes((left, 0.12, 0.2975, 0.68))
            axes.set(xlim=(low, high), ylim=(low, high), xticks=[], yticks=[], aspect="equal")
            axes.set_title(title, fontsize=10.5, color=INK)
            picture = axes.imshow(
                np.zeros((2, 2, 4)), extent=(low, high, low, high), origin="lower", interpolation="bilinear"
            )
            self._add(picture)
            reals = self.scene.reals[:1000]
            self._add(axes.plot(reals[:, 0], reals[:, 1], ".", color=REAL, markersize=2.2, alpha=0.6)[0])
            fakes = self._add(axes.plot([], [], ".", color=FAKE, markersize=3.0, alpha=0.8)[0])
            self.fields[name] = axes
            if name == "learned":
                self.field, self.field_fakes = picture, fakes
                self.darts = self._add(axes.add_collection(_dart_collection()))
            else:
                self.best, self.best_fakes = picture, fakes
        for bottom, title, density, ink in (
            (0.487, "p_data, blurred alike", self.scene.p_data, REAL),
            (0.12, "p_g, kernel estimate", self.frames[0].p_g, FAKE),
        ):
            axes = self.figure.add_axes((0.637, bottom, 0.137, 0.313))
            axes.set(xlim=(low, high), ylim=(low, high), xticks=[], yticks=[], aspect="equal")
            axes.set_title(title, fontsize=9.5, color=ink)
            axes.spines[:].set_color(FAINT)
            self.p_g = axes.imshow(self._density(density, ink), extent=(low, high, low, high))
        self._add(self.p_g)  # the last of the two: p_data stands still
        self.figure.text(0.018, 0.875, "● real", fontsize=11, color=REAL)
        self.figure.text(0.07, 0.875, "● fake", fontsize=11, color=FAKE)
        self.figure.text(
            0.127, 0.875, "blue field: D says real;  orange: D says fake;  white: ½", fontsize=10, color=INK
        )

    def _update_plane(self, frame: Frame) -> None:
        self.field.set_data(self.colours(_square(frame.d_field)))
        picture = self.colours(_square(frame.d_best))
        # D* is a matter only where there are points of either kind: it fades to white elsewhere.
        mass = _square(frame.p_g + self.scene.p_data)
        picture[..., 3] = np.clip(mass / (0.005 * mass.max()), 0.0, 1.0)
        self.best.set_data(picture)
        self.p_g.set_data(self._density(frame.p_g, FAKE))
        for points in (self.field_fakes, self.best_fakes):
            points.set_data(frame.fakes[:, 0], frame.fakes[:, 1])
        low, high = self.scene.limits
        self.darts.set_verts(_darts(frame.fakes[: len(frame.pushes)], frame.pushes, high - low))

    def _density(self, density: np.ndarray, ink: str) -> np.ndarray:
        """A density in the plane on the scale of the data's."""
        return density_picture(density, float(self.scene.p_data.max()), ink)

    # the curves of both

    def _build_curves(self) -> None:
        seen = np.array([float(frame.images_seen) for frame in self.frames])
        left = 0.825
        value = self.figure.add_axes((left, 0.56, 0.985 - left, 0.30))
        divergence = self.figure.add_axes((left, 0.16, 0.985 - left, 0.25))
        values = np.array([[float(f.value), float(f.best_value)] for f in self.frames])
        # The untrained start would squeeze all that follows into a line.
        bottom, top = (
            float(np.percentile(values, 2)),
            float(np.percentile(values[1:] if len(values) > 1 else values, 97)),
        )
        bottom, top = min(max(bottom, -3.0), -1.42) - 0.08, min(max(top, -1.2), 0.0) + 0.05
        value.set(xlim=(0, max(seen[-1], 1)), ylim=(bottom, top))
        value.set_title("value V(D, G), nats", fontsize=10, loc="left")
        value.axhline(-np.log(4.0), color=FAINT, linestyle=":", linewidth=1)
        value.text(0.99 * max(seen[-1], 1), -np.log(4.0), "−log 4", ha="right", va="top", fontsize=8.5, color=FAINT)
        jsd = np.array([float(f.jsd) for f in self.frames])
        floor = float(self.frames[0].jsd_floor)
        divergence.set(xlim=(0, max(seen[-1], 1)), ylim=(0.5 * min(floor, jsd.min()) + 1e-6, 1.0), yscale="log")
        divergence.set_title("JSD(p_data, p_g), nats", fontsize=10, loc="left")
        divergence.axhline(np.log(2.0), color=FAINT, linestyle=":", linewidth=1)
        divergence.axhline(floor, color=FAINT, linestyle=":", linewidth=1)
        divergence.text(0, np.log(2.0), " log 2, nothing shared", va="top", fontsize=7.5, color=FAINT)
        divergence.text(0, floor, " a perfect sampler", va="bottom", fontsize=7.5, color=FAINT)
        divergence.set_xlabel("samples seen", fontsize=9)
        for axes in (value, divergence):
            axes.tick_params(labelsize=8)
            axes.xaxis.set_major_formatter(lambda x, _: f"{x / 1e6:g}M" if x >= 1e6 else f"{x / 1e3:g}k")
            axes.spines[["top", "right"]].set_visible(False)
        (best,) = value.plot([], [], color=INK, linewidth=1.3, linestyle="--", label="V(D*, G) = 2 JSD − log 4")
        (learned,) = value.plot([], [], color=INK, linewidth=1.8, label="V(D, G)")
        value.legend(fontsize=8, frameon=False, loc="upper right")
        (measured,) = divergence.plot([], [], color=FAKE, linewidth=1.8)
        self.curves = {"best_value": self._add(best), "value": self._add(learned), "jsd": self._add(measured)}


def density_picture(density: np.ndarray, top: float, ink: str) -> np.ndarray:
    """A density in the plane `(B * B,)`, x running fastest, as `(B, B, 3) uint8` with y upwards.

    White where it is 0, `ink` at `top` and above; by the cube root, so that a thin bridge between modes is seen.
    """
    share = np.cbrt(np.clip(_square(density)[::-1, :, None] / top, 0.0, 1.0))
    full = np.array([int(ink[i : i + 2], 16) for i in (1, 3, 5)])
    picture: np.ndarray = np.rint(255.0 + share * (full - 255.0)).astype(np.uint8)
    return picture


def _midpoints(low: float, high: float, count: int) -> np.ndarray:
    step = (high - low) / count
    points: np.ndarray = low + step * (np.arange(count) + 0.5)
    return points


def _square(flat: np.ndarray) -> np.ndarray:
    """`(B * B,)`, x running fastest, to rows of y `(B, B)`."""
    side = round(len(flat) ** 0.5)
    return flat.reshape(side, side)


def _dart_collection() -> Any:
    from matplotlib.collections import PolyCollection

    return PolyCollection([], facecolor=INK, edgecolor="none", alpha=0.55)


def _darts(starts: np.ndarray, moves: np.ndarray, span: float, tall: float = 1.0) -> np.ndarray:
    """Slim triangles from `starts (N, 2)` along `moves (N, 2)`: `(N, 3, 2)`.

    The direction is that of the gradient; the length is compressed, from 0 to `DART_LENGTH` of the `span` of the
    picture, half of that for the median gradient. `tall` is the size of a unit of y against one of x.
    """
    size = np.linalg.norm(moves, axis=1, keepdims=True)
    unit = moves / np.maximum(size, 1e-12)
    length = DART_LENGTH * span * size / (size + max(float(np.median(size)), 1e-12))
    side = 0.0035 * span * np.stack([-unit[:, 1], unit[:, 0]], axis=1)
    side[:, 1] *= tall
    triangles: np.ndarray = np.stack([starts + side, starts + unit * length, starts - side], axis=1)
    return triangles
