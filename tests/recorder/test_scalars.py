"""Numbers are means over the steps of a line, read from a device once a line."""

from __future__ import annotations

import math

import pytest
import torch

from ganscope.recorder.scalars import Scalars


def test_means_names_and_what_is_not_finite() -> None:
    scalars = Scalars()
    scalars.add({"g_loss": torch.tensor(1.0), "d_fake": torch.tensor([0.2, 0.4]), "mine": 3})
    scalars.add({"g_loss": torch.tensor(3.0), "d_fake": torch.tensor([0.6, 0.8]), "bad": math.nan})
    line = scalars.line()
    assert line == {"g_loss": 2.0, "d_fake_before": pytest.approx(0.5), "mine": 3.0, "bad": None}
    assert not scalars.waiting


def test_logits_become_probabilities() -> None:
    scalars = Scalars()
    scalars.add({"d_real": 2.0})
    assert scalars.line() == {"d_real": pytest.approx(1 / (1 + math.exp(-2))), "d_real_logit": 2.0}
    scalars.add({"d_real": 0.5})  # once a logit, always one
    assert scalars.line()["d_real"] == pytest.approx(1 / (1 + math.exp(-0.5)))
    critic = Scalars(probabilities=False)
    critic.add({"d_real": 2.0})
    assert critic.line() == {"d_real": None, "d_real_logit": 2.0}


def test_a_tensor_keeps_no_graph_and_later_changes_do_not_count() -> None:
    scalars = Scalars()
    weight = torch.ones(1, requires_grad=True)
    loss = (2 * weight).sum()
    scalars.add({"g_loss": loss})
    held = scalars._pending["g_loss"][0]
    assert not held.requires_grad
    with torch.no_grad():
        weight.fill_(5)
    assert scalars.line() == {"g_loss": 2.0}


def test_lines_grow_rarer() -> None:
    scalars, lines = Scalars(), 0
    for _ in range(4000):
        scalars.add({"g_loss": 1.0})
        if scalars.due:
            scalars.line()
            lines += 1
    assert 60 < lines < 200
