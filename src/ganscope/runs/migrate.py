"""Settings of older runs in today's form. Readers accept the current format and the one before.

Format 1 (0.1): settings that were left open could be stored as null, and `choose_penalty` could be `piloted`.
Format 2 (0.2): a stored plan has nothing left open; which penalties pilots chose stands in environment.json.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganscope.config import WIDTHS, Plan, Watched
from ganscope.errors import RunError
from ganscope.version import VERSION

FORMAT = 2
OLDEST = 1


def migrated(stored: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The settings in `config.json` as the fields of a `Plan`; new fields take their defaults.

    Raises:
        RunError: a later version wrote it: by its format, or by a setting that this one does not have.
    """
    values = dict(stored)
    found, writer = values.pop("format", None), values.pop("written_by", None)
    known = {field.name for field in dataclasses.fields(Watched if "trainer" in values else Plan)}
    strange = sorted(set(values) - known)
    if isinstance(found, int) and (found > FORMAT or (strange and found == FORMAT)):
        raise RunError(
            f"{path} was written by ganscope {writer or 'of a later version'}, this is {VERSION}",
            found=f"format {found}" + (f", settings {', '.join(strange)}" if strange else ""),
            todo="update ganscope, or open the run with the version that wrote it",
        )
    if not isinstance(found, int) or found < OLDEST:
        raise RunError(
            f"{path} has no format that this version reads",
            found=f"format {found!r}",
            todo="restore the file, or start a new run",
        )
    return values if found == FORMAT or "trainer" in values else _from_1(values)


def _from_1(values: dict[str, Any]) -> dict[str, Any]:
    width = WIDTHS.get(str(values.get("network")), 64)
    for name, value in {
        "g_width": width,
        "d_width": width,
        "init_std": 0.0,
        "threads": 0,
        "burn_in_d_lr": values.get("burn_in_lr", 1.0),
    }.items():
        if values.get(name) is None:
            values[name] = value
    if values.get("choose_penalty") in ("piloted", "scale"):  # the weights that were chosen stand in r1 and r2
        values["choose_penalty"] = "given"
    return values
