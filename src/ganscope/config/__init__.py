"""The settings of a run and the presets that fill them."""

from __future__ import annotations

from ganscope.config.fields import Config, config_changes, config_from_dict, field_types
from ganscope.config.presets import AUTO_PRESETS, PRESET_DOCS, PRESETS, auto_preset, make_config

__all__ = [
    "AUTO_PRESETS",
    "PRESETS",
    "PRESET_DOCS",
    "Config",
    "auto_preset",
    "config_changes",
    "config_from_dict",
    "field_types",
    "make_config",
]
