"""Files that are other versions of the images: masks and label pictures, and the same pictures in other sizes.

Names in, the names that stay out; nothing is opened. `left_out` is filled with the reason of each that goes.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath
from statistics import median

from ganscope.data.archive import printable
from ganscope.data.decision import Decision
from ganscope.data.parts import words_of

_IMAGE_FOLDERS = {"images", "image", "imgs", "img", "jpegimages", "pictures", "photos", "input", "inputs", "raw"}
_MASK_FOLDERS = {
    "masks", "mask", "labels", "label", "annotations", "annotation", "segmentation", "segmentations", "seg", "gt",
    "groundtruth", "ground_truth", "trimaps", "segmentationclass", "segmentationobject", "labelids", "targets",
}  # fmt: skip
# Words inside longer names, such as `train_images` beside `train_masks`, or `leftImg8bit` beside `gtFine`.
_IMAGE_WORDS = _IMAGE_FOLDERS | {"rgb", "color", "colour", "frames", "scans"}
_MASK_WORDS = (_MASK_FOLDERS | {"truth", "depth", "depths", "normals", "matte", "mattes", "annot"}) - {"targets"}
_MASK_ENDINGS = (
    "_mask", "-mask", "_masks", "_seg", "_segmentation", "_label", "_labels", "_gt", "_labelids", "_depth", "_l",
)  # fmt: skip
_IMAGE_ENDINGS = ("", "_input", "_image", "_img", "_rgb", "_jpg", "_sat", "_orig", "_original", "_color", "_photo")
_SIZE = re.compile(r"(?:\D*?)(\d{1,4})(?:\s*[x×]\s*(\d{1,4}))?(?:\s*px)?(?:@[2-4]x?)?\D{0,6}", re.IGNORECASE)
_SIZED_NAME = re.compile(
    r"(?P<base>.+?)(?P<mark>[_\-. ]?\d{2,4}x\d{2,4}(?:px)?|[_\-]\d{2,4}px|@[2-4]x"
    r"|[_\-.](?:thumb(?:nail)?|small|medium|large|orig(?:inal)?|preview))",
    re.IGNORECASE,
)
_THUMBS = {"thumb", "thumbs", "thumbnail", "thumbnails", "preview", "previews", ".thumbnails", "lowres", "low_res"}
_MOST = 0.8  # of the pictures must occur in both, to be the same pictures
_MANY = 0.5  # of the pictures of each size must occur in another, where the folders' names state the sizes


def folders_of(name: str) -> tuple[str, ...]:
    """The folders of a name, outermost first."""
    return tuple(part for part in name.replace("\\", "/").split("/")[:-1] if part not in ("", "."))


def stem_of(name: str) -> str:
    return PurePosixPath(name).stem.lower()


def image_folder(folder: str) -> bool:
    """Whether a folder says no more than that there are images in it."""
    return folder.lower() in _IMAGE_FOLDERS


def without_masks(names: Sequence[str], left_out: dict[str, str], decisions: list[Decision]) -> list[str]:
    """The names without masks: in a folder of that name beside one of images, or an image's own name with `_mask`."""
    beside = defaultdict(set)  # folder → the names of the folders in it
    stems = defaultdict(set)
    for name in names:
        folders = folders_of(name)
        for depth, folder in enumerate(folders):
            beside[folders[:depth]].add(folder)
        stems[folders].add(stem_of(name).replace(".", "_"))
    mask_folders = {inside: _mask_folders(siblings) for inside, siblings in beside.items()}
    masks = []
    for name in names:
        folders = folders_of(name)
        in_folder = any(folder in mask_folders[folders[:depth]] for depth, folder in enumerate(folders))
        stem = stem_of(name).replace(".", "_")
        own = any(
            stem.endswith(end) and any(stem.removesuffix(end) + image in stems[folders] for image in _IMAGE_ENDINGS)
            for end in _MASK_ENDINGS
        )
        if in_folder or own:
            masks.append(name)
    if not masks or len(masks) == len(names):
        return list(names)
    left_out |= dict.fromkeys(masks, "a mask or label picture")
    all_masks = {folder for found in mask_folders.values() for folder in found}
    where = ", ".join(sorted({_top_mask(name, all_masks) for name in masks})[:3])
    decisions.append(Decision(f"{len(masks):,} masks left out", f"{where} beside the images", "--only '*' keeps them"))
    gone = set(masks)
    return [name for name in names if name not in gone]


def _mask_folders(siblings: set[str]) -> set[str]:
    """Those of some sibling folders that hold masks: there must be one of images beside them."""
    words = {folder: {folder.lower(), *words_of(folder)} for folder in siblings}
    masks = {folder for folder in siblings if words[folder] & _MASK_WORDS or folder.lower() in _MASK_FOLDERS}
    images = {folder for folder in siblings - masks if words[folder] & _IMAGE_WORDS}
    return masks if images else set()


def _top_mask(name: str, folders: set[str]) -> str:
    folder = next((folder for folder in folders_of(name) if folder in folders), None)
    if folder:
        return f"{printable(folder)}/"
    stem = stem_of(name).replace(".", "_")
    return "*" + next(end for end in _MASK_ENDINGS if stem.endswith(end))


# The same picture in several sizes

Sizes = dict[str, tuple[int, int]]


