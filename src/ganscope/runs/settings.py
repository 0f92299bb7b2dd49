"""The settings that a run was made with, read from its `config.json`."""

from __future__ import annotations

import json
from pathlib import Path

from ganscope.config import Config, Watched, config_from_dict, watched_from_dict
from ganscope.errors import ConfigError, RunError

FORMAT = 1


def read_settings(path: Path) -> Config | Watched:
    """The resolved config, or what is known of a training that was watched.

    Raises:
        RunError: the file is damaged or from a newer ganscope.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        found = values.pop("format", None)
        if found != FORMAT:
            raise RunError(
                f"{path} has another format",
                found=f"format {found!r}, this version reads {FORMAT}",
                todo="open it with the version of ganscope that wrote it (see environment.json)",
            )
        return watched_from_dict(values) if "trainer" in values else config_from_dict(values)
    except (ValueError, AttributeError, TypeError, ConfigError) as error:
        raise RunError(f"{path} is damaged", found=str(error), todo="restore the file, or start a new run") from error
