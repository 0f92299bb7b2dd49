"""An iteration from buffers is the ordinary one, bit for bit, and nothing in it is fixed that should move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ganscope.config import Plan, make_config, plan
from ganscope.training.batches import Batches
from ganscope.training.captured import FromBuffers, iteration_of, why_not, why_not_from_buffers
from ganscope.training.distributed import World
from ganscope.training.state import TrainState, backend_of, new_state
from ganscope.training.step import Drawn, Game, play, train_iteration

ITERATIONS = 6
# Of every objective one, and each thing that an iteration may have besides.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "minimax": ("minimax", {}),
    "non-saturating": ("plain", {}),
    "least squares": ("lsgan", {}),
    "hinge, spectral norm, average": ("hinge", {}),
    "wasserstein, clipped, 5 steps of D": ("wgan", {}),
    "packs": ("pacgan", {}),
    "written passes": ("mlp", {"ema_half_life": 50.0}),
    "relativistic perceptron": ("r3mlp", {"penalty_noise": 0.1}),
    "relativistic, all moving": ("r3dcgan", {"burn_in": 200, "burn_in_penalty": 20.0}),
    "classes": ("r3dcgan", {"burn_in": 200, "conditional": True}),
    "classes named": ("r3dcgan", {"burn_in": 200, "conditional": True, "d_classify": 0.3, "g_classify": 0.1}),
    "steps": ("r3dcgan", {"burn_in": 200, "d_steps": 2, "g_steps": 3, "flip": True}),
    "in 16 bits": ("r3dcgan", {"burn_in": 200, "precision": "bf16"}),
}


def planned(preset: str, more: dict[str, Any]) -> Plan:
    wide = {} if preset in ("mlp", "r3mlp") else {"g_width": 4, "d_width": 4}
    given = {"device": "cpu", "threads": 1, "batch_size": 8, "precision": "float32", **wide, **more}
    classes = {"class_counts": (12,) * 4} if more.get("conditional") else {}
    return plan(make_config("x", preset, **given), num_images=48, size=16, channels=1, **classes)


def begun(config: Plan) -> tuple[Game, TrainState, Batches]:
    backend = backend_of(config)
    images = np.random.default_rng(0).integers(0, 256, (48, 1, 16, 16), dtype=np.uint8)
    labels = np.arange(48) % 4 if config.num_classes else None
    return Game.of(config, backend), new_state(config, backend), Batches(images, config, backend, labels)


def everything(state: TrainState) -> list[Tensor]:
    return [
        tensor.clone() for tensor in (*state.tensors(), *(p.grad for p in state.g_parameters if p.grad is not None))
    ]


class Replayed(FromBuffers):
    """A graph's stand-in on the CPU: the operations of the third iteration, repeated on the same memory ever after.

    What was a number then stays that number, and no line of the step is run again, as on a device.
    """

    tape: Tape | None = None
    row: Tensor
    count = 0

    def played(self, held: Drawn) -> Tensor:
        self.count += 1
        if self.count < 3:
            return play(self.game, self.state, held)
        if self.tape is None:
            with Tape() as self.tape:
                self.row = play(self.game, self.state, held)
        else:
            self.tape.repeat()
        return self.row


class Tape(TorchDispatchMode):
    """Remembers operations with the tensors that they read and made, and can do them again on these."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[Callable[..., Any], Any, Any, list[Tensor], bool]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        read = {tensor.untyped_storage().data_ptr() for tensor in tensors_of((args, kwargs))}
        made = tensors_of(out)
        fresh = [tensor for tensor in made if tensor.untyped_storage().data_ptr() not in read]
        if fresh or func._schema.is_mutable:  # else it is only another view of the same memory
            self.done.append((func, args, kwargs or {}, made, bool(fresh)))
        return out

    @torch.no_grad()
    def repeat(self) -> None:
        for func, args, kwargs, made, fresh in self.done:
            out = func(*args, **kwargs)
            if fresh:
                for old, new in zip(made, tensors_of(out), strict=True):
                    if old.data_ptr() != new.data_ptr():
                        old.copy_(new)


