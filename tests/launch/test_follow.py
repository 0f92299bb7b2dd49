"""The other processes of a training: they take the plan that they are told, or say why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganscope.config import make_config, plan
from ganscope.data import Dataset, ImageSet
from ganscope.errors import DataError, PeerError
from ganscope.launch import follow as module
from ganscope.launch.follow import announcement, follow
from ganscope.runs import Run

PLAN = plan(make_config("x", "mlp", device="cpu"), num_images=8, size=4, channels=1)


class World:
    """The first process, which tells one thing."""

    def __init__(self, text: str) -> None:
        self.text = text

    def tell(self) -> str:
        return self.text


def data(content_hash: str) -> Dataset:
    part = ImageSet(np.zeros((8, 1, 4, 4), np.uint8), None, (), content_hash, None)
    return Dataset("x", part, part, ())


def test_what_is_announced_is_what_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[object] = []
    monkeypatch.setattr(
        module, "train", lambda run, train, test, plan, *rest, **named: (trained.append(plan), "done")[1]
    )
    told = announcement(Run(Path("runs/a")), PLAN, data("same"))
    run, outcome = follow(World(told), lambda: data("same"))
    assert (run.path, outcome, trained) == (Path("runs/a"), "done", [PLAN])


def test_other_images_and_a_first_process_that_gave_up() -> None:
    told = announcement(Run(Path("runs/a")), PLAN, data("same"))
    with pytest.raises(DataError, match="see other images"):
        follow(World(told), lambda: data("other"))
    with pytest.raises(PeerError):
        follow(World(""), lambda: pytest.fail("no images are read"))
