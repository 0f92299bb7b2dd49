"""Drawing: arrays in, pixels out. Knows no runs."""

from __future__ import annotations

from ganscope.drawing.canvas import Box, card, dots, one_line, paste, text_width, write
from ganscope.drawing.chart import Chart, Line, nice_ticks
from ganscope.drawing.curves import draw_curves
from ganscope.drawing.encode import write_gif, write_mp4
from ganscope.drawing.grid import image_grid, over_checkers, save_grid, scale_for
from ganscope.drawing.palette import CLASS_COLOURS, D_ORANGE, FAINT, G_BLUE, GREY, INK, MUTED, PAGE, PAPER, Rgb, mix
from ganscope.drawing.panels import MapPanel, Tiles, Track

__all__ = [
    "CLASS_COLOURS",
    "D_ORANGE",
    "FAINT",
    "GREY",
    "G_BLUE",
    "INK",
    "MUTED",
    "PAGE",
    "PAPER",
    "Box",
    "Chart",
    "Line",
    "MapPanel",
    "Rgb",
    "Tiles",
    "Track",
    "card",
    "dots",
    "draw_curves",
    "image_grid",
    "mix",
    "nice_ticks",
    "one_line",
    "over_checkers",
    "paste",
    "save_grid",
    "scale_for",
    "text_width",
    "write",
    "write_gif",
    "write_mp4",
]
