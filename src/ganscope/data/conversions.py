"""What to do with files that hold pictures in a form that is not read."""

from __future__ import annotations

# Files beside or in the place of images → what to do with them.
_CONVERT = {
    **dict.fromkeys((".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf"), "raw photos: darktable-cli FILE OUT.jpg"),
    **dict.fromkeys((".svg", ".eps", ".ai", ".pdf"), "drawings: draw them as PNG (rsvg-convert, inkscape, pdftoppm)"),
    **dict.fromkeys((".psd", ".xcf", ".kra"), "layered pictures: save them as PNG"),
    **dict.fromkeys((".jxl",), "JPEG XL: djxl FILE OUT.png"),
    **dict.fromkeys((".exr", ".hdr"), "high dynamic range: save them as TIFF or .npy"),
    **dict.fromkeys((".dds", ".ktx", ".ktx2"), "textures: convert them to PNG"),
    **dict.fromkeys((".7z", ".rar", ".zst", ".zip", ".tar", ".tgz"), "archives: unpack them, and give the folder"),
    **dict.fromkeys((".mp4", ".mov", ".avi", ".mkv", ".webm"), "videos: they are read where no image lies beside them"),
    **dict.fromkeys((".tfrecord", ".tfrecords", ".beton", ".rec"), "records: write the images into files"),
    **dict.fromkeys((".pt", ".pth", ".pkl", ".safetensors"), "tensors: save the images as .npz"),
    **dict.fromkeys((".nii", ".mha", ".nrrd"), "volumes: save their slices as images or as .npy"),
}  # fmt: skip


def conversion(others: dict[str, int]) -> str:
    """What to do with files that hold pictures but are not read, `` where there are none such. `others`: by suffix."""
    found = {suffix: count for suffix, count in others.items() if suffix in _CONVERT}
    if not found:
        return ""
    most = max(found, key=lambda suffix: found[suffix])
    return f"{found[most]:,} {most} are {_CONVERT[most]}"
