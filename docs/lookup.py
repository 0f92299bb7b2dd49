"""The reference pages, from the code itself: commands, settings, findings, metrics, file formats."""

from __future__ import annotations

import argparse
import dataclasses
import html
import inspect
import os
import re
from collections.abc import Iterable
from pathlib import Path

from gallery import RUNS, findings_of

from ganscope.cli import build_parser
from ganscope.commands import COMMANDS
from ganscope.config import PRESET_DOCS, PRESETS, Config, field_types
from ganscope.diagnosis import RULES
from ganscope.metrics import METRICS
from ganscope.runs import Run

# A metric → its formula, in words and symbols, and what it cannot see. x real, y fake; f their features; d a distance.
FORMULAS: dict[str, tuple[str, str]] = {
    "frechet": ("|μx − μy|² + tr(Σx + Σy − 2 (Σx Σy)^½), μ and Σ the mean and covariance of f",
                "only means and covariances: two unlike clouds can agree in both; a copier wins it; falls with more images"),
    "kernel": ("mean k(x, x′) + mean k(y, y′) − 2 mean k(x, y), k(a, b) = (a·b/D + 1)³, equal pairs left out",
               "may be slightly negative at 0; blind to what three moments do not hold"),
    "precision": ("share of y with d(y, x) ≤ r₃(x) for any x; r₃(x) is the distance of x to its 3rd nearest real",
                  "one good picture drawn forever scores 1"),
    "recall": ("share of x with d(x, y) ≤ r₃(y) for any y", "scattered garbage has large balls, which hold many reals"),
    "density": ("mean number of balls r₅(x) that y lies in, over 5", "can exceed 1 where fakes crowd the densest reals"),
    "coverage": ("share of x with d(x, y) ≤ r₅(x) for any y", "one fake is enough to cover a real image"),
    "class_kl": ("Σ q log(q / p), q the class shares of the fakes, p of the data", "trusts the classifier that counts"),
    "modes": ("number of classes with at least one fake", "one fake in a thousand counts as much as a hundred"),
    "diversity": ("mean d(y, y′) / mean d(x, x′)", "noise is diverse"),
    "duplicate_rate": ("share of y whose nearest other fake is nearer than 99 % of reals are to theirs",
                       "depends on how many are drawn; value and floor use the same number"),
    "memorisation": ("share of y with d₁/d₅ below the 1 % quantile of held-out reals; dₖ to the kth nearest training image",
                     "does not see copies that are shifted, mirrored or recoloured"),
    "memorisation_z": ("rank-sum statistic of d₁/d₅ of fakes and of held-out reals, as a z score",
                       "accuses no single picture"),
    "confidence": ("mean of the largest class probability", "a classifier can be sure of nonsense"),
    "rough": ("share of y with more fine detail than 99 % of held-out reals", "says nothing of where the detail is"),
    "smooth": ("share of y with less fine detail than 99 % of held-out reals", "flat images of flat data are right"),
    "sliced": (
        "mean over directions of the distance between the sorted projections of both clouds",
        "needs no covariance, and sees no more than a line shows",
    ),
    "structure": ("the Fréchet distance, in features of edges and shapes", "blind to colour and to classes"),
    "moved_copies": (
        "as memorisation, against the training images mirrored, shifted by a pixel or recoloured",
        "sees these changes and no others",
    ),
    "tstr": ("accuracy on held-out reals of a classifier trained on y alone", "labels given by a classifier are distillation"),
}  # fmt: skip


