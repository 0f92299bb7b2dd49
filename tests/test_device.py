"""The backend: what was asked for is what is chosen, and what it says of itself is true."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from ganscope import device
from ganscope.device import choose_backend, every_core, has_fast_bf16
from ganscope.errors import ConfigError


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("flags", ["", "avx512_bf16", "amx_bf16"])
@pytest.mark.parametrize("precision", ["auto", "float32", "bf16"])
@pytest.mark.parametrize(("convolutional", "written_out"), [(True, False), (False, False), (False, True)])
def test_bf16_where_it_was_asked_for_or_where_it_is_fast_and_helps(
    flags: str, precision: str, convolutional: bool, written_out: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "_cpu_flags", lambda: frozenset(flags.split()))
    found = choose_backend(
        device="cpu", precision=precision, threads=1, convolutional=convolutional, written_out=written_out
    )
    wanted = {"float32": False, "bf16": True, "auto": bool(flags) and (convolutional or written_out)}[precision]
    assert has_fast_bf16(torch.device("cpu")) == bool(flags)
    assert (found.product_dtype == torch.bfloat16) == wanted and ("bf16 (" in found.reason) == wanted
    assert found.autocast_dtype == (torch.bfloat16 if wanted and not written_out else None)
    with found.autocast():
        product = nn.functional.linear(torch.ones(2, 2), torch.ones(2, 2))
    assert product.dtype == (found.autocast_dtype or torch.float32)


def test_images_and_weights_lie_as_convolutions_want_them_and_points_as_they_are() -> None:
    images, points = torch.zeros(2, 3, 4, 4), torch.zeros(2, 2)
    for convolutional in (True, False):
        found = choose_backend(device="cpu", threads=1, convolutional=convolutional)
        weight = found.place(nn.Conv2d(3, 5, 3)).weight
        for tensor in (found.layout(images), weight):
            assert tensor.is_contiguous(memory_format=torch.channels_last) == convolutional
        assert found.layout(points) is points


def test_every_core_inside_and_the_trainings_own_threads_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "cores", lambda: 3)
    backend = choose_backend(device="cpu", threads=1)
    inside: list[int] = []

    def fail() -> None:
        inside.append(torch.get_num_threads())
        raise KeyError

    with pytest.raises(KeyError), every_core(backend):
        fail()
    assert inside == [3]
    assert torch.get_num_threads() == 1


def test_a_device_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="--device cuda:77 is not available"):
        choose_backend(device="cuda:77")


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system cannot bind a process to cores")
def test_a_process_bound_to_one_core_starts_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5})
    assert device.cores() == 1
