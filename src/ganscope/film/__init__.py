"""Films of a run: map, images and curves together; the image grid; walks through the latent space."""

from __future__ import annotations

from ganscope.film.film import grid_film, make_film, walk_film

__all__ = [
    "grid_film",
    "make_film",
    "walk_film",
]
