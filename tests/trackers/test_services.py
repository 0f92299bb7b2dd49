"""Tracking services are told the same numbers."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from ganscope.page.report import write_report
from ganscope.runs.run import Run
from ganscope.trackers.bridge import Bridge


def told(run: Run, name: str) -> None:
    """A bridge made in one thread and used in another, as `ganscope watch` does; nothing is told twice."""
    said: list[str] = []
    bridge = Bridge(run, [name], said.append)
    worker = threading.Thread(target=lambda: (bridge.update(), bridge.update()))
    worker.start()
    worker.join()
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
    assert mlflow.active_run() is None
    client = mlflow.MlflowClient()
    (written,) = client.search_runs([client.get_experiment_by_name("ganscope").experiment_id])
    losses = client.get_metric_history(written.info.run_id, "g_loss")
    assert [metric.step for metric in losses] == [line["images_seen"] for line in run.history()]
    assert "warning since" in written.data.tags["ganscope.missing_modes"]
    kept = {artifact.path for artifact in client.list_artifacts(written.info.run_id, "ganscope")}
    assert {"ganscope/report.html", "ganscope/images", "ganscope/findings"} <= kept
    assert written.info.status == "FINISHED"
    # A run of the program's own is joined, and goes on.
    mine = client.create_run(client.create_experiment("mine"))
    with mlflow.start_run(run_id=mine.info.run_id):
        told(run, "mlflow")
        assert mlflow.active_run().info.run_id == mine.info.run_id
    assert "g_loss" in client.get_run(mine.info.run_id).data.metrics


@pytest.mark.slow  # trackio wants an older Pillow than the other tests have: .ci/run gives it a place of its own
def test_trackio(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))  # read when it is imported
    trackio = pytest.importorskip("trackio", reason="reads back what trackio wrote: pip install ganscope[trackio]")
    told(run, "trackio")
    mine = trackio.init(project="mine", name="my run", auto_log_cpu=False, auto_log_gpu=False)
    trackio.log({"own": 1.0})
    told(run, "trackio")
    trackio.log({"own": 2.0})
    assert trackio.context_vars.current_run.get() is mine
    trackio.finish()

    def read(project: str, table: str) -> list[sqlite3.Row]:
        database = sqlite3.connect(tmp_path / "trackio" / f"{project}.db")
        database.row_factory = sqlite3.Row
        return database.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()

    rows = [(row["step"], json.loads(row["metrics"])) for row in read("ganscope", "metrics")]
    losses = [(step, line["g_loss"]) for step, line in rows if "g_loss" in line]
    assert losses == [(line["images_seen"], line["g_loss"]) for line in run.history()]
    pictures = [(step, line["images"]) for step, line in rows if "images" in line]
    assert [step for step, _ in pictures] == run.samples()
    media = tmp_path / "trackio" / "media"
    assert all((media / picture["file_path"]).is_file() for _, picture in pictures)
    (page,) = [line["page"] for _, line in rows if "page" in line]
    assert "ganscope" in (media / page["file_path"]).read_text()
    alert = next(row for row in read("ganscope", "alerts") if "missing_modes" in row["title"])
    assert "never comes out" in alert["text"] and alert["step"] in run.samples()
    joined = [json.loads(row["metrics"]) for row in read("mine", "metrics")]
    assert [line["own"] for line in joined if "own" in line] == [1.0, 2.0]
    assert [line["ganscope/g_loss"] for line in joined if "ganscope/g_loss" in line] == [loss for _, loss in losses]


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