def commands() -> str:
    """Every command with its help as the program prints it."""
    os.environ["COLUMNS"] = "100"
    parser = build_parser(["train", "--help-all"])
    (chosen,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    parts = [
        "# Commands\n\nFrom the program itself: `ganscope COMMAND --help` prints the same.\n\n"
        "Exit status: 0 done, 2 a mistake that you can mend (one message, no traceback), 3 a finding that `--fail-on` "
        "names, 130 interrupted.\n"
    ]
    for name in COMMANDS:
        parts.append(f"## ganscope {name}\n\n```text\n{chosen.choices[name].format_help().rstrip()}\n```\n")
    return "\n".join(parts)


def settings() -> str:
    """Every setting with its default, its type and what the presets change."""
    kinds = field_types()
    rows = []
    for field in dataclasses.fields(Config):
        names = [kind.__name__ for kind in kinds[field.name] if kind is not type(None)]
        about = cell(field.metadata["doc"])
        hidden = field.metadata.get("internal") or ()
        if choices := field.metadata.get("choices"):
            about += " — one of " + ", ".join(f"`{choice}`" for choice in choices if choice not in hidden)
        rows.append(f"| `{field.name}` | {' or '.join(names)} | {shown(field.default)} | {about} |")
    text = (
        "# Settings\n\nOne option of `ganscope train` each (`g_lr` is `--g-lr`; `start` is `--from`) and one keyword "
        "of `ganscope.train`. All are stored in the run's `config.json`, which is enough to repeat it.\n\n"
        "| setting | type | default | meaning |\n|---|---|---|---|\n" + "\n".join(rows)
    )
    presets = [
        f"| `{name}` | {cell(PRESET_DOCS.get(name, ''))} | "
        + ", ".join(f"`{key}` {shown(value)}" for key, value in PRESETS[name].items())
        + " |"
        for name in PRESETS
    ]
    return text + "\n\n## Presets\n\n| preset | what | changes |\n|---|---|---|\n" + "\n".join(presets) + "\n"


def findings(runs: dict[str, Run]) -> str:
    """Every finding with its rule, the advice of a run that has it, and that run's page and picture."""
    parts = [
        "# Findings\n\nEach is a rule over the measured series, with thresholds calibrated on runs that were made to "
        "fail and tested on others ([benchmarks](../why/benchmarks.md)). A finding is about the newest snapshots: one "
        "that has passed goes away. The pictures are samples of runs of the [gallery](../gallery.md).\n"
    ]
    for name, rule in RULES.items():
        about = inspect.getdoc(rule) or ""
        parts.append(f"## {name}\n\n{about}\n")
        found = next(
            (
                (key, finding)
                for key, run in runs.items()
                for finding in (run.evals()[-1].get("findings", []) if run.evals() else [])
                if finding["id"] == name and (name in RUNS[key].findings or not RUNS[key].findings)
            ),
            None,
        ) or next(
            ((key, one) for key, run in runs.items() if run.evals() for one in run.evals()[-1]["findings"] if one["id"] == name),
            None,
        )  # fmt: skip
        if found is None:
            parts.append("No run of the gallery has it.\n")
            continue
        key, finding = found
        parts.append(f"**{finding['severity']}**: {html.escape(finding['sentence'])}\n")
        if finding["advice"]:
            parts.append("What to try, in this order: " + "; ".join(f"`{one}`" for one in finding["advice"]) + ".\n")
        numbers = ", ".join(f"{what} {value:.3g}" for what, value in list(finding["evidence"].items())[:6])
        parts.append(f"Evidence in [this run](../runs/{key}.html): {numbers}.\n")
        parts.append(f"![Samples of the run {key}](../runs/{key}.png)\n")
    parts.append(
        "## passed\n\nWhat an earlier snapshot was warned of and the newest is not: said once, so that it can be looked up.\n"
    )
    return "\n".join(parts)


def metrics(protocol: str) -> str:
    """The table from the code, then the protocol page as it is."""
    rows = []
    for name, about in METRICS.items():
        formula, limit = FORMULAS.get(name, ("see below", ""))
        if name not in FORMULAS:
            print(f"docs: the metric {name} has no formula in docs/lookup.py")
        rows.append(
            f"| `{name}` | {about.title} | {cell(formula)} | {about.better}, ideal {about.ideal} | {cell(limit)} |"
        )
    head = "| name | title | formula | better | what it cannot see |\n|---|---|---|---|---|\n"
    title, _, rest = protocol.partition("\n")
    return (
        f"{title}\n\nEvery metric, in features f of the data's own unless said otherwise:\n\n{head}"
        + "\n".join(rows)
        + "\n"
        + rest
    )


def files(architecture: str) -> str:
    """The file formats: the section of docs/architecture.md, and those of exports."""
    start = architecture.index("## The run directory")
    end = architecture.find("\n## ", start + 5)
    section = architecture[start : end if end > 0 else None]
    return (
        "# File formats\n\nA run is a directory. Everything in it is JSON, one JSON object a line, NumPy arrays, images, or "
        "tensors that load with `weights_only=True`. A file is absent or whole: it is written under a temporary name "
        f"first.\n\n{section}\n\n"
        "## An exported folder\n\n"
        "| file | what |\n|---|---|\n"
        "| `config.json` | `format` (`ganscope-export-1`), `written_by`, `layers`, `latent`, `latent_dim`, `shape`, `range`, "
        "`run`, `images_seen`, `verdict`, and `training`, all settings of the run |\n"
        "| `model.safetensors` | the weights of `layers`, named by their place: `0.weight`, `2.bias`, … |\n"
        "| `start.safetensors` | `g.…` and `d.…`: both networks as a training needs them |\n"
        "| `model.onnx` | input `latents` `(N, Z) float32`, output `images` `(N, C, H, W) uint8` |\n"
        "| `README.md`, `samples.png` | the card and a sheet of samples |\n\n"
        "A layer is `[kind, parts, arguments]`. The kinds are those of `torch.nn`, and `Sum` and `Cat`, which add or join "
        "what their parts make of the same input.\n"
    )


def gallery(runs: dict[str, Run]) -> str:
    """The gallery: each run with its sentence, its verdict, its command, its pictures and its page."""
    parts = [
        "# Gallery\n\nRuns made by `docs/gallery.py`, the failures on purpose. Open a page to move through its time.\n"
    ]
    for name, run in runs.items():
        about = RUNS[name]
        command = about.command.replace("{rare}", "rare.npz").replace("{few}", "few.npz")
        verdict = run.verdict()
        parts.append(
            f"## {about.title}\n\n{about.sentence}\n\n```\nganscope train {command}\n```\n\n"
            + (f"Verdict: {html.escape(verdict)}\n\n" if verdict else "")
            + f"[Open the page](runs/{name}.html)\n\n"
            + f"[![{about.title}](runs/{name}.png)](runs/{name}.html)\n"
        )
        if found := findings_of(run):
            parts.append("Findings: " + ", ".join(f"[{one}](lookup/findings.md#{one})" for one in found) + "\n")
    return "\n".join(parts)


def shown(value: object) -> str:
    return "–" if value is None else f"`{value}`" if value != "" else "none"


def cell(words: str) -> str:
    """Text for a cell of a table."""
    return re.sub(r"([|*_])", r"\\\1", html.escape(words, quote=False)).replace("\n", " ")


def plain(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip()


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
