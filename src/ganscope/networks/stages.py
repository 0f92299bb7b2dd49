"""How an image becomes the smallest maps of a network: halved until 4 to 7 pixels of its shorter side remain."""

from __future__ import annotations

from ganscope.config import Size, sides_of
from ganscope.errors import ConfigError

LEAST, MOST = 4, 7  # pixels of the shorter side of the smallest maps


def halved(size: Size, network: str) -> list[tuple[int, int]]:
    """(H, W) of the maps from the image down to the smallest, for example 16×32, 8×16, 4×8.

    Raises:
        ConfigError: a shorter side that is not 4, 5, 6 or 7 times a power of two, or a longer one that cannot be halved
            as often.
    """
    found = [sides_of(size)]
    while min(found[-1]) >= 2 * LEAST and not any(side % 2 for side in found[-1]):
        height, width = found[-1]
        found.append((height // 2, width // 2))
    if not LEAST <= min(found[-1]) <= MOST:
        whole, rest = (str(h) if h == w else f"{h}×{w}" for h, w in (found[0], found[-1]))
        raise ConfigError(
            f"the {network} networks cannot make images of {whole} pixels",
            found=f"{whole} halves to {rest}, not to between {LEAST} and {MOST}",
            todo="use --size 8, 16, 28, 32, 64, 128 or 256; 32x64 for height x width",
        )
    return found
