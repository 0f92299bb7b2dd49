"""Spectral normalisation (Miyato et al. 2018)."""

from __future__ import annotations

from torch import nn
from torch.nn.utils import parametrizations


def add_spectral_norm(d: nn.Module) -> nn.Module:
    """Divide every linear and convolution weight of `d` by its largest singular value (Miyato et al. 2018).

    Changes `d` in place and returns it. One power iteration each time a layer is used in training;
    evaluation mode freezes the estimate.
    """
    for module in list(d.modules()):
        if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d):
            parametrizations.spectral_norm(module)
    return d
