"""The card of an exported generator: what it is, how it was made and measured, how to use it. Filled from the run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from ganscope.config import PRESET_DOCS
from ganscope.errors import RunError
from ganscope.export.recipes import onnx_lines, pytorch_lines
from ganscope.metrics import METRICS
from ganscope.runs import Run, read_json
from ganscope.version import VERSION

UNSTATED = "unknown"  # what the Hub calls a licence that nobody has stated
COPIES = ("memorisation", "memorisation_z", "duplicate_rate")


def model_card(run: Run, description: dict[str, Any], *, license: str | None, files: Iterable[str] = ()) -> str:
    """The `README.md` of a Hub folder. `files`: the names beside it, which decide what it speaks of."""
    names = set(files)
    line = line_of(run, description["images_seen"])
    parts = [
        front_matter(
            license=license or UNSTATED,
            library_name="pytorch",
            pipeline_tag="unconditional-image-generation",
            tags=["gan", "ganscope", "pytorch_model_hub_mixin", "model_hub_mixin"],
        ),
        f"# {description['run']}\n\n{summary(run, description)}\n",
        "![Generated samples](samples.png)\n" if "samples.png" in names else "",
        usage(description, "model.onnx" in names),
        data_section(run),
        training_section(description),
        quality_section(line, evaluation_of(run, description["images_seen"])),
        findings_section(line),
        copies_section(line),
        limits_section(run),
        license_section(license),
        f"---\nWritten by ganscope {VERSION} from the run's own record.\n",
    ]
    return "\n".join(part for part in parts if part)


def space_card(run: Run, *, title: str, license: str | None) -> str:
    """The `README.md` of a static Space: its front matter, and a sentence for those who read the repository."""
    front = front_matter(
        title=title,
        emoji="🔭",
        colorFrom="gray",
        colorTo="blue",
        sdk="static",
        app_file="index.html",
        pinned=False,
        license=license or UNSTATED,
    )
    about = "The page of a GAN's training: its images on a map, its curves and its measurements under one time slider."
    verdict = f"\n\nVerdict of the run: {run.verdict()}." if run.verdict() else ""
    return f"{front}\n# {title}\n\n{about}{verdict}\n\nWritten by ganscope {VERSION}.\n"


def front_matter(**values: Any) -> str:
    """YAML between two rules; JSON texts and lists are YAML as they are."""
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    return "---\n" + "\n".join(lines) + "\n---\n"


def line_of(run: Run, images_seen: int) -> dict[str, Any]:
    """The measurements of the snapshot, empty where nothing was measured."""
    return next((line for line in run.evals() if line.get("images_seen") == images_seen), {})


def evaluation_of(run: Run, images_seen: int) -> dict[str, Any]:
    """What `ganscope evaluate` measured of the snapshot, empty where it did not."""
    found = read_json(run.product(f"evaluation-{images_seen:09d}.json"))
    return found if isinstance(found, dict) else {}


def summary(run: Run, description: dict[str, Any]) -> str:
    facts = dataset_facts(run)
    made = " × ".join(str(side) for side in description["shape"])
    what = f"points of {made} numbers" if description["range"] == "points" else f"images of {made} (C × H × W)"
    verdict = run.verdict()
    return (
        f"A generator that makes {what} from {description['latent_dim']} {description['latent']} numbers, trained on "
        f"{code(str(facts.get('name', description['training']['data'])))}."
        + (f" What the training's own measurements say of it: **{text(verdict)}**." if verdict else "")
    )


def usage(description: dict[str, Any], has_onnx: bool) -> str:
    parts = [
        "## Use\n\nIn plain PyTorch, in this folder (`pip install torch safetensors`):\n",
        f"```python\n{pytorch_lines(description)}```\n",
    ]
    if has_onnx:
        parts.append(
            "With onnxruntime alone; the file makes uint8 images and takes any batch:\n\n"
            f"```python\n{onnx_lines(description)}```\n"
        )
    parts.append(
        "With ganscope, which makes the very images of the run for the same seed:\n\n"
        '```python\nimport ganscope\n\nimages = ganscope.load_generator(".").sample(16, seed=0)\n```\n\n'
        "`start.safetensors` holds the generator and the discriminator as a training needs them: "
        "`ganscope train photos/ --from .` starts from them."
    )
    return "\n".join(parts) + "\n"


def dataset_facts(run: Run) -> dict[str, Any]:
    try:
        facts = dict(run.environment().get("dataset", {}))
        return facts | {"name": public_name(str(facts["name"]))} if facts.get("name") else facts
    except RunError:
        return {}


def data_section(run: Run) -> str:
    facts = dataset_facts(run)
    if not facts:
        return "## Data\n\nThe run has no record of its data.\n"
    classes = [str(name) for name in facts.get("classes", [])]
    shape = " × ".join(str(side) for side in facts.get("shape", []))
    lines = [
        f"- {facts.get('num_train', 0):,} training images, {facts.get('num_test', 0):,} held out and never trained on",
        f"- {shape} (C × H × W), content {code(str(facts.get('content_hash', '')))}",
        f"- classes: {', '.join(text(name) for name in classes[:20])}{' …' if len(classes) > 20 else ''}"
        if classes
        else "- no labels",
    ]
    if facts.get("num_skipped"):
        lines.append(f"- {facts['num_skipped']:,} files could not be read and were left out")
    return f"## Data\n\n{code(str(facts.get('name', '')))}\n\n" + "\n".join(lines) + "\n"


def training_section(description: dict[str, Any]) -> str:
    trained = description["training"]
    preset = trained["preset"]
    lines = [
        f"- preset {code(preset)}: {PRESET_DOCS.get(preset, '')}",
        f"- this snapshot: {description['images_seen']:,} images seen, of {trained['epochs']:g} planned epochs",
        f"- seed {trained['seed']}; every setting is in `config.json`, under `training`",
    ]
    if trained.get("ema_half_life"):
        lines.append("- the weights are a moving average over the training, batch norm's statistics its own")
    return "## Training\n\n" + "\n".join(lines) + "\n"


def quality_section(line: dict[str, Any], evaluation: dict[str, Any]) -> str:
    measured = evaluation or line
    metrics = measured.get("metrics", {})
    if not metrics:
        return "## Quality\n\nNothing was measured in this run.\n"
    rows = [
        f"| {METRICS[name].title} | {number(one['value'])} | {number(one.get('stderr'))} | {number(one.get('floor'))} "
        f"| {one['better']} | {one['num_real']:,} / {one['num_fake']:,} | {one['features']} {one['version']} |"
        for name, one in metrics.items()
        if name in METRICS and one.get("value") is not None
    ]
    source = "`ganscope evaluate`" if evaluation else "the training's own measurement of this snapshot"
    return (
        f"## Quality\n\nBy {source}. The floor is the same number for held-out real images in the place of the fakes: "
        "nothing should be better. Distances are in features of the data's own, and no FID.\n\n"
        "| metric | value | ± | floor | better | reals / fakes | features |\n|---|--:|--:|--:|---|--:|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def findings_section(line: dict[str, Any]) -> str:
    if not line:
        return ""
    findings = [f"- **{one['id']}** ({one['severity']}): {text(one['sentence'])}" for one in line.get("findings", [])]
    return "## Findings\n\n" + ("\n".join(findings) if findings else "No rule of the diagnosis found a fault.") + "\n"


def copies_section(line: dict[str, Any]) -> str:
    rows = []
    for name in COPIES:
        one = line.get("metrics", {}).get(name)
        if one and one.get("value") is not None:
            meaning = METRICS[name].meaning
            rows.append(f"- {METRICS[name].title}: {number(one['value'])} (floor {number(one['floor'])}; {meaning})")
    if not rows:
        return "## Copies of training images\n\nNot measured.\n"
    return "## Copies of training images\n\n" + "\n".join(rows) + "\n"


def limits_section(run: Run) -> str:
    facts = dataset_facts(run)
    return (
        "## Limits\n\n"
        f"It knows nothing but its {facts.get('num_train', 0):,} training images: their gaps and their faults are its "
        "own. Do not present its images as photographs or records of anything real. Where the data show people, "
        "generated images may resemble some of them: see the section on copies.\n"
    )


def license_section(license: str | None) -> str:
    if license:
        return f"## Licence\n\nThe weights: {code(license)}. The training images have licences of their own.\n"
    return (
        "## Licence\n\nWhoever exported these weights stated none (`ganscope export --license`), so nothing is granted "
        "beyond what the law does. The training images have licences of their own.\n"
    )


def number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def text(words: str) -> str:
    """Text of the data or the user as text: no markup, no table cell, no second line."""
    return re.sub(r"([\\`*_{}\[\]<>|#!~])", r"\\\1", " ".join(words.split()))


def code(words: str) -> str:
    """A name in code font, whatever is in it."""
    return "`" + " ".join(words.split()).replace("`", "'") + "`"


def public(value: Any) -> Any:
    """A record with every path reduced to its name: what is given away says nothing of the disk that it comes from."""
    if isinstance(value, dict):
        return {name: public(one) for name, one in value.items()}
    if isinstance(value, list):
        return [public(one) for one in value]
    if not isinstance(value, str):
        return value
    option, equals, word = value.rpartition("=") if value.startswith("--") else ("", "", value)
    looks = word.startswith(("~", "./", "../", ".\\", "..\\"))
    if looks or PurePosixPath(word).is_absolute() or PureWindowsPath(word).is_absolute():
        return f"{option}{equals}{PureWindowsPath(word).name or word}"
    return value


def public_name(data: str) -> str:
    """The last part of a path: a card names the data, not the disk of whoever trained on it."""
    return Path(data).name or data
