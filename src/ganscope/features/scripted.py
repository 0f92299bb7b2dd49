"""Feature networks from TorchScript files that the user names."""

from __future__ import annotations

import hashlib
import os
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from ganscope.errors import DependencyError
from ganscope.features.space import FeatureSpace

SCRIPTED = ("inception", "dinov2")  # TorchScript files of the user's, named by GANSCOPE_INCEPTION or GANSCOPE_DINOV2


# ---- networks of the user's own --------------------------------------------------------------------------------------
class Scripted(nn.Module):
    """A TorchScript network that takes `(N, 3, H, W) uint8` and gives `(N, D)`."""

    def __init__(self, net: torch.jit.ScriptModule) -> None:
        super().__init__()
        self.net = net

    def features(self, images: Tensor) -> Tensor:
        """`(N, C, H, W) uint8` → `(N, D) float32`; grey images are repeated to three channels."""
        found = self.net(images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images)
        vectors: Tensor = found[0] if isinstance(found, tuple) else found
        return vectors.flatten(1).float()


def scripted_space(name: str) -> FeatureSpace:
    """Inception or DINOv2 from a TorchScript file that the user has; nothing is downloaded.

    The file has to do its own resizing and scaling, as the published `inception-2015-12-05.pt` does. It is a program:
    it is only opened because the user names it.

    Raises:
        DependencyError: the variable is not set, or the file is missing or foreign.
    """
    variable = f"GANSCOPE_{name.upper()}"
    value = os.environ.get(variable, "")
    what = f"the feature space {name!r} needs its weights on this machine"
    todo = f"set {variable} to a TorchScript file that maps (N, 3, H, W) uint8 to (N, D), or use --features auto"
    if not value or not Path(value).is_file():
        raise DependencyError(what, found=f"{variable}={value}" if value else f"{variable} is not set", todo=todo)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript is what the published files are in
            net = Scripted(torch.jit.load(value, map_location="cpu").eval())  # type: ignore[no-untyped-call]
        with torch.no_grad():
            dim = net.features(torch.zeros(2, 3, 64, 64, dtype=torch.uint8)).shape[1]
    except (RuntimeError, ValueError, TypeError) as error:
        raise DependencyError(what, found=f"{value}: {str(error).splitlines()[0]}", todo=todo) from error
    version = hashlib.blake2b(Path(value).read_bytes(), digest_size=4).hexdigest()
    return FeatureSpace(name, version, dim, None, 0, net)
