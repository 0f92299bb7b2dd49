"""Which run to continue, and whether its settings allow it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from ganscope.config import Config, Plan, config_changes
from ganscope.errors import GanscopeError, RunError
from ganscope.runs import Run, list_runs


def find_run(
    config: Config, resolved: Plan, runs: Path, run_path: Path | None, new: bool, content_hash: str = ""
) -> Run | None:
    """The run to resume, None when a new one is wanted. `content_hash`: of the training images."""
    if run_path is not None:
        exists = (run_path / "config.json").is_file()
        if exists and new:
            raise RunError(f"{run_path} exists", found="--new and --run together", todo="drop one of them")
        return Run(run_path) if exists else None
    if new:
        return None
    for run in reversed(list_runs(runs)):
        try:
            stored = where_it_lies(run, run.config(), resolved, content_hash)
            planned = as_planned(config, resolved, stored, piloted=run.piloted())
            same = not config_changes(stored, planned) and stored.epochs == planned.epochs
        except GanscopeError:
            continue
        if same and not run.finished():
            return run
    return None


def as_planned(config: Config, resolved: Plan, stored: Plan, *, piloted: bool) -> Plan:
    """The resolved config with what the stored run decided and `config` leaves open: its plan and its penalties.

    A longer training keeps the first plan's spacing of lines and snapshots and its schedule of rates.
    """
    derived = ("order", "burn_in", "snapshots", "log_every", "snapshot_every")
    kept: dict[str, Any] = {name: getattr(stored, name) for name in derived if getattr(config, name) is None}
    if config.augment == "auto":
        kept["augment"] = stored.augment
    if config.conditional is None:  # also of a run from before classes were told by default
        kept |= {"conditional": stored.conditional, "class_counts": stored.class_counts}
    kept["class_columns"] = stored.class_columns  # another number would be other fixed latents
    if config.choose_penalty == "pilot" and piloted:
        kept |= {"r1": stored.r1, "r2": stored.r2, "choose_penalty": stored.choose_penalty}
    return dataclasses.replace(resolved, **kept)


def where_it_lies(run: Run, stored: Plan, resolved: Plan, content_hash: str) -> Plan:
    """The stored config with the data's path of today, when what lies there is what the run was trained on."""
    if stored.data == resolved.data or not content_hash:
        return stored
    known = run.environment().get("dataset", {}).get("content_hash")
    return dataclasses.replace(stored, data=resolved.data) if known == content_hash else stored


def resumed_config(run: Run, config: Config, resolved: Plan, content_hash: str = "") -> Plan:
    """The config to resume `run` with; its data may have moved, when their `content_hash` is the same.

    Raises:
        RunError: other settings differ, each named old → new.
    """
    stored = where_it_lies(run, run.config(), resolved, content_hash)
    planned = as_planned(config, resolved, stored, piloted=run.piloted())
    if changes := config_changes(stored, planned):
        raise RunError(
            f"{run.path} was started with other settings",
            found="; ".join(changes),
            todo="give the same settings to resume it, or start another run with --new",
        )
    return planned
