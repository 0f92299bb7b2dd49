"""Toys with classes: the joint plane is the joint density, and a point of the wrong class is in the wrong place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import expit

from ganscope.cli import main
from ganscope.runs.run import Run
from ganscope.toys import theory
from ganscope.toys.classes import MODE_CLASSES, Tiled, tiled
from ganscope.toys.distributions import TOYS, Toy, score
from ganscope.toys.frames import FrameMaker, load_frame
from ganscope.toys.judge import toy_dataset
from ganscope.toys.page import final_scores


def of(name: str) -> Tiled:
    found = tiled(TOYS[name])
    assert found is not None
    return found


@pytest.mark.parametrize("name", list(MODE_CLASSES))
def test_the_plane_holds_the_joint_density_of_point_and_class(name: str) -> None:
    game = of(name)
    points, labels = game.sample(2000, 0)
    assert np.array_equal(points, game.toy.sample(2000, 0)), "the points are those of the toy"
    assert set(labels) == set(range(game.num_classes)) and len(game.kinds) == game.toy.num_modes
    kinds, shown = np.array(game.kinds), game.show(torch.from_numpy(points), torch.from_numpy(labels)).numpy()
    inside = (np.abs(shown) < game.far / 2).all(axis=1)
    assert inside.mean() > 0.99
    for kind in range(game.num_classes):
        mine, share = inside & (labels == kind), game.toy.weights[kinds == kind].sum()
        part = Toy("", "", game.toy.centres[kinds == kind], game.toy.sigma, game.toy.limits,
                   game.toy.weights[kinds == kind] / share)  # fmt: skip
        # p(x, y) = p(y) p(x | y), where the other tiles are too far to matter
        expected = np.log(share) + part.log_density(points[mine])
        assert game.joint.log_density(shown[mine]) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("name", ["mixture-1d", "ring", "moons"])
def test_places_are_read_back_also_far_outside_and_never_fall_next_door(name: str) -> None:
    game = of(name)
    source = np.random.default_rng(1)
    points = torch.from_numpy((5 * source.standard_normal((500, game.toy.dim))).astype(np.float32))
    labels = torch.from_numpy(source.integers(0, game.num_classes, 500))
    shown = game.show(points, labels)
    back, found = game.read(shown)
    assert torch.equal(found, labels) and torch.allclose(back, points, atol=2e-3)
    low, high = game.toy.limits
    outside = ((points < low) | (points >= high)).any(dim=1)
    assert outside.any() and not outside.all()
    picture = game.joint.limits
    assert (((shown >= picture[0]) & (shown < picture[1])).all(dim=1) == ~outside).all()


def test_perfect_points_of_the_wrong_class_are_misses_and_a_lost_mode_of_a_class_is_missed() -> None:
    game = of("ring")
    points, labels = map(torch.from_numpy, game.sample(5000, 3))
    right = score(game.joint, game.show(points, labels).numpy())
    wrong = score(game.joint, game.show(points, (labels + 1) % 4).numpy())
    assert right.modes == 8 and right.high_quality == pytest.approx(0.989, abs=0.006)
    assert wrong.modes == 0 and wrong.high_quality == 0.0
    assert score(TOYS["ring"], points.numpy()).modes == 8, "all points together look perfect"
    one_side = points[:, 0] > 0.5
    assert score(game.joint, game.show(points[one_side], labels[one_side]).numpy()).modes == 3


def test_the_optimal_d_of_point_and_class_and_a_constant_a_class_that_pairs_leave_open(tmp_path: Path) -> None:
    """mixture-1d against a G whose class y is moved by 0.1 (y + 1): logits log p(x|y) − log p_g(x|y), known exactly."""
    game = of("mixture-1d")
    sigma, centres = 0.25, torch.tensor([-1.5, 0.5, 2.0], dtype=torch.float64)
    shares = [0.5, 0.3, 0.2]
    labels = torch.from_numpy(np.random.default_rng(0).choice(3, 20_000, p=shares))
    moves = 0.1 * torch.arange(1, 4, dtype=torch.float64)

    def g(z: torch.Tensor) -> torch.Tensor:
        x = centres[labels, None] + moves[labels, None] + sigma * z
        return game.show(x.float(), labels)

    def optimal(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        away = x[:, 0].double() - centres[y]
        return ((away - moves[y]) ** 2 - away**2) / (2 * sigma**2)

    def d(shown: torch.Tensor) -> torch.Tensor:
        x, y = game.read(shown)
        return optimal(x, y) + torch.tensor([3.0, -2.0, 0.5], dtype=torch.float64)[y]

    z = torch.randn(20_000, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    maker = FrameMaker(game.joint, tmp_path, z, "relativistic", classes=lambda shown: game.read(shown)[1])
    frame = maker.record(0, g, d)
    field = maker.field_points
    x, y = game.read(field)
    near = (torch.abs(x[:, 0] - centres[y]) < 0.5).numpy()
    known = expit(optimal(x, y).numpy())
    assert np.abs(frame.d_field[near] - known[near]).max() < 0.02, "the three constants are gone"
    drawn = np.interp(field[:, 0].numpy(), maker.quadrature[0][:, 0], frame.d_best)
    assert np.abs(drawn[near] - known[near]).max() < 0.08, "D* of the picture is D*(x, y)"
    one = FrameMaker(game.joint, tmp_path, z, "relativistic").record(0, g, d)
    assert np.abs(one.d_field[near] - known[near]).max() > 0.3, "one constant for all would leave them"
    assert float(frame.value) == pytest.approx(float(frame.best_value), abs=0.03)
    assert theory.LOG_4 > -float(frame.value) > 0


def test_a_conditional_toy_trains_is_scored_and_filmed(tmp_path: Path) -> None:
    command = ["train", "ring", "--conditional", "--run", str(tmp_path / "run"), "--epochs", "0.03", "--snapshots", "2"]
    assert main([*command, "--quiet"]) == 0
    run = Run.open(tmp_path / "run")
    game, frames = of("ring"), [load_frame(path) for path in sorted(run.toy_path.glob("*.npz"))]
    assert run.config().num_classes == 4 and sum(run.config().class_counts) == 100_000
    found = final_scores(run)
    assert found.num_modes == 8 and int(frames[-1].modes) == found.modes
    assert float(frames[-1].high_quality) == found.high_quality
    assert run.product("film.mp4").stat().st_size > 0 and run.product("report.html").stat().st_size > 0
    assert game.joint.limits[1] - game.joint.limits[0] == pytest.approx(2 * game.side)


def test_a_toy_of_one_class_has_none_and_the_data_of_the_others_only_on_request() -> None:
    assert tiled(TOYS["gaussian"]) is None and toy_dataset(TOYS["ring"]).train.labels is None
    told = toy_dataset(TOYS["moons"], classes=True)
    assert told.train.labels is not None and told.train.class_names == ("0", "1")
    assert np.array_equal(told.train.images, toy_dataset(TOYS["moons"]).train.images)
    assert np.bincount(told.train.labels) == pytest.approx([50_000, 50_000], rel=0.02)
