"""What a sweep found: its trials, the best first, what mattered, and the winner's command."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

from ganscope.metrics import METRICS
from ganscope.sweeps.space import as_text, command_line
from ganscope.sweeps.study import counted, optuna


@dataclass(frozen=True)
class SweepResult:
    """What a sweep found.

    Attributes:
        name, storage: what `ganscope sweep --join` takes.
        by: the metrics that rank; of several the first chooses each run's best snapshot.
        trials: one mapping each, the best first: number, state, value (the mean over its runs of the first metric at
            their best snapshots), means (of every metric), spread (of the first, over the seeds), front (whether no
            other trial is better in all metrics), settings, runs.
        importance: the share of each setting in what the first metric differs by.
        command: that trains the best settings.
    """

    name: str
    storage: str
    by: tuple[str, ...]
    trials: list[dict[str, Any]]
    importance: dict[str, float]
    command: str

    @property
    def best(self) -> dict[str, Any] | None:
        """The finished trial that is first by the first metric, None where none was finished."""
        return next((trial for trial in self.trials if trial["state"] == "complete"), None)

    def table(self, most: int = 10) -> str:
        """The best trials, what mattered, and the command to copy."""
        several = len(self.by) > 1
        titles = "  ".join(f"{METRICS[name].title[:9]:>9}" for name in self.by)
        lines = [f"{'trial':>5}  {titles}  {'spread':>8}  settings"]
        done = [trial for trial in self.trials if trial["state"] == "complete"]
        # Of several metrics those that none beats in all are the answer: they are all shown.
        shown_trials = [trial for trial in done if trial["front"]] if several else []
        shown_trials += [trial for trial in done if trial not in shown_trials][: max(0, most - len(shown_trials))]
        for trial in shown_trials:
            means = "  ".join(f"{trial['means'][name]:9.4g}" for name in self.by)
            spread = f"{trial['spread']:8.3g}" if trial["spread"] is not None else f"{'-':>8}"
            settings = " ".join(f"{name}={shown(value)}" for name, value in trial["settings"].items())
            mark = " *" if several and trial["front"] else ""
            lines.append(f"{trial['number']:>5}  {means}  {spread}  {settings}{mark}")
        if several:
            lines.append("* no other trial is better in all of them")
        counts = {
            state: sum(trial["state"] == state for trial in self.trials) for state in ("pruned", "fail", "running")
        }
        lines.append(f"{len(done)} finished" + "".join(f", {n} {state}" for state, n in counts.items() if n))
        if self.importance:
            shares = ", ".join(f"{name} {share:.0%}" for name, share in self.importance.items())
            lines.append(f"what mattered: {shares}")
        if self.best:
            lines.append(f"the best again: {self.command}")
        return "\n".join(lines)


def shown(value: Any) -> str:
    """A setting as a table shows it."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def result_of(study: Any, storage: str) -> SweepResult:
    """What the study holds."""
    facts = study.user_attrs["sweep"]
    by = tuple(facts["by"])
    found = [
        {
            "number": trial.number,
            "state": trial.state.name.lower(),
            "value": trial.values[0] if trial.values else None,
            "means": dict(zip(by, trial.values, strict=True)) if trial.values and len(trial.values) == len(by) else {},
            "spread": trial.user_attrs.get("spread"),
            "values": trial.user_attrs.get("values", []),
            "front": False,
            "settings": {name: _as_told(value) for name, value in trial.params.items()},
            "runs": trial.user_attrs.get("runs", []),
        }
        for trial in counted(study)
    ]
    sign = -1.0 if METRICS[by[0]].better == "higher" else 1.0
    found.sort(key=lambda trial: (trial["state"] != "complete", sign * (trial["value"] or 0.0), trial["number"]))
    complete = [trial for trial in found if trial["state"] == "complete"]
    for trial in complete:
        trial["front"] = not any(_beats(other["means"], trial["means"]) for other in complete)
    command = ""
    if complete:
        command = as_text(command_line(facts["data"], {**facts["settings"], **complete[0]["settings"]}))
    return SweepResult(study.study_name, storage, by, found, _importance(study, complete, by[0]), command)


def _as_told(value: Any) -> Any:
    """A setting as the trial was trained with: rounded to what a command line shows."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _beats(one: dict[str, float], other: dict[str, float]) -> bool:
    """Whether one trial's means are nowhere worse than the other's and somewhere better."""
    losses = [
        (-one[name], -other[name]) if METRICS[name].better == "higher" else (one[name], other[name]) for name in one
    ]
    return all(a <= b for a, b in losses) and any(a < b for a, b in losses)


def _importance(study: Any, complete: list[dict[str, Any]], first: str) -> dict[str, float]:
    """The share of each setting in what the trials' values differ by, most important first; none from a few trials."""
    if len(complete) < 4:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            shares = optuna().importance.get_param_importances(study, target=lambda trial: trial.values[0])
        except (ValueError, RuntimeError):  # all trials alike
            return {}
    return {name: float(share) for name, share in shares.items()}