def one_size_each(names: list[str], sizes: Sizes, left_out: dict[str, str], decisions: list[Decision]) -> list[str]:
    """The names without the same pictures at other sizes: thumbnails, folders `32/`, `72/`, `128/`, `a@2x.png`.

    Taken is the smallest whose short side is 64 pixels or more, else the largest; never the thumbnails.
    """
    names = _without_thumbnails(names, sizes, left_out, decisions)
    for variants in (*_by_folder(names), _by_name(names)):
        below = {mark: set(inside) for mark, inside in variants.items()}
        files = {mark: list(inside.values()) for mark, inside in variants.items()}
        if chosen := _same_pictures(below, files, sizes):
            gone = {name for mark, inside in files.items() if mark != chosen for name in inside}
            left_out |= dict.fromkeys(gone, f"another size of the pictures in {printable(chosen)}")
            others = ", ".join(printable(mark) for mark in sorted(variants) if mark != chosen)
            decisions.append(
                Decision(
                    f"only {printable(chosen)} used, {len(gone):,} files of {others} left out",
                    "the same pictures in several sizes",
                    "--only PATTERN chooses, --only '*' keeps all",
                )
            )
            return [name for name in names if name not in gone]
    return names


Variants = dict[str, dict[str, str]]  # what marks the size → {what the picture is called: the file}


def _by_folder(names: list[str]) -> list[Variants]:
    """Sibling folders named like sizes, for each folder that holds some."""
    groups: dict[tuple[int, tuple[str, ...]], Variants] = {}
    everywhere: Variants = {}  # where every folder has its own sizes in it: apps/32, places/32, …
    for name in names:
        folders = folders_of(name)
        sized = [depth for depth, folder in enumerate(folders) if _SIZE.fullmatch(folder)]
        steps = name.replace("\\", "/").split("/")
        for depth in sized:
            inside = groups.setdefault((depth, folders[:depth]), {}).setdefault(f"{folders[depth]}/", {})
            inside["/".join(steps[depth + 1 :])] = name
        if sized:
            depth = sized[-1]
            everywhere.setdefault(f"{folders[depth]}/", {})["/".join(steps[:depth] + steps[depth + 1 :])] = name
    return [everywhere, *(groups[key] for key in sorted(groups))]


def _by_name(names: list[str]) -> Variants:
    """Files whose names end in a size, such as `a_64x64.png`, `a@2x.png` beside `a.png`."""
    found: Variants = {}
    plain: dict[str, str] = {}
    for name in names:
        path = PurePosixPath(name.replace("\\", "/"))
        sized = _SIZED_NAME.fullmatch(path.stem)
        if sized:
            base = str(path.with_name(sized["base"])).lower()
            found.setdefault(f"*{sized['mark'].lower()}", {})[base] = name
        else:
            plain[str(path.with_suffix("")).lower()] = name
    if not found or len(found) > 20:
        return {}
    return {**found, "* without a mark": plain} if plain else found


def _same_pictures(below: dict[str, set[str]], files: dict[str, list[str]], sizes: Sizes) -> str | None:
    """The mark to take when all hold the same pictures at different sizes, each its own; else None."""
    if len(below) < 2:
        return None
    common = set.intersection(*below.values())
    sides: dict[str, float] = {}
    for mark, inside in files.items():
        known = [min(sizes[name]) for name in inside if name in sizes]
        sides[mark] = median(known) if known else 0
    if 0 in sides.values() or len(set(sides.values())) < len(sides):
        return None
    if len(common) < _MOST * max(map(len, below.values())) and not _as_stated(below, sides):
        return None
    enough = sorted((side, mark) for mark, side in sides.items() if side >= 64)
    return enough[0][1] if enough else max(sides, key=lambda mark: sides[mark])


def _as_stated(below: dict[str, set[str]], sides: dict[str, float]) -> bool:
    """Whether every mark is the side of its pictures, as in a theme of icons, and many of them are in another size."""
    known = Counter(name for inside in below.values() for name in inside)
    for mark, inside in below.items():
        numbers = re.findall(r"\d+", mark)
        stated = int(numbers[0]) * (int(numbers[-1]) if "@" in mark else 1) if numbers else 0
        if not 0.9 * stated <= sides[mark] <= 1.1 * stated:
            return False
        if sum(known[name] > 1 for name in inside) < _MANY * len(inside):
            return False
    return True


def _without_thumbnails(
    names: list[str], sizes: Sizes, left_out: dict[str, str], decisions: list[Decision]
) -> list[str]:
    """The names without those in folders of thumbnails, where the same pictures lie outside of them, and larger."""
    thumbs = [name for name in names if any(folder.lower() in _THUMBS for folder in folders_of(name))]
    if not thumbs or len(thumbs) == len(names):
        return names
    gone = set(thumbs)
    large = {stem_of(name): name for name in names if name not in gone}
    pairs = [(name, large[_unmarked(name)]) for name in thumbs if _unmarked(name) in large]
    smaller = sum(min(sizes.get(small, (0, 0))) < min(sizes.get(other, (1, 1))) for small, other in pairs)
    if smaller < _MOST * len(thumbs):
        return names
    left_out |= dict.fromkeys(thumbs, "a thumbnail of another image")
    text = f"{len(thumbs):,} thumbnails left out"
    decisions.append(Decision(text, "the same pictures lie beside them, larger", "--only '*' keeps them"))
    return [name for name in names if name not in gone]


def _unmarked(name: str) -> str:
    stem = stem_of(name)
    found = _SIZED_NAME.fullmatch(stem)
    return found["base"] if found else stem.removeprefix("thumb_")
