"""The lines with which anybody samples an exported generator: plain PyTorch, or onnxruntime. Tests run them."""

from __future__ import annotations

from typing import Any

IMPORTS = """\
import json, torch
from safetensors.torch import load_file
from torch import nn
"""
BUILD = """\
def build(kind, parts, given):
    return {namespace}(*(build(*part) for part in parts), **given)

config = json.load(open("config.json"))
g = build(*config["layers"])
g.load_state_dict(load_file("model.safetensors"))
with torch.no_grad():
"""
CONTAINERS = {
    "Sum": "class Sum(nn.Sequential): forward = lambda self, x: sum(part(x) for part in self)\n",
    "Cat": "class Cat(nn.Sequential): forward = lambda self, x: torch.cat([part(x) for part in self], 1)\n",
}


def pytorch_lines(description: dict[str, Any]) -> str:
    """A program of about twelve lines that samples the folder it stands in, without ganscope."""
    used = [line for kind, line in CONTAINERS.items() if has_kind(description["layers"], kind)]
    own = ", ".join(f'"{kind}": {kind}' for kind in CONTAINERS if has_kind(description["layers"], kind))
    build = BUILD.format(namespace=f"(vars(nn) | {{{own}}})[kind]" if used else "getattr(nn, kind)")
    z = latents_of(description, 'torch.{}(16, config["latent_dim"])', normal="randn", uniform="rand")
    z = with_classes(description, z, 16, "torch")
    if description["range"] == "points":
        return (
            IMPORTS + "".join(used) + "\n" + build + f"    points = g({z})  # (16, {description['shape'][0]}) float32\n"
        )
    channels, height, width = description["shape"]
    return (
        f"{IMPORTS}{''.join(used)}\n{build}    x = g({z})\n"
        f"images = ((x + 1) * 127.5).round().clamp(0, 255).byte()  # (16, {channels}, {height}, {width}), 0 to 255\n"
    )


def onnx_lines(description: dict[str, Any]) -> str:
    """A program that samples `model.onnx` beside it with onnxruntime and numpy alone, and writes a picture."""
    z = latents_of(description, "random.{}((64, {latent_dim}))", normal="standard_normal", uniform="random")
    z = with_classes(description, z.replace("{latent_dim}", str(description["latent_dim"])), 64, "numpy")
    head = (
        "import numpy as np\nimport onnxruntime\n\n"
        'session = onnxruntime.InferenceSession("model.onnx")\nrandom = np.random.default_rng(0)\n'
        f"z = ({z}).astype(np.float32)\n"
    )
    if description["range"] == "points":
        return head + '(points,) = session.run(None, {"latents": z})  # (64, d) float32\n'
    return head + '(images,) = session.run(None, {"latents": z})  # (64, C, H, W) uint8\n'


def latents_of(description: dict[str, Any], call: str, *, normal: str, uniform: str) -> str:
    """The expression that draws latents of the run's distribution: N(0, 1), or uniform on [-1, 1]."""
    if description["latent"] == "uniform":
        return call.replace("{}", uniform) + " * 2 - 1"
    return call.replace("{}", normal)


def with_classes(description: dict[str, Any], z: str, count: int, package: str) -> str:
    """The expression of what goes in: of a conditional generator the class as one-hot behind z, each class in turn."""
    classes = len(description.get("class_names", []))
    if not classes:
        return z
    if package == "torch":
        return f"torch.cat([{z}, torch.eye({classes})[torch.arange({count}) % {classes}]], 1)"
    return f"np.concatenate([{z}, np.eye({classes})[np.arange({count}) % {classes}]], 1)"


def has_kind(layer: list[Any], kind: str) -> bool:
    return bool(layer[0] == kind or any(has_kind(part, kind) for part in layer[1]))
