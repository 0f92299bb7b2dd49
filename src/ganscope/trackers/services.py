"""The trackers, one class each with the same five methods. Each package is imported when its class is made."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ganscope.errors import DependencyError
from ganscope.runs import Run


class Tracker(Protocol):
    """What a bridge needs; `step` is images seen."""

    def scalars(self, values: Mapping[str, float], step: int) -> None: ...
    def image(self, name: str, path: Path, step: int) -> None: ...
    def finding(self, finding: Mapping[str, Any], step: int) -> None: ...
    def page(self, path: Path) -> None: ...
    def close(self) -> None: ...


LEVELS = {"failure": "ERROR", "warning": "WARN", "info": "INFO"}  # of alerts


def text_of(finding: Mapping[str, Any]) -> str:
    """A finding in a few lines."""
    advice = "".join(f"\n- {line}" for line in finding.get("advice", ()))
    return f"{finding['sentence']}\n\nSince {finding['first']:,} images.{advice and ' What to try:'}{advice}"


class TensorBoard:
    """Event files in `tensorboard/` in the run."""

    def __init__(self, run: Run) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer: Any = SummaryWriter(str(run.path / "tensorboard"))

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)

    def image(self, name: str, path: Path, step: int) -> None:
        from PIL import Image

        with Image.open(path) as image:
            self.writer.add_image(name, np.asarray(image.convert("RGB")), step, dataformats="HWC")

    def finding(self, finding: Mapping[str, Any], step: int) -> None:
        self.writer.add_text(f"findings/{finding['id']}", f"**{finding['severity']}** {text_of(finding)}", step)

    def page(self, path: Path) -> None:
        self.writer.add_text("page", f"The page of this run: {path.resolve()}")

    def close(self) -> None:
        self.writer.close()


class Wandb:
    """The program's own run of Weights & Biases where it has one, else a new one in the project `ganscope`."""

    def __init__(self, run: Run) -> None:
        import wandb

        self.module: Any = wandb
        self.own = wandb.run is None
        self.run: Any = wandb.run or wandb.init(
            project="ganscope", name=run.path.name, dir=str(run.path), config=run.settings().to_dict()
        )
        self.run.define_metric("images_seen")
        self.run.define_metric("ganscope/*", step_metric="images_seen")

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self.run.log({**{f"ganscope/{name}": value for name, value in values.items()}, "images_seen": step})

    def image(self, name: str, path: Path, step: int) -> None:
        self.run.log({f"ganscope/{name}": self.module.Image(str(path)), "images_seen": step})

    def finding(self, finding: Mapping[str, Any], step: int) -> None:
        level = self.module.AlertLevel[LEVELS.get(str(finding["severity"]), "INFO")]
        self.run.alert(title=f"ganscope: {finding['id']}", text=text_of(finding), level=level)
        self.run.summary[f"ganscope/finding/{finding['id']}"] = str(finding["sentence"])

    def page(self, path: Path) -> None:
        self.run.log({"ganscope/page": self.module.Html(path.read_text(encoding="utf-8"), inject=False)})

    def close(self) -> None:
        if self.own:
            self.run.finish()


class MLflow:
    """The program's active run of MLflow, else a new one in the experiment `ganscope`."""

    def __init__(self, run: Run) -> None:
        import mlflow

        self.module: Any = mlflow
        self.own = mlflow.active_run() is None
        if self.own:
            mlflow.set_experiment("ganscope")
            mlflow.start_run(run_name=run.path.name)
            mlflow.log_params({name: str(value)[:250] for name, value in run.settings().to_dict().items()})

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self.module.log_metrics(dict(values), step=step)

    def image(self, name: str, path: Path, step: int) -> None:
        self.module.log_artifact(str(path), f"ganscope/{name}")

    def finding(self, finding: Mapping[str, Any], step: int) -> None:
        self.module.log_text(text_of(finding), f"ganscope/findings/{finding['id']}.md")
        self.module.set_tag(f"ganscope.{finding['id']}", f"{finding['severity']} since {finding['first']:,} images")

    def page(self, path: Path) -> None:
        self.module.log_artifact(str(path), "ganscope")

    def close(self) -> None:
        if self.own:
            self.module.end_run()


class Trackio:
    """A run of trackio in the project `ganscope`."""

    def __init__(self, run: Run) -> None:
        import trackio

        self.module: Any = trackio
        trackio.init(project="ganscope", name=run.path.name, config=run.settings().to_dict())

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self.module.log({**values, "images_seen": step})

    def image(self, name: str, path: Path, step: int) -> None:
        self.module.log({name: self.module.Image(str(path)), "images_seen": step})

    def finding(self, finding: Mapping[str, Any], step: int) -> None:
        level = getattr(self.module.AlertLevel, LEVELS.get(str(finding["severity"]), "INFO"))
        self.module.alert(title=f"ganscope: {finding['id']}", text=text_of(finding), level=level)

    def page(self, path: Path) -> None:
        with contextlib.suppress(AttributeError):  # older versions show no HTML
            self.module.log({"page": self.module.Html(str(path))})

    def close(self) -> None:
        self.module.finish()


TRACKERS: dict[str, Callable[[Run], Tracker]] = {
    "tensorboard": TensorBoard,
    "wandb": Wandb,
    "mlflow": MLflow,
    "trackio": Trackio,
}


def start(name: str, run: Run) -> Tracker:
    """The tracker of that name, at work on a run.

    Raises:
        DependencyError: its package is not installed.
    """
    try:
        return TRACKERS[name](run)
    except ImportError as error:
        todo = f'pip install "ganscope[{name}]"'
        raise DependencyError(f"--log-to {name} needs its package", found=str(error), todo=todo) from error
