"""The map: the real images laid out once in 2-D, and every snapshot's fakes placed on it."""

from __future__ import annotations

from ganscope.maps.landing import CALIBRATING, KEPT, Landing
from ganscope.maps.maker import MapMaker
from ganscope.maps.thumbnails import Thumbs, at_least, encode_grid, shrink

__all__ = [
    "CALIBRATING",
    "KEPT",
    "Landing",
    "MapMaker",
    "Thumbs",
    "at_least",
    "encode_grid",
    "shrink",
]
