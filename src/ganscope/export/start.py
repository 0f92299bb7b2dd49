"""The settings of a training that begins from a run or an exported folder: its networks must be the same. No torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ganscope.config import Config, size_of
from ganscope.errors import ConfigError, RunError
from ganscope.runs import Run

# What decides the shapes of both networks and the latents that G knows.
NETWORK_SETTINGS = (
    "network", "size", "channels", "g_width", "d_width", "d_norm", "bottom", "g_blur", "spectral_norm", "pack",
    "latent_dim", "latent", "conditional", "d_classify",
)  # fmt: skip


def start_settings(start: Path | str, given: dict[str, Any], preset: str = "auto") -> tuple[str, dict[str, Any]]:
    """The preset and the settings of a training that begins from `start`: its networks, and all that was `given`.

    Raises:
        RunError: neither a run nor an exported folder. ConfigError: a given setting needs other networks.
    """
    path = Path(start)
    trained = training_of(path)
    settings = {name: trained[name] for name in NETWORK_SETTINGS if name in trained}
    if isinstance(settings.get("size"), list | tuple):
        settings["size"] = size_of(settings["size"])
    for name, value in given.items():
        if name in settings and value != settings[name]:
            raise ConfigError(
                f"--{name.replace('_', '-')} cannot change when a training begins from other weights",
                found=f"{value!r}, {path} has {settings[name]!r}",
                todo=f"leave --{name.replace('_', '-')} out, or leave --from out",
            )
    settings["start"] = str(path)
    return (trained["preset"] if preset == "auto" else preset), settings | given


def training_of(path: Path) -> dict[str, Any]:
    """The settings that trained what lies in `path`. Raises RunError."""
    if (path / "generators").is_dir():
        return Run.open(path).config().to_dict()
    try:
        values = json.loads((path / "config.json").read_text(encoding="utf-8"))
        trained = values["training"]
        known = Config().to_dict()
        return {name: value for name, value in trained.items() if name in known}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"a training cannot begin from {path}",
            found="no such folder" if not path.exists() else f"no run and no exported generator ({error})",
            todo="name a run, or a folder that `ganscope export RUN --safetensors` or --hub has written",
        ) from error
