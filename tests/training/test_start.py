"""Where a training begins: the tensors of a file come back, another file is one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ganscope.errors import ConfigError, RunError
from ganscope.training.start import START_FILE, begin_from, read_start


def test_both_networks_take_the_weights_and_one_that_is_missing_stays(tmp_path: Path) -> None:
    torch.manual_seed(0)
    stored, g, d = nn.Linear(3, 2), nn.Linear(3, 2), nn.Linear(3, 2)
    before = d.weight.detach().clone()
    save_file({f"g.{name}": value for name, value in stored.state_dict().items()}, tmp_path / START_FILE)
    assert read_start(tmp_path).keys() == {"g"}
    begin_from(g, d, str(tmp_path))
    assert torch.equal(g.weight, stored.weight) and torch.equal(g.bias, stored.bias)
    assert torch.equal(d.weight, before)


def test_other_networks_and_damage_are_one_clear_error(tmp_path: Path) -> None:
    save_file({"g.weight": torch.zeros(2, 3), "g.bias": torch.zeros(2)}, tmp_path / START_FILE)
    with pytest.raises(ConfigError, match="the networks of this training are not those of") as caught:
        begin_from(nn.Linear(4, 2), nn.Linear(4, 2), str(tmp_path))
    assert caught.value.found.startswith("G: ")
    (tmp_path / START_FILE).write_bytes(b"nothing of the kind")
    with pytest.raises(RunError, match="cannot be read"):
        read_start(tmp_path)
    for place, says in ((tmp_path / "nowhere", "no such folder"), (tmp_path.parent, "no generators in it")):
        with pytest.raises(RunError) as wrong:
            read_start(place)
        assert says in wrong.value.found
