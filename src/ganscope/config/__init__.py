"""The settings of a run and the presets that fill them."""

from __future__ import annotations

from ganscope.config.fields import Config, config_changes, config_from_dict, field_types
from ganscope.config.plan import FEWEST_IMAGES, WIDTHS, Plan, plan, plan_from_dict
from ganscope.config.presets import AUTO_PRESETS, PRESET_DOCS, PRESETS, auto_preset, make_config
from ganscope.config.sizes import Size, sides_of, size_named, size_of, size_text
from ganscope.config.watched import RecordSettings, Watched, unmeasured, watched_from_dict

__all__ = [
    "AUTO_PRESETS",
    "FEWEST_IMAGES",
    "PRESETS",
    "PRESET_DOCS",
    "WIDTHS",
    "Config",
    "Plan",
    "RecordSettings",
    "Size",
    "Watched",
    "auto_preset",
    "config_changes",
    "config_from_dict",
    "field_types",
    "make_config",
    "plan",
    "plan_from_dict",
    "sides_of",
    "size_named",
    "size_of",
    "size_text",
    "unmeasured",
    "watched_from_dict",
]
