"""The state of a training: the moving average of G."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from ganscope.config.plan import plan
from ganscope.config.presets import make_config
from ganscope.device import choose_backend
from ganscope.training.sampling import latents, sampler
from ganscope.training.state import average_weight, new_state


def test_ema_half_life() -> None:
    """Once half-life is no longer limited by the ramp-up, an old weight counts half after that many images."""
    config = plan(make_config("x", "mlp", ema_half_life=100.0), num_images=10, size=8, channels=1)
    state = new_state(config, choose_backend(device="cpu", threads=1, convolutional=False))
    assert state.g_ema is not None
    state.images_seen = 10_000
    with torch.no_grad():
        for average, weight in zip(state.g_ema.parameters(), state.g.parameters(), strict=True):
            average.fill_(1.0)
            weight.fill_(0.0)
    for _ in range(10):
        state.move_average(average_weight(100.0, 10, 10_000))
    assert next(state.g_ema.parameters())[0, 0].item() == pytest.approx(0.5, rel=1e-5)


def test_the_average_has_batch_statistics_of_its_own() -> None:
    """Weights far from G's, as an average's are: its norms' statistics are those of its own activations, not of G's."""
    config = make_config("x", "dcgan", g_width=4, d_width=4, ema_half_life=100.0, precision="float32")
    config = plan(config, num_images=10, size=16, channels=1)
    backend = choose_backend(device="cpu", precision="float32", threads=1)
    state = new_state(config, backend)
    assert state.g_ema is not None
    with torch.no_grad():
        for weight in state.g_ema.parameters():
            weight.mul_(3.0).add_(0.5)
    g = sampler(state, config, backend)
    assert g is state.g_ema
    assert not g.training
    seen: list[torch.Tensor] = []
    norm = next(module for module in g.modules() if isinstance(module, torch.nn.BatchNorm2d))
    norm.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    g(latents(config, 20_000, "others"))
    mean, variance = seen[0].mean(dim=(0, 2, 3)), seen[0].var(dim=(0, 2, 3))
    torch.testing.assert_close(norm.running_mean, mean, rtol=0.1, atol=0.1)
    torch.testing.assert_close(norm.running_var, variance, rtol=0.15, atol=0.1)
    assert not torch.allclose(mean, torch.zeros_like(mean), atol=0.5)
    before = {name: value.clone() for name, value in g.state_dict().items()}
    again = sampler(state, config, backend).state_dict()
    assert all(torch.equal(before[name], again[name]) for name in before)


def test_a_state_imports_no_compiler() -> None:
    """`torch.optim` would: a second of every start."""
    code = (
        "import sys; from ganscope.config import make_config, plan;"
        "from ganscope.training import backend_of, new_state;"
        "c = plan(make_config('digits', 'dcgan'), num_images=99, size=8, channels=1); new_state(c, backend_of(c));"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
