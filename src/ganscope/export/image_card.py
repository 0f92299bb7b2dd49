"""The card of an exported data set: what it is, how it was made and judged, what not to use it for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ganscope.export.card import (
    code,
    copies_section,
    data_section,
    evaluation_of,
    findings_section,
    front_matter,
    line_of,
    number,
    quality_section,
    text,
)
from ganscope.export.layouts import SOURCE_TYPE
from ganscope.runs import Run
from ganscope.version import VERSION

MEANT = {
    "copies": "nearer to one training image, beside the fifth nearest, than 99 % of training images are to any other",
    "strangers": "farther from every known training image than 99 % of training images are",
    "mistaken": "recognised as another class than was asked for",
}


UNFIT = """## What not to use it for

To measure a model: test on real images, and train on these alone or beside real ones. As evidence of anything real. In
place of rare cases: what the training images lack, these lack too. Where the data show people, generated images may
resemble some of them: see the section on copies.
"""


def image_card(
    run: Run, request: Mapping[str, Any], state: Mapping[str, Any], names: Sequence[str], *,
    thresholds: Mapping[str, float], license: str | None,
) -> str:  # fmt: skip
    """The `README.md` beside the images, filled from the run and from what the export counted."""
    line, evaluation = line_of(run, request["images_seen"]), evaluation_of(run, request["images_seen"])
    told = run.config().num_classes > 0
    count = sum(state["kept"])
    parts = [
        front_matter(license=license or "unknown", tags=["synthetic", "gan", "ganscope"]),
        f"# {count:,} generated images\n\nMade by the generator of {code(request['run'])} at "
        f"{request['images_seen']:,} images seen. **No image here is real.** Every PNG says so in its XMP packet "
        f"(`DigitalSourceType` {SOURCE_TYPE}).\n",
        f"## Labels\n\n{labels_sentence(told, names, request)}\n",
        counts_section(request, state, names, thresholds),
        data_section(run),
        quality_section(line, evaluation),
        classes_section(line, names),
        worth_section(evaluation),
        findings_section(line),
        copies_section(line),
        UNFIT,
        f"## Licence\n\nOf these images: {code(license) if license else 'none was stated (`--license`)'}. The training "
        "images have a licence of their own, which the run does not record.\n",
        f"---\nWritten by ganscope {VERSION} from the run's own record.\n",
    ]
    return "\n".join(part for part in parts if part)


def labels_sentence(told: bool, names: Sequence[str], request: Mapping[str, Any]) -> str:
    if told:
        return "The class that the generator was asked for (`class_asked`); beside it what a classifier takes it for."
    if names and not request["bare"]:
        return (
            "The generator knows no classes: a classifier trained on the real images gave these labels. To train on "
            "them is distillation of that classifier; even noise so labelled teaches something (71 % of the digits)."
        )
    return "None: the generator knows no classes, and no classifier looked at the images."


def counts_section(
    request: Mapping[str, Any], state: Mapping[str, Any], names: Sequence[str], thresholds: Mapping[str, float]
) -> str:
    lines = [f"- {state['drawn']:,} images drawn, {sum(state['kept']):,} kept, seed {request['seed']}"]
    lines += [
        f"- left out by `--drop-{name}`: {left:,} ({MEANT[name]}"
        + (f"; threshold {thresholds[name]:.4g}, from training images alone)" if name in thresholds else ")")
        for name, left in state["dropped"].items()
    ]
    if not state["dropped"]:
        lines.append("- no filter: copies, images like no real one and images of another class may be among them")
    if state["surplus"]:
        lines.append(f"- left out because their class was full: {state['surplus']:,}")
    if len(state["kept"]) > 1:
        each = ", ".join(f"{text(name)} {kept:,}" for name, kept in zip(names, state["kept"], strict=True))
        lines.append(f"- of each class: {each}")
    return "## Protocol\n\n" + "\n".join(lines) + "\n"


def classes_section(line: Mapping[str, Any], names: Sequence[str]) -> str:
    told = line.get("per_class")
    if not told or len(told.get("frechet", [])) != len(names):
        return ""
    rows = [
        f"| {text(name)} | "
        + " | ".join(number(told[part][k]) for part in ("frechet", "frechet_floor", "diversity", "diversity_floor"))
        + f" | {told['num_compared'][k]:,} |"
        for k, name in enumerate(names)
    ]
    obeys = ""
    if told.get("accuracy") is not None:
        obeys = (
            f"{100 * told['accuracy']:.1f} % look like the class that was asked for; of held-out real images "
            f"{100 * (told.get('floor') or 0):.1f} % are recognised.\n\n"
        )
    return (
        f"## By class\n\n{obeys}| class | Fréchet | floor | diversity | floor | images |\n|---|--:|--:|--:|--:|--:|\n"
        + "\n".join(rows)
        + "\n"
    )


def worth_section(evaluation: Mapping[str, Any]) -> str:
    worth = (evaluation.get("metrics") or {}).get("tstr")
    if not worth:
        return "## Worth as training data\n\nNot measured: `ganscope evaluate RUN --tstr`.\n"
    return (
        f"## Worth as training data\n\nA classifier trained on generated images alone is right on "
        f"{100 * worth['value']:.1f} % of held-out real images; trained on as many real ones, on "
        f"{100 * worth['floor']:.1f} %.\n"
    )
