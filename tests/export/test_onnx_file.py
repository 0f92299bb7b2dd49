"""The ONNX file makes the run's images under onnxruntime at any batch, and is not kept when it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import ganscope
from ganscope.cli import main
from ganscope.errors import RunError
from ganscope.export import onnx_file
from ganscope.export.taken import require_same, take
from ganscope.runs import Run


@pytest.mark.parametrize("name", ["run_path", "toy_path"])
def test_onnxruntime_makes_the_samples_of_the_run(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    run: Path = request.getfixturevalue(name)
    path = tmp_path / "g.onnx"
    assert main(["export", str(run), "--onnx", str(path)]) == 0
    loaded = ganscope.load_generator(run)
    session = onnxruntime.InferenceSession(path)
    for count in (1, 3, 64):
        (made,) = session.run(None, {"latents": loaded.latents(count).numpy()})
        require_same(loaded.sample(count), made, f"batch {count}")
    model = onnx.load(path)
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert (model.producer_name, model.producer_version) == ("ganscope", ganscope.__version__)
    assert facts["images_seen"] == str(loaded.images_seen) and facts["written_by"] == f"ganscope {ganscope.__version__}"
    assert b"site-packages" not in path.read_bytes(), "no trace of the machine that exported it"
    assert not model.functions and not {"BatchNormalization"} & {node.op_type for node in model.graph.node}, (
        "folded into the weights"
    )


def test_a_file_that_makes_other_images_is_not_kept(
    run_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: a converter that loses the weights' signs."""
    honest = onnx_file._convert

    def wrong(taken: onnx_file.Taken, path: Path) -> None:
        honest(taken, path)
        model = onnx.load(path)
        for tensor in model.graph.initializer:
            if len(tensor.dims) > 1 and tensor.data_type == onnx.TensorProto.FLOAT:
                tensor.CopyFrom(onnx.numpy_helper.from_array(np.abs(onnx.numpy_helper.to_array(tensor)), tensor.name))
        onnx.save(model, path)

    monkeypatch.setattr(onnx_file, "_convert", wrong)
    with pytest.raises(RunError, match="the ONNX file at batch 1"):
        onnx_file.write_onnx(take(Run.open(run_path)), tmp_path / "g.onnx")
    assert not list(tmp_path.iterdir())


def test_a_frozen_batch_is_found(run_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: what the exporter did to others, a batch of one that no other fits."""

    def frozen(taken: onnx_file.Taken, path: Path) -> None:
        sampler = onnx_file.Sampler(taken.net, taken.makes_points).eval()
        with onnx_file._quiet():
            torch.onnx.export(
                sampler, (torch.zeros(1, taken.config.latent_dim),), path, dynamo=True, input_names=["latents"],
                output_names=["images"], opset_version=onnx_file.OPSET, external_data=False,
            )  # fmt: skip

    monkeypatch.setattr(onnx_file, "_convert", frozen)
    with pytest.raises(RunError, match="the ONNX file at batch 7"):
        onnx_file.write_onnx(take(Run.open(run_path)), tmp_path / "g.onnx")
    assert not list(tmp_path.iterdir())
