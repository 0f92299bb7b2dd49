"""The settings that a run was made with, read from its `config.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganscope.config import Plan, Watched, plan_from_dict, watched_from_dict
from ganscope.errors import ConfigError, RunError
from ganscope.runs.migrate import migrated
from ganscope.runs.reading import read_json


def read_settings(path: Path) -> Plan | Watched:
    """The plan of a training, or what is known of one that was watched.

    Raises:
        RunError: the file is damaged, or a later version of ganscope wrote it.
    """
    values = migrated(stored_settings(path), path)
    try:
        return watched_from_dict(values) if "trainer" in values else plan_from_dict(values)
    except (ValueError, AttributeError, TypeError, ConfigError) as error:
        raise _damaged(path, error) from error


def stored_settings(path: Path) -> dict[str, Any]:
    """What stands in the file, whatever its format.

    Raises:
        RunError: it cannot be read, or holds no mapping.
    """
    found = read_json(path)
    if not isinstance(found, dict):
        what = "no JSON" if found is None else f"a {type(found).__name__} in the place of settings"
        raise _damaged(path, ValueError(what))
    return found


def _damaged(path: Path, error: Exception) -> RunError:
    return RunError(f"{path} is damaged", found=str(error), todo="restore the file, or start a new run")
