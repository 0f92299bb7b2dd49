"""How a data set will be read: one function decides, and says what and why; `check` and `train` both ask it.

Facts in, a `Plan` out: nothing is opened here. Legend: H height, W width, in pixels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import overload

from PIL import ImageColor

from ganscope.config import Config, size_of
from ganscope.data.decision import Decision
from ganscope.data.decode import Recipe
from ganscope.data.fit import BACKGROUNDS, Colour, Scale, Size
from ganscope.data.layout import label_level
from ganscope.data.survey import Backdrop, Facts, Values
from ganscope.errors import ConfigError

MAX_OWN_SIZE, DEFAULT_SIZE = 128, 64
OWN_SHARE = 0.95  # of the images have one size, so that it counts as that of all
SMALLEST, LARGEST = 8, 512
LONGEST = 4.0  # times the shorter side, of images that are trained on as they are
CUT_ASPECT = 1.5  # relative to what is wanted: beyond, more than a third is lost to a crop


@dataclass(frozen=True)
class Wishes:
    """What a user asked for of the data; the fields are those of `Config`."""

    size: int | Size | None = None
    channels: int | None = None
    holdout: float = 0.1
    fit: str = "auto"
    background: str = "auto"
    value_range: str = "auto"
    labels: str = "auto"
    label_column: str | None = None
    splits: str = "auto"
    only: str | None = None
    every: int | None = None
    square: bool = False  # whoever asks takes squares alone

    def __post_init__(self) -> None:
        """Raises ConfigError: a setting out of range."""
        sides = () if self.size is None else self.size if isinstance(self.size, tuple) else (self.size,)
        if not all(1 <= side <= 4096 for side in sides):
            raise ConfigError("the image size is out of range", found=f"size={self.size}", todo="give 1 to 4096 pixels")
        if self.channels not in (None, 1, 3, 4):
            raise ConfigError(
                "images have 1 channel (grey), 3 (colour) or 4 (with transparency)",
                found=f"channels={self.channels}",
                todo="use --channels 1, 3 or 4",
            )
        if not 0 < self.holdout < 1:
            found = f"holdout={self.holdout}"
            raise ConfigError("the held-out share is out of range", found=found, todo="give a share such as 0.1")
        if self.fit not in ("auto", "crop", "pad", "stretch"):
            raise ConfigError(f"--fit cannot be {self.fit!r}", found=self.fit, todo="use crop, pad or stretch")
        if self.every is not None and self.every < 1:
            raise ConfigError("--every must be at least 1", found=str(self.every), todo="use --every 10")
        if self.background != "auto":
            colour_named(self.background)
        if self.value_range != "auto":
            scale_given(self.value_range)
        label_level(self.labels)


def wishes_of(config: Config) -> Wishes:
    """The data's part of a config."""
    return Wishes(
        size=config.size, channels=config.channels, holdout=config.holdout, fit=config.fit,
        background=config.background, value_range=config.value_range, labels=config.labels,
        label_column=config.label_column or None, splits=config.splits, only=config.only or None,
        every=config.every or None,
    )  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """How every image is decoded, and why."""

    recipe: Recipe
    decisions: tuple[Decision, ...]


def decide(facts: Facts, wishes: Wishes) -> Plan:
    """What `wishes` leave open, from the data. Only what is not plain is among the decisions."""
    decisions: list[Decision] = []
    channels = wishes.channels or (1 if facts.grey else 3)
    shape: list[Decision] = []
    aspect = None if wishes.size or wishes.square or wishes.fit != "auto" else _one_shape(facts)
    if aspect is None:
        fit = _fit(facts, wishes.fit, _pair(wishes.size or 1), shape)
        size = _size(facts.sizes, wishes.size, fit, decisions)
    else:
        fit, size = "crop", _rectangle(facts.sizes, aspect, decisions)
    decisions += shape
    background = _background(facts.backdrop, wishes.background, channels, decisions)
    if fit == "pad" and not facts.backdrop.transparent and wishes.background == "auto":
        name = "white" if facts.backdrop.rim >= 128 else "black"
        background = BACKGROUNDS[name]
        why = f"the pictures' rims are {'light' if name == 'white' else 'dark'}"
        decisions.append(Decision(f"{name} around padded pictures", why, "--background"))
    scale = _scale(facts.values, wishes.value_range, decisions)
    height, width = size
    recipe = Recipe(height if height == width else size, channels, fit, background, scale)
    return Plan(recipe, tuple(decisions))


# Size


@overload
def trainable_size(size: int) -> int: ...
@overload
def trainable_size(size: int | Size) -> int | Size: ...
def trainable_size(size: int | Size) -> int | Size:
    """The size nearest to `size` that the convolutional networks can make; of two as near, the smaller.

    They halve an image until 4 to 7 pixels of its shorter side remain; the longer side must halve as often.
    """
    if not isinstance(size, tuple):
        return min(_trainable(), key=lambda known: (abs(known - size), known))
    shorter = trainable_size(min(size))
    step = 2 ** ((shorter // 4).bit_length() - 1)
    longer = max(shorter, min(LARGEST // step, -(-(2 * max(size) - step) // (2 * step))) * step)
    return size_of((shorter, longer) if size[0] <= size[1] else (longer, shorter))


def _trainable() -> Iterator[int]:
    side = SMALLEST
    while side <= LARGEST:
        yield from (known for known in (side, side // 4 * 5, side // 4 * 6, side // 4 * 7) if known <= LARGEST)
        side *= 2


def _pair(size: int | Size) -> Size:
    return size if isinstance(size, tuple) else (size, size)


def _size(sizes: Counter[tuple[int, int]], asked: int | Size | None, fit: str, decisions: list[Decision]) -> Size:
    """(H, W): the images' own where nearly all share one square of up to 128, else a power of two that most reach."""
    if asked is not None:
        return _pair(asked)
    (width, height), most = sizes.most_common(1)[0]
    if most >= OWN_SHARE * sizes.total() and width == height and width <= MAX_OWN_SIZE:
        side = trainable_size(width)
        if width < SMALLEST:
            why = f"the images have {width}, the smallest that trains is {SMALLEST}"
            decisions.append(Decision(f"{side} × {side} pixels, enlarged", why, "--size"))
        elif side != width:
            why = f"the images have {width}, the nearest that all networks make is {side}"
            decisions.append(Decision(f"{side} × {side} pixels", why, "--size"))
        return side, side
    # Padded pictures keep their longer side whole, cut ones their shorter.
    short = sorted(max(pair) if fit == "pad" else min(pair) for pair in sizes.elements())
    typical = short[len(short) // 10]
    side = next((known for known in (DEFAULT_SIZE, 32, 16) if known <= typical), SMALLEST)
    own = f"the images have {width} × {height}" if len(sizes) == 1 else f"{len(sizes):,} sizes"
    reach = (
        f"a {'long' if fit == 'pad' else 'short'} side of {short[0]} to {short[-1]} pixels"
        if short[0] != short[-1]
        else f"{short[0]} pixels"
    )
    why = own if len(sizes) == 1 else f"{own}, {reach}"
    larger = " for more" if typical > side else ""
    decisions.append(Decision(f"{side} × {side} pixels", why, f"--size{larger}"))
    return side, side


def _rectangle(sizes: Counter[tuple[int, int]], aspect: float, decisions: list[Decision]) -> Size:
    """(H, W) of images of one shape, `aspect` times as high as wide: the shorter side as `_size` takes a square's."""
    short = sorted(min(pair) for pair in sizes.elements())
    typical = short[len(short) // 10]
    side = min(DEFAULT_SIZE, trainable_size(typical))
    height, width = rectangle(side, aspect)
    (most_width, most_height), _ = sizes.most_common(1)[0]
    images = f"have {most_height} × {most_width}" if len(sizes) == 1 else f"are {max(aspect, 1 / aspect):.2g} to 1"
    lost = 1 - min(aspect, 1 / aspect)
    why = f"height × width: the images {images}, a square would lose {lost:.0%}"
    decisions.append(Decision(f"{height} × {width} pixels", why, f"--size {side} or --fit for squares"))
    return height, width


def rectangle(side: int, aspect: float) -> Size:
    """(H, W) that trains, `aspect` times as high as wide, the shorter about `side`."""
    wanted = (round(side * aspect), side) if aspect > 1 else (side, round(side / aspect))
    return _pair(trainable_size(wanted))


# Shape


def _one_shape(facts: Facts) -> float | None:
    """How many times as high as wide the images are, where nearly all are alike and a square would lose much of them.

    Those with a transparent background are padded instead.
    """
    (width, height), _ = facts.sizes.most_common(1)[0]
    aspect = height / width
    alike = sum(count for (w, h), count in facts.sizes.items() if _aspect(w, h, (height, width)) <= 1.02)
    clear = facts.backdrop.num and facts.backdrop.transparent >= facts.backdrop.num / 2
    if alike < OWN_SHARE * facts.sizes.total() or clear:
        return None
    return aspect if keeps_shape(aspect) else None


def keeps_shape(aspect: float) -> bool:
    """Whether images that are all `aspect` times as high as wide are trained on as they are: a square loses much."""
    return CUT_ASPECT < max(aspect, 1 / aspect) <= LONGEST


def _fit(facts: Facts, asked: str, size: Size, decisions: list[Decision]) -> str:
    num = facts.sizes.total()
    cut = sum(count for (width, height), count in facts.sizes.items() if _aspect(width, height, size) > CUT_ASPECT)
    odd = sum(count for (width, height), count in facts.sizes.items() if _aspect(width, height, size) > 1.02)
    if asked != "auto":
        return asked
    if not odd:
        return "crop"
    clear = facts.backdrop.num and facts.backdrop.transparent >= facts.backdrop.num / 2
    if clear:
        why = f"{odd:,} of {num:,} have another shape, and a background to pad with"
        decisions.append(Decision("padded to shape", why, "--fit crop or stretch"))
        return "pad"
    why = f"{odd:,} of {num:,} have another shape" + (f", {cut:,} lose more than a third" if cut else "")
    decisions.append(Decision("the centre cut out", why, "--fit pad or stretch"))
    return "crop"


def _aspect(width: int, height: int, size: Size) -> float:
    """How many times wider or taller than `size`, 1 or more."""
    ratio = (width * size[0]) / (height * size[1])
    return max(ratio, 1 / ratio)


# Background


def colour_named(text: str) -> Colour:
    """`white`, `black`, `grey`, another name or `#rrggbb` as a colour. Raises `ConfigError`."""
    if text in BACKGROUNDS:
        return BACKGROUNDS[text]
    try:
        found = ImageColor.getrgb(text)
    except ValueError as error:
        raise ConfigError(f"--background cannot be {text!r}", found=text, todo="use white, black or #rrggbb") from error
    return found[0], found[1], found[2]


def _background(seen: Backdrop, asked: str, channels: int, decisions: list[Decision]) -> Colour:
    """White, unless some pictures vanish on it and fewer on black or grey."""
    if asked != "auto":
        return colour_named(asked)
    if not seen.transparent:
        return BACKGROUNDS["white"]
    best = min(BACKGROUNDS, key=lambda name: (round(seen.lost[name], 2), list(BACKGROUNDS).index(name)))
    if channels == 4:
        return BACKGROUNDS[best]
    why = f"{seen.transparent:,} of {seen.num:,} looked at have transparent pixels"
    if best != "white":
        why += f"; on white {seen.lost['white']:.0%} would vanish"
    decisions.append(Decision(f"{best} behind transparent pixels", why, "--background, or --channels 4 keeps them"))
    return BACKGROUNDS[best]


# Depth


def scale_given(text: str) -> Scale:
    """`LOW:HIGH` as two numbers. Raises `ConfigError`."""
    low, _, high = text.partition(":")
    try:
        found = float(low), float(high)
    except ValueError as error:
        raise ConfigError(
            f"--value-range cannot be {text!r}", found=text, todo="use LOW:HIGH, such as 0:4095"
        ) from error
    if not found[0] < found[1] or not all(abs(value) < float("inf") for value in found):
        raise ConfigError(f"--value-range cannot be {text!r}", found=text, todo="LOW must be less than HIGH")
    return found


def _scale(values: Values | None, asked: str, decisions: list[Decision]) -> Scale | None:
    if asked != "auto":
        return scale_given(asked)
    if values is None:
        return None
    low, high = scale_of(values)
    kind = "floats" if values.floats else "integers"
    why = f"{values.num_images:,} images of {kind} from {values.low:g} to {values.high:g}, one scale for all"
    if values.holes:
        why += f"; {values.holes:,} values are no numbers and become black"
    decisions.append(Decision(f"{low:g} becomes black, {high:g} white", why, "--value-range LOW:HIGH"))
    return low, high


def scale_of(values: Values) -> Scale:
    """What becomes black and white of pixels that range from `low` to `high` over the whole set.

    Floats in [0, 1], [-1, 1] and [0, 255] and integers of a full number of bits keep their meaning where they fill
    enough of it; anything else is stretched, from 0 where the values begin near it.
    """
    low, high = values.low, values.high
    slack = 1e-3  # what arithmetic in half precision may add
    if values.floats:
        if low >= -slack and 0.2 < high <= 1 + slack:
            return 0.0, 1.0
        if -1 - slack <= low < -slack and high <= 1 + slack and max(-low, high) > 0.5:
            return -1.0, 1.0
        if low >= -slack and 100 < high <= 255 + slack:
            return 0.0, 255.0
    elif low >= 0:
        full = float(2 ** int(high).bit_length() - 1)
        high = full if high >= 0.97 * full else high
        if 128 <= high <= 255:
            high = 255.0
    if low > high / 2 or low < 0:
        return (low, high) if high > low else (low, low + max(1.0, 1e-6 * abs(low)))
    return 0.0, high if high > 0 else 1.0