def tensors_of(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


@pytest.mark.parametrize(
    ("kind", "case"),
    [*((Replayed, case) for case in CASES), (FromBuffers, "relativistic, all moving"), (FromBuffers, "written passes")],
)
def test_the_bits_of_the_ordinary_iteration(kind: type[FromBuffers], case: str) -> None:
    """Of every objective, with rates, the weight of the penalties and the average's step moving.

    The stand-in's first two iterations are ordinary operations on buffers, the others repeat a recording.
    """
    config = planned(*CASES[case])
    assert not why_not_from_buffers(config)
    game, state, batches = begun(config)
    same = begun(config)
    other = kind(*same)
    rates = []
    for _ in range(ITERATIONS):
        expected = train_iteration(game, state, batches)
        assert torch.equal(other(), expected)
        rates.append(state.d_optimizer.lr)
    assert (same[1].iteration, same[1].images_seen) == (state.iteration, state.images_seen)
    assert all(torch.equal(a, b) for a, b in zip(everything(same[1]), everything(state), strict=True))
    assert not config.burn_in or len(set(rates)) == ITERATIONS


@pytest.mark.parametrize("frozen", ["rates", "scale", "average", "noise", "z", "images"])
def test_the_stand_in_finds_what_is_frozen(frozen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A buffer that is never filled again is seen: the test above could fail."""
    config = planned("r3dcgan", {"burn_in": 200, "burn_in_penalty": 20.0})
    game, state, batches = begun(config)
    other = Replayed(*begun(config))

    differs = False
    for turn in range(5):
        expected = train_iteration(game, state, batches)
        if turn == 1:
            held, buffers = other.buffers.held, other.buffers
            assert held is not None
            given = held.d[0]
            named = {"scale": given.penalties.scale, "average": held.average, "noise": given.penalties.noise}
            named |= {"z": given.latents.z, "images": given.real.images}
            still = [named[frozen]] if frozen in named else buffers.rates
            ids = {id(tensor) for tensor in still}
            for name in ("copy_", "fill_"):
                monkeypatch.setattr(Tensor, name, skipping(getattr(Tensor, name), ids))
        differs = differs or not torch.equal(other(), expected)
    assert differs or any(
        not torch.equal(a, b) for a, b in zip(everything(other.state), everything(state), strict=True)
    )


def skipping(method: Callable[..., Tensor], ids: set[int]) -> Callable[..., Tensor]:
    """The method of a tensor, which leaves some tensors as they are."""
    return lambda tensor, *args, **kwargs: tensor if id(tensor) in ids else method(tensor, *args, **kwargs)


@pytest.mark.parametrize(
    ("preset", "more", "word"),
    [
        ("wgan-gp", {}, "second derivatives"),
        ("r3dcgan", {"penalty_noise": 0.0}, "second derivatives"),
        ("plain", {"r1": 1.0}, "second derivatives"),
        ("r3dcgan", {"augment": "flip"}, "--augment"),
        ("instance-noise", {}, "--instance-noise"),
        ("r3dcgan", {"burn_in": 200, "burn_in_beta2": 0.9}, "β2"),
    ],
)
def test_what_no_buffer_can_hold_is_said(preset: str, more: dict[str, Any], word: str) -> None:
    assert word in why_not_from_buffers(planned(preset, more))


def test_without_a_gpu_the_iteration_runs_as_usual_and_one_line_says_so() -> None:
    config = planned("plain", {"cuda_graph": True})
    game, state, batches = begun(config)
    said: list[str] = []
    row = iteration_of(game, state, batches, said.append)()
    assert said == [
        "no CUDA graph, the iteration runs as usual: only an NVIDIA GPU has them, and this training is on cpu"
    ]
    assert torch.equal(row, train_iteration(*begun(planned("plain", {}))))
    assert state.iteration == 1


def test_unless_it_is_asked_for_nothing_is_said() -> None:
    said: list[str] = []
    iteration_of(*begun(planned("plain", {})), said.append)()
    assert said == []


def test_several_processes_have_none() -> None:
    game, _, _ = begun(planned("plain", {}))
    on_a_gpu = replace(game.backend, device=torch.device("cuda"))
    assert why_not(replace(game, backend=on_a_gpu)) == ""
    assert "2 processes" in why_not(replace(game, backend=on_a_gpu, world=World(0, 2)))
