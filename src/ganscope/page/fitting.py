"""What of a very long run goes into one file, so that it can still be sent and opened.

Up to `USUAL` snapshots nothing is left out. Beyond, where the file would be larger than `MOST_BYTES`, ordinary
snapshots keep the pictures of fewer latents, and if that is not enough only some of them, evenly, go in. The first, the
last and the best snapshot, the key moments and where a finding of today began stay whole, and so do the curves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ganscope.page import contents
from ganscope.runs import EvalLine, Run

MOST_BYTES = 20_000_000  # of a page: what mail and chats take, and a browser opens at once
USUAL = 100  # snapshots that always go in
FEWER = 128  # pictures of an ordinary snapshot: as many as the grid shows, so that it does not change while it plays
TRIED, MARGIN = 16, 0.02  # snapshots by which the size of all is judged; the share of the file that it may be off by
BASE64 = 4 / 3


@dataclass(frozen=True)
class Shown:
    """The snapshots of a page: `images_seen` → how its pictures are kept; `word` tells the reader what is left out."""

    pictures: dict[int, contents.Pictures]
    word: str = ""


def fitted(run: Run, seen: Sequence[int], pictures: contents.Pictures, others: int) -> Shown:
    """Which of the snapshots `seen` go into a file that already holds `others` bytes, and with how many pictures."""
    whole = Shown(dict.fromkeys(seen, pictures))
    if len(seen) <= USUAL or pictures.quality is None:  # who asks for images without loss wants all of them
        return whole
    marked = _marked(run, seen)
    ordinary = [one for one in seen if one not in marked]
    fewer = dataclasses.replace(pictures, count=min(FEWER, pictures.count))
    tried = [ordinary[i] for i in _evenly(len(ordinary), TRIED)]
    full, less = (_size(run, tried, how) for how in (pictures, fewer))
    room = MOST_BYTES * (1 - MARGIN) - others - full * len(marked)
    if full * len(ordinary) <= room:
        return whole
    count = len(ordinary) if less * len(ordinary) <= room else max(USUAL - len(marked), int(room / less))
    kept = {ordinary[i] for i in _evenly(len(ordinary), count)}
    chosen = {one: pictures if one in marked else fewer for one in seen if one in marked or one in kept}
    return Shown(chosen, _word(len(seen), len(chosen), fewer.count if fewer.count < pictures.count else 0))


def _marked(run: Run, seen: Sequence[int]) -> set[int]:
    """The snapshots that the page itself points at."""
    lines = run.read(EvalLine)
    wanted = {seen[0], seen[-1], run.best()}
    wanted |= {moment[key] for moment in contents.story(run) for key in ("images_seen", "before")}
    wanted |= {finding.first for finding in (lines[-1].findings if lines else ())}
    return {one for one in seen if one in wanted}


def _evenly(count: int, chosen: int) -> list[int]:
    """`chosen` of `count` indices at equal distances, or all."""
    return np.unique(np.linspace(0, count - 1, min(chosen, count)).round().astype(int)).tolist() if count else []


def _size(run: Run, tried: Sequence[int], pictures: contents.Pictures) -> float:
    """Bytes of a snapshot in the file, on average; with room for its element."""
    sizes = [len(contents.snapshot(run, one, pictures)) for one in tried]
    return BASE64 * float(np.mean(sizes or [0])) + 100


def _word(snapshots: int, kept: int, count: int) -> str:
    """What the page says of it."""
    some = f"{kept:,} of the run's {snapshots:,} snapshots" if kept < snapshots else f"all {snapshots:,} snapshots"
    few = f", most with the pictures of {count} latents" if count else ""
    curves = "; the curves have them all" if kept < snapshots else ""
    most = f"{MOST_BYTES / 1e6:.0f} MB"
    told = f"To stay below {most} this file has {some}{few}{curves}."
    return f"{told} ganscope view shows everything, as does --profile full."
