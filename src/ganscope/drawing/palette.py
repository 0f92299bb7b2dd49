"""The colours of every picture that ganscope draws."""

from __future__ import annotations

Rgb = tuple[int, int, int]

PAPER: Rgb = (255, 255, 255)
PAGE: Rgb = (244, 245, 247)
INK: Rgb = (26, 28, 33)
MUTED: Rgb = (104, 109, 119)
FAINT: Rgb = (222, 224, 229)
G_BLUE: Rgb = (0, 114, 178)  # the generator; real images' scores
D_ORANGE: Rgb = (213, 94, 0)  # the discriminator, dashed; generated images' scores
# Petroff 2021: ten colours that differ under every kind of colour blindness. Nobody can tell eleven apart.
CLASS_COLOURS: tuple[Rgb, ...] = (
    (63, 144, 218), (255, 169, 14), (189, 31, 1), (148, 164, 162), (131, 45, 182),
    (169, 107, 89), (231, 99, 0), (185, 172, 112), (113, 117, 129), (146, 218, 221),
)  # fmt: skip
GREY: Rgb = (150, 150, 150)


def class_colours(count: int) -> list[Rgb]:
    """The colour of each of `count` classes: their own up to ten, beyond that all grey."""
    return list(CLASS_COLOURS[:count]) if count <= len(CLASS_COLOURS) else [GREY] * count


def mix(first: Rgb, second: Rgb, share: float) -> Rgb:
    """The colour at `share` of the way from one to the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue
