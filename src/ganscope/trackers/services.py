"""The trackers, one class each with the same five methods. Each package is imported when its class is made."""

from __future__ import annotations

import contextlib
import sys
import time
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
    """The program's active run of MLflow, else a new one in the experiment `ganscope`.

    Through a client and the run's id: what is active is a matter of each thread, and the program's own.
    """

    def __init__(self, run: Run) -> None:
        import mlflow

        self.client: Any = mlflow.MlflowClient()
        active = mlflow.active_run()
        self.own = active is None
        if active is not None:
            self.id = str(active.info.run_id)
            return
        known = self.client.get_experiment_by_name("ganscope")
        experiment = known.experiment_id if known is not None else self.client.create_experiment("ganscope")
        self.id = str(self.client.create_run(experiment, run_name=run.path.name).info.run_id)
        for name, value in run.settings().to_dict().items():
            self.client.log_param(self.id, name, str(value)[:250])

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = round(1000 * time.time())
        self.client.log_batch(self.id, metrics=[Metric(name, value, now, step) for name, value in values.items()])

    def image(self, name: str, path: Path, step: int) -> None:
        self.client.log_artifact(self.id, str(path), f"ganscope/{name}")

    def finding(self, finding: Mapping[str, Any], step: int) -> None:
        self.client.log_text(self.id, text_of(finding), f"ganscope/findings/{finding['id']}.md")
        told = f"{finding['severity']} since {finding['first']:,} images"
        self.client.set_tag(self.id, f"ganscope.{finding['id']}", told)

    def page(self, path: Path) -> None:
        self.client.log_artifact(self.id, str(path), "ganscope")

    def close(self) -> None:
        if self.own:
            self.client.set_terminated(self.id)


class Trackio:
    """The program's active run of trackio, else a new one in the project `ganscope`.

    The run is held, not looked up: trackio's current run belongs to the thread that began it, and `init` ends the one
    before. In a run of its own images seen are the steps; in the program's they stand beside the numbers.
    """

    def __init__(self, run: Run) -> None:
        import trackio
        from trackio import context_vars

        self.module: Any = trackio
        active = context_vars.current_run.get()
        self.own = active is None
        if active is None:
            with self._aside():
                active = trackio.init(project="ganscope", name=run.path.name, config=run.settings().to_dict())
            context_vars.current_run.set(None)  # so that an `init` of the program's does not end this one
        self.run: Any = active

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self._log({**values, "images_seen": step}, step)

    def image(self, name: str, path: Path, step: int) -> None:
        self._log({name: self.module.Image(str(path))}, step)

    def finding(self, finding: Mapping[str, Any], step: int) -> None:
        level = getattr(self.module.AlertLevel, LEVELS.get(str(finding["severity"]), "INFO"))
        where = {"step": step} if self.own else {}
        with self._aside():
            self.run.alert(title=f"ganscope: {finding['id']}", text=text_of(finding), level=level, **where)

    def page(self, path: Path) -> None:
        if hasattr(self.module, "Html"):  # older versions show no HTML
            self._log({"page": self.module.Html(str(path), inject=False)}, None)

    def close(self) -> None:
        if self.own:
            with self._aside():
                self.run.finish()

    def _log(self, values: Mapping[str, Any], step: int | None) -> None:
        if self.own:
            self.run.log(dict(values), step=step)
        else:
            self.run.log({f"ganscope/{name}": value for name, value in values.items()})

    @staticmethod
    def _aside() -> contextlib.AbstractContextManager[Any]:
        """What trackio prints goes beside the program's own output."""
        return contextlib.redirect_stdout(sys.stderr)


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
