"""Frames of games whose answer is known, and a film with as many pictures as there are frames."""

from __future__ import annotations

from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganscope.errors import RunError
from ganscope.toys import figure, theory
from ganscope.toys.distributions import TOYS
from ganscope.toys.frames import DARTS, HOLD_SECONDS, FrameMaker, load_frame

LATENTS = torch.randn(4000, 1, generator=torch.Generator().manual_seed(0))


def perfect(z: Tensor) -> Tensor:
    """The generator of gaussian-1d itself: N(1, 0.5²)."""
    return 1.0 + 0.5 * z


def undecided(x: Tensor) -> Tensor:
    return 0.0 * x.sum(dim=1)


@pytest.fixture
def recorder(tmp_path: Path) -> FrameMaker:
    return FrameMaker(TOYS["gaussian-1d"], tmp_path / "toy", LATENTS)


def test_a_perfect_generator_and_an_undecided_discriminator(recorder: FrameMaker) -> None:
    frame = recorder.record(0, perfect, undecided)
    assert float(frame.value) == pytest.approx(-np.log(4.0), abs=1e-9)
    assert float(frame.jsd) < 3 * float(frame.jsd_floor) < 0.01
    assert float(frame.best_value) == pytest.approx(2 * float(frame.jsd) - np.log(4.0))
    assert np.array_equal(frame.d_field, np.full(400, 0.5, dtype=np.float32))
    middle = np.abs(recorder.quadrature[0][:, 0] - 1.0) < 0.5
    assert np.abs(frame.d_best[middle] - 0.5).max() < 0.08
    assert (int(frame.modes), round(float(frame.high_quality), 2)) == (1, 1.0)
    assert float(frame.spread) == pytest.approx(1.0, abs=0.05)
    assert not frame.pushes.any()


def test_the_divergence_of_a_shifted_generator(recorder: FrameMaker) -> None:
    """N(1, 0.5²) against N(2, 0.5²), by quadrature of the blurred densities."""
    frame = recorder.record(0, lambda z: 2.0 + 0.5 * z, undecided)
    points, weights = theory.quadrature(-3.0, 6.0, 4000)
    log_p = TOYS["gaussian-1d"].log_density(points, recorder.bandwidth)
    log_q = TOYS["gaussian-1d"].log_density(points - 1.0, recorder.bandwidth)
    assert float(frame.jsd) == pytest.approx(theory.jensen_shannon(log_p, log_q, weights), abs=0.015)


def test_fakes_outside_the_picture_share_nothing(recorder: FrameMaker) -> None:
    frame = recorder.record(0, lambda z: 50.0 + z, undecided)
    assert float(frame.jsd) == pytest.approx(np.log(2.0), abs=2e-3)


def test_the_optimal_discriminator_reaches_the_best_value(recorder: FrameMaker) -> None:
    """D = log p_data - log p_g for N(1, 0.5²) against N(2, 0.5²) is 6 - 4 x."""
    frame = recorder.record(0, lambda z: 2.0 + 0.5 * z, lambda x: 6.0 - 4.0 * x[:, 0])
    assert float(frame.value) == pytest.approx(float(frame.best_value), abs=0.06)
    near = np.abs(recorder.field_points.numpy()[:, 0] - 1.5) < 0.5
    at = np.interp(recorder.field_points.numpy()[near, 0], recorder.quadrature[0][:, 0], frame.d_best)
    assert np.abs(frame.d_field[near] - at).max() < 0.1


def test_pushes_follow_minus_the_gradient_of_the_generators_loss(recorder: FrameMaker) -> None:
    """D's logit x: the non-saturating loss softplus(-x) pushes a fake up by 1 - s(x), the saturating one by s(x)."""
    frame = recorder.record(0, perfect, lambda x: x[:, 0])
    x = frame.fakes[:DARTS]
    assert frame.pushes.shape == (DARTS, 1)
    assert frame.pushes == pytest.approx(1.0 - 1.0 / (1.0 + np.exp(-x)), abs=1e-5)
    saturating = FrameMaker(recorder.toy, recorder.folder, LATENTS, "minimax")
    assert saturating.record(0, perfect, lambda x: x[:, 0]).pushes == pytest.approx(1 / (1 + np.exp(-x)), abs=1e-5)


def test_a_relativistic_discriminator_is_drawn_with_its_missing_constant(tmp_path: Path) -> None:
    recorder = FrameMaker(TOYS["gaussian-1d"], tmp_path, LATENTS, "relativistic")
    frame = recorder.record(0, perfect, lambda x: 7.0 + undecided(x))
    assert frame.d_field == pytest.approx(np.full(400, 0.5), abs=1e-6)
    assert float(frame.value) == pytest.approx(-np.log(4.0), abs=1e-9)


def test_frames_are_kept_in_order_and_read_back(recorder: FrameMaker) -> None:
    later = recorder.record(100_000, perfect, undecided)
    recorder.record(64, perfect, undecided)
    assert [int(frame.images_seen) for frame in recorder.frames()] == [64, 100_000]
    again = load_frame(recorder.folder / "000100000.npz")
    assert np.array_equal(again.fakes, later.fakes)
    assert float(again.jsd) == float(later.jsd)


def test_fields_in_the_plane_have_y_upwards(tmp_path: Path) -> None:
    recorder = FrameMaker(TOYS["gaussian"], tmp_path, torch.randn(1000, 2), "non-saturating")
    frame = recorder.record(0, lambda z: 0.5 * z, lambda x: 10.0 * x[:, 1])
    rows = frame.d_field.reshape(96, 96)
    assert rows[-1].min() > 0.99
    assert rows[0].max() < 0.01


@pytest.mark.parametrize("name", ["mixture-1d", "ring"])
def test_a_film_has_a_picture_for_every_frame(tmp_path: Path, name: str) -> None:
    toy = TOYS[name]
    recorder = FrameMaker(toy, tmp_path / "toy", torch.randn(500, toy.dim))
    for i in range(3):
        recorder.record(1000 * i, lambda z, i=i: z * (1.0 + i), lambda x: x.sum(dim=1))
    recorder.film(tmp_path / "film.mp4", tmp_path / "film.gif")
    count, seconds = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "film.mp4"))
    assert count == 3 + round(HOLD_SECONDS * 12)
    assert seconds == pytest.approx(count / 12, abs=0.05)
    with Image.open(tmp_path / "film.gif") as gif:
        assert (getattr(gif, "n_frames", 0), gif.size) == (3, (figure.WIDTH // 2, figure.HEIGHT // 2))
        first = np.asarray(gif.convert("RGB"))
        gif.seek(2)
        assert np.mean(first != np.asarray(gif.convert("RGB"))) > 0.01


def test_no_frames_no_film(recorder: FrameMaker) -> None:
    with pytest.raises(RunError, match="no frames"):
        recorder.film(recorder.folder / "film.mp4")
