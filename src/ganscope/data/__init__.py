"""Data sets: a name, a folder, an archive or an array in; images decoded once, split, cached and mapped."""

from __future__ import annotations

from ganscope.data.dataset import Dataset, ImageSet
from ganscope.data.decision import Decision
from ganscope.data.decode import fit_array
from ganscope.data.given import dataset_of, keep_arrays
from ganscope.data.inspect import Report, draw_contact_sheet, examine, render
from ganscope.data.load import (
    cache_root,
    chosen_size,
    load_configured,
    load_dataset,
    located,
    require_outside,
    require_variety,
)
from ganscope.data.plan import keeps_shape, rectangle, trainable_size

__all__ = [
    "Dataset",
    "Decision",
    "ImageSet",
    "Report",
    "cache_root",
    "chosen_size",
    "dataset_of",
    "draw_contact_sheet",
    "examine",
    "fit_array",
    "keep_arrays",
    "keeps_shape",
    "load_configured",
    "load_dataset",
    "located",
    "rectangle",
    "render",
    "require_outside",
    "require_variety",
    "trainable_size",
]
