"""Tracking services are told the same numbers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ganscope.page.report import write_report
from ganscope.runs.run import Run
from ganscope.trackers.bridge import Bridge


def told(run: Run, name: str) -> None:
    said: list[str] = []
    bridge = Bridge(run, [name], said.append)
    bridge.update()
    bridge.update()  # nothing is told twice
    bridge.finish(write_report(run))
    assert not said


def test_tensorboard(run: Run) -> None:
    pytest.importorskip("tensorboard", reason="reads back what TensorBoard's writer wrote: pip install ganscope[test]")
    told(run, "tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(run.path / "tensorboard"), size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    found.Reload()
    losses = found.Scalars("g_loss")
    assert [event.step for event in losses] == [line["images_seen"] for line in run.history()]
    assert losses[-1].value == pytest.approx(run.history()[-1]["g_loss"], rel=1e-5)
    assert [event.step for event in found.Images("images")] == run.samples()
    (text,) = found.Tensors("findings/missing_modes/text_summary")
    assert b"never comes out" in text.tensor_proto.string_val[0]


def test_mlflow(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow", reason="reads back what MLflow wrote: pip install ganscope[test]")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())
    told(run, "mlflow")
    client = mlflow.MlflowClient()
    (written,) = client.search_runs([client.get_experiment_by_name("ganscope").experiment_id])
    losses = client.get_metric_history(written.info.run_id, "g_loss")
    assert [metric.step for metric in losses] == [line["images_seen"] for line in run.history()]
    assert "warning since" in written.data.tags["ganscope.missing_modes"]
    kept = {artifact.path for artifact in client.list_artifacts(written.info.run_id, "ganscope")}
    assert {"ganscope/report.html", "ganscope/images", "ganscope/findings"} <= kept


def test_wandb(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="reads back what wandb wrote: pip install ganscope[test]")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    told(run, "wandb")
    files = [path for path in run.path.rglob("*") if path.is_file() and "offline-run" in str(path)]
    assert any(path.suffix == ".wandb" for path in files)
    assert sum(path.suffix == ".png" for path in files) == len(run.samples())
    (page,) = [path for path in files if path.suffix == ".html"]
    assert "ganscope" in page.read_text()
    (log,) = [path for path in files if path.suffix == ".wandb"]
    end = time.monotonic() + 60
    while not (b"missing_modes" in log.read_bytes() and b"ganscope/g_loss" in log.read_bytes()):
        assert time.monotonic() < end, "wandb's own process writes the log, and never wrote it"
        time.sleep(0.05)
