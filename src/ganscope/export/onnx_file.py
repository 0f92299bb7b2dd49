"""A generator as one ONNX file: latents in, uint8 images out, any batch; kept where onnxruntime agrees with PyTorch."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ganscope.errors import RunError, require_package
from ganscope.export.card import public_name
from ganscope.export.taken import Taken, as_samples, inputs_of, require_same
from ganscope.files import atomic
from ganscope.version import VERSION

CHECKED_BATCHES = (1, 7)  # the exporter has frozen batch sizes before (pytorch#148886): two sizes tell
OPSET = 18


class Sampler(nn.Module):
    """Latents `(N, Z) float32` → images `(N, C, H, W) uint8`; points of a toy stay `(N, d) float32`."""

    def __init__(self, net: nn.Module, makes_points: bool) -> None:
        super().__init__()
        self.net, self.makes_points = net, makes_points

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.net(latents)
        if self.makes_points:
            return made
        return made.add(1.0).mul(127.5).round().clamp(0.0, 255.0).to(torch.uint8)


def write_onnx(taken: Taken, path: Path) -> str:
    """Write the file; returns how far onnxruntime's images are from PyTorch's, in words.

    Raises:
        DependencyError: the extra `export` is not installed.
        RunError: the images differ by more than `taken` allows, or the file cannot be written; then there is none.
    """
    onnx = require_package("onnx", "ONNX export", "export")
    require_package("onnxscript", "ONNX export", "export")
    runtime = require_package("onnxruntime", "ONNX export", "export")
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "generator.onnx"
        _convert(taken, draft)
        model = onnx.load(draft)
    forget_origins(model)
    model.producer_name, model.producer_version = "ganscope", VERSION
    model.doc_string = f"The generator of {taken.run.path.name} at {taken.images_seen:,} images seen."
    onnx.helper.set_model_props(model, facts(taken))
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    found = compare(taken, content, runtime)
    with atomic(path) as file:
        file.write(content)
    return found


def forget_origins(model: Any) -> None:
    """Drop what the exporter notes of its own work: stack traces, with the paths of this machine."""
    for part in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        del part.metadata_props[:]
        part.doc_string = ""


def facts(taken: Taken) -> dict[str, str]:
    """What the file says of itself: names to texts, as ONNX has them."""
    return {
        "written_by": f"ganscope {VERSION}",
        "run": taken.run.path.name,
        "images_seen": str(taken.images_seen),
        "data": public_name(taken.config.data),
        "preset": taken.config.preset,
        "latents": f"{taken.config.latent}, {taken.config.latent_dim} numbers" + classes_after(taken),
        "shape": json.dumps(list(taken.shape)),
    }


def classes_after(taken: Taken) -> str:
    """What follows the numbers of a latent in the file's input."""
    count = taken.config.num_classes
    return f", then the class as one-hot, {count} numbers" if count else ""


def decoded(taken: Taken, rows: torch.Tensor) -> np.ndarray:
    """What the run's own generator makes of the inputs of the plain layers."""
    z = rows[:, : taken.config.latent_dim]
    return taken.original.decode(z, rows[:, z.shape[1] :].argmax(dim=1) if taken.config.num_classes else None)


def _convert(taken: Taken, path: Path) -> None:
    example = torch.zeros(2, taken.config.latent_dim + taken.config.num_classes)
    with _quiet():
        torch.onnx.export(
            Sampler(taken.net, taken.makes_points).eval(),
            (example,),
            path,
            dynamo=True,  # said aloud: torch before 2.9 would take the old path
            input_names=["latents"],
            output_names=["points" if taken.makes_points else "images"],
            dynamic_shapes={"latents": {0: torch.export.Dim("batch", min=1)}},
            opset_version=OPSET,
            external_data=False,
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter prints its progress, logs what is of no use here, and warns of its own insides."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def compare(taken: Taken, content: bytes, runtime: Any) -> str:
    """Hold onnxruntime's samples against the run's own, at both batch sizes. Raises RunError when they differ."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = min(2, os.cpu_count() or 1)
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    words = []
    for count in CHECKED_BATCHES:
        z = inputs_of(taken.original, count, position=1)
        try:
            (made,) = session.run(None, {"latents": z.numpy()})
        except Exception as error:  # the runtime's own kinds
            raise RunError(
                f"the ONNX file at batch {count} cannot be run",
                found=str(error).split("\n")[0][:300],
                todo="this is a fault of ganscope: please report it with the output of `ganscope doctor`",
            ) from error
        with torch.no_grad():
            same = as_samples(taken.net(z))
        require_same(same, np.asarray(made), f"the ONNX file at batch {count}")
        words.append(require_same(decoded(taken, z), np.asarray(made), f"the ONNX file at batch {count}"))
    return f"onnxruntime {runtime.__version__} against PyTorch, " + "; ".join(
        f"batch {count}: {word}" for count, word in zip(CHECKED_BATCHES, words, strict=True)
    )
