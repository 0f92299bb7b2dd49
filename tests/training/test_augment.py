"""What changes the images before D sees them: every change by hand, and what holds for all of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganscope.config.plan import Plan, plan
from ganscope.config.presets import make_config
from ganscope.device import choose_backend
from ganscope.training import penalties, steering
from ganscope.training.augment import NUM_DRAWS, Change, drawn_change
from ganscope.training.batches import Batches
from ganscope.training.state import TrainState, new_state
from ganscope.training.steering import Steering
from ganscope.training.step import Game, discriminate, train_iteration

ALL = ("translation", "cutout", "colour", "flip")
PLACES = {"flip": 0, "colour": 1, "translation": 5, "cutout": 8}  # of the draw that says whether


def change(kind: str, draws: list[float] | None = None, *, strength: float = 1.0, at: int = 0) -> Change:
    """One kind on one image, with the draws that say how much from `at` on."""
    row = torch.zeros(NUM_DRAWS)
    for place, value in enumerate(draws or [], start=at):
        row[place] = value
    return Change((kind,), strength, row.view(1, 1, NUM_DRAWS))


def grid(side: int = 8, channels: int = 1) -> Tensor:
    """An image whose pixels are all different, and none of them 0."""
    return torch.arange(1.0, 1 + channels * side**2).view(1, channels, side, side)


def test_flip_mirrors_left_to_right() -> None:
    assert torch.equal(change("flip")(grid()), grid().flip(-1))
    assert torch.equal(change("flip", [0.5])(grid()), grid()), "half of the images stay"


@pytest.mark.parametrize(("draws", "down", "right"), [((0.0, 0.0), -1, -1), ((0.99, 0.5), 1, 0), ((0.4, 0.9), 0, 1)])
def test_translation_moves_by_up_to_an_eighth_and_brings_in_grey(
    draws: tuple[float, float], down: int, right: int
) -> None:
    expected = torch.zeros(1, 1, 8, 8)
    for i in range(8):
        for j in range(8):
            if 0 <= i - down < 8 and 0 <= j - right < 8:
                expected[0, 0, i, j] = grid()[0, 0, i - down, j - right]
    assert torch.equal(change("translation", list(draws), at=6)(grid()), expected)


def test_a_rectangle_moves_by_an_eighth_of_each_side_and_loses_half_of_each() -> None:
    image = torch.arange(1.0, 129.0).view(1, 1, 8, 16)
    expected = torch.zeros(1, 1, 8, 16)
    expected[..., 1:, :-2] = image[..., :-1, 2:]
    assert torch.equal(change("translation", [0.99, 0.0], at=6)(image), expected)
    cut = change("cutout", [0.5, 0.5], at=9)(image)
    blank = (cut == 0)[0, 0]
    assert blank.sum() == 4 * 8 and blank[2:6, 4:12].all()


def test_translations_of_all_sizes_are_equally_frequent() -> None:
    draws = torch.rand(20_000, 1, NUM_DRAWS)
    moved = Change(("translation",), 1.0, draws)(torch.eye(8)[4].view(1, 1, 1, 8).repeat(20_000, 1, 8, 1))
    columns = moved.sum((0, 1, 2)) / moved.sum()
    assert torch.allclose(columns[3:6], torch.full((3,), 1 / 3), atol=0.015)
    assert columns[:3].sum() + columns[6:].sum() == 0


@pytest.mark.parametrize(("draws", "rows", "columns"), [((0.5, 0.5), (2, 6), (2, 6)), ((0.0, 0.99), (0, 2), (6, 8))])
def test_cutout_blanks_a_square_of_half_the_side_whose_centre_may_lie_on_the_rim(
    draws: tuple[float, float], rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    found = change("cutout", list(draws), at=9)(grid(channels=2))
    expected = grid(channels=2).clone()
    expected[:, :, slice(*rows), slice(*columns)] = 0.0
    assert torch.equal(found, expected)


def test_noise_fills_the_square_with_the_images_own_mean_and_deviation() -> None:
    images = 3.0 + 2.0 * torch.randn(400, 1, 16, 16)
    draws = torch.full((400, 1, NUM_DRAWS), 0.5)
    draws[..., 8] = 0.0
    found = Change(("noise",), 1.0, draws, torch.randn(400, 1, 16, 16))(images)
    hole = torch.zeros(16, 16, dtype=torch.bool)
    hole[4:12, 4:12] = True
    assert torch.equal(found[..., ~hole], images[..., ~hole])
    assert float(found[..., hole].mean()) == pytest.approx(3.0, abs=0.05)
    assert float(found[..., hole].std()) == pytest.approx(2.0, abs=0.05)


def test_colour_is_brightness_then_saturation_then_contrast() -> None:
    images = torch.rand(1, 4, 8, 8)
    bright, saturation, contrast = 0.9, 0.2, 0.7
    x = images[:, :3] + (bright - 0.5)
    x = x.mean(1, True) + 2 * saturation * (x - x.mean(1, True))
    x = x.mean((1, 2, 3), True) + (0.5 + contrast) * (x - x.mean((1, 2, 3), True))
    found = change("colour", [bright, saturation, contrast], at=2)(images)
    torch.testing.assert_close(found[:, :3], x)
    assert torch.equal(found[:, 3:], images[:, 3:]), "transparency is no colour"
    plain = change("colour", [0.5, 0.5, 0.5], at=2)(images[:, :3])
    torch.testing.assert_close(plain, images[:, :3])


@pytest.mark.parametrize("kinds", [*[(kind,) for kind in (*ALL, "noise")], ALL])
def test_nothing_changes_at_strength_0_and_some_images_in_between(kinds: tuple[str, ...]) -> None:
    images, draws, noise = torch.randn(600, 3, 16, 16), torch.rand(600, 1, NUM_DRAWS), None
    if kinds == ("noise",):
        noise = torch.randn(600, 1, 16, 16)
    assert torch.equal(Change(kinds, 0.0, draws, noise)(images), images)
    changed = (Change(kinds, 0.4, draws, noise)(images) != images).flatten(1).any(1)
    # Half of the chosen images are mirrored; of 25 translations one is none.
    chance = {"flip": 0.2, "translation": 0.4 * 24 / 25}.get(kinds[0], 0.4)
    if len(kinds) == 1:
        assert float(changed.float().mean()) == pytest.approx(chance, abs=0.06)


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_gradients_flow_once_and_twice_and_are_those_of_finite_differences(memory: torch.memory_format) -> None:
    torch.manual_seed(0)
    images = torch.randn(3, 3, 8, 8, dtype=torch.float64).to(memory_format=memory).requires_grad_(True)
    altered = Change(ALL, 0.9, torch.rand(3, 1, NUM_DRAWS, dtype=torch.float64))
    assert torch.autograd.gradcheck(altered, (images,))
    weight = torch.randn(3, 3, 8, 8, dtype=torch.float64)
    (first,) = torch.autograd.grad((altered(images).pow(3) * weight).sum(), images, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), images)
    step = 1e-6 * torch.randn_like(images)
    with torch.enable_grad():
        (after,) = torch.autograd.grad((altered(images + step).pow(3) * weight).sum(), images)
        (before,) = torch.autograd.grad((altered(images - step).pow(3) * weight).sum(), images)
    expected = float((after.square().sum() - before.square().sum()) / 2)
    assert float((second * step).sum()) == pytest.approx(expected, rel=1e-5)


def test_images_of_a_pack_are_changed_one_by_one() -> None:
    draws, images = torch.rand(3, 2, NUM_DRAWS), torch.randn(6, 3, 16, 16)
    together = Change(ALL, 0.8, draws)(images.reshape(3, 6, 16, 16))
    apart = Change(ALL, 0.8, draws.view(6, 1, NUM_DRAWS))(images)
    assert torch.equal(together.reshape(6, 3, 16, 16), apart)


# ---- in a step -------------------------------------------------------------------------------------------------------
def planned(**settings: Any) -> Plan:
    chosen = dict(preset="r3dcgan", g_width=4, d_width=4, batch_size=8, augment="translation,cutout", threads=1,
                  augment_strength=1.0, precision="float32")  # fmt: skip
    given = {**chosen, **settings}
    return plan(make_config("x", given.pop("preset"), **given), num_images=16, size=16, channels=1)  # type: ignore[arg-type]


def state_of(config: Plan) -> tuple[Game, TrainState]:
    backend = choose_backend(device="cpu", precision="float32", threads=1)
    return Game.of(config, backend), new_state(config, backend)


def test_a_real_and_the_fake_beside_it_are_changed_alike_in_both_steps() -> None:
    config = planned(penalty_share=1.0)
    game, state = state_of(config)
    seen: list[Tensor] = []
    state.d.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0].detach()))
    images = np.full((16, 1, 16, 16), 255, np.uint8)
    train_iteration(game, state, Batches(images, config, game.backend))
    rows, fakes, reals = seen
    real, fake, moved_real, moved_fake = rows.chunk(4)
    assert 0 < float((real == 0).float().mean()) < 0.5, "white images with grey squares and rims"
    for one in (fake, moved_real, moved_fake):
        assert alike(real, one)
    assert alike(reals, fakes) and not alike(real, reals), "new ones in G's step"


def alike(white: Tensor, other: Tensor) -> bool:
    """Whether both are grey at the same places, but for single pixels of an untrained G that happen to be grey."""
    grey = white == 0
    return bool((other[grey] == 0).all()) and float((other[~grey] == 0).float().mean()) < 0.05


def test_strength_0_is_the_step_without_changes_bit_for_bit() -> None:
    images = np.random.default_rng(0).integers(0, 256, (16, 1, 16, 16), dtype=np.uint8)
    found = []
    for settings in ({"augment": "none"}, {"augment_strength": 0.0}):
        config = planned(**settings)
        game, state = state_of(config)
        batches = Batches(images, config, game.backend)
        found.append(torch.stack([train_iteration(game, state, batches) for _ in range(3)]))
    assert torch.equal(*found)


@pytest.mark.parametrize("preset", ["r3gan", "wgan-gp"])
def test_penalties_are_those_of_d_behind_the_change(preset: str) -> None:
    """Of a linear D the slope is its weight; behind a cutout it is the weight without the square."""
    config = planned(preset=preset, g_width=16, d_width=16, augment="cutout", batch_size=8)
    game, state = state_of(config)
    weight = torch.randn(256)
    state.d = Linear(weight)
    real, fake = torch.rand(8, 1, 16, 16), torch.rand(8, 1, 16, 16)
    altered = drawn_change(config, state, "D", real.shape)
    assert altered is not None
    _, _, penalty = discriminate(game, state, real, fake, None, altered)
    slopes = altered(weight.view(1, 1, 16, 16).repeat(8, 1, 1, 1)).flatten(1).norm(dim=1)
    assert float(slopes.min()) < float(weight.norm()), "something is cut out"
    expected = slopes.square().mean() if preset == "r3gan" else 10.0 * (slopes - 1.0).square().mean()
    assert float(penalty) == pytest.approx(float(expected), rel=1e-4)
    plain = penalties.zero_centred_penalty(state.d, real)
    assert float(plain) == pytest.approx(float(weight.square().sum()), rel=1e-4)


class Linear(nn.Module):
    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, rows: Tensor) -> Tensor:
        return rows.flatten(1) @ self.weight


# ---- strength --------------------------------------------------------------------------------------------------------
def test_r_v_is_the_share_of_ds_lead_that_held_out_images_lack() -> None:
    state = Steering()
    assert math.isnan(state.r_v)
    state.look(5.0, 3.0, 1.0, 0.0)
    assert state.r_v == pytest.approx(0.5)
    state.look(105.0, 103.0, 101.0, 0.0)
    assert state.r_v == pytest.approx(0.5), "a constant added to D changes nothing"
    for _ in range(20):
        state.look(5.0, 5.0, 1.0, 0.0)
    assert state.r_v == pytest.approx(0.0, abs=1e-3)
    assert Steering(torch.zeros(4, dtype=torch.float64)).strength == 0.0
    worse = Steering()
    worse.look(1.0, 0.0, 2.0, 0.0)
    assert worse.r_v == 0.0, "a D that takes fakes for real has learned nothing by heart"


def test_the_strength_goes_where_r_v_is_the_target_and_no_faster_than_said() -> None:
    """A D that overfits less the more is changed: r_v = 0.8 - strength."""
    state = Steering.of(planned(augment_strength=0.1))
    before = state.strength
    for _ in range(300):
        state.look(1.0, 1.0 - (0.8 - state.strength), 0.0, 0.3)
        assert abs(state.strength - before) <= steering.LOOK_EVERY / steering.FASTEST + 1e-9
        before = state.strength
    assert state.strength == pytest.approx(0.5, abs=0.01)
    for _ in range(300):
        state.look(1.0, 0.0, 0.0, 0.3)
    assert state.strength == pytest.approx(steering.MOST)
    for _ in range(300):
        state.look(1.0, 1.0, 0.0, 0.3)
    assert state.strength == 0.0
    fixed = Steering.of(planned(augment_strength=1.0))
    fixed.look(1.0, 0.0, 0.0, 0.0)
    assert fixed.strength == 1.0
