"""The settings of a watched training: the stored form gives the same back, an unknown one is named."""

from __future__ import annotations

import json

import pytest

from ganscope.config import Watched, watched_from_dict
from ganscope.errors import ConfigError


def test_the_stored_form_gives_the_same_back() -> None:
    told = Watched(trainer="StyleGAN2-ADA", size=64, channels=3, batch_size=32, metrics=False)
    assert watched_from_dict(json.loads(json.dumps(told.to_dict()))) == told
    assert told.preset == "StyleGAN2-ADA"


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="unknown setting 'hold_out'") as caught:
        watched_from_dict({"size": 8, "channels": 1, "hold_out": 0.2})
    assert "holdout" in str(caught.value.todo)
