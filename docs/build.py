"""Build the documentation site: train what it shows, fill the pages in, make the reference, and let MkDocs write it.

    python docs/build.py [--site site] [--work build/docs-work]

The runs are kept in the work folder and trained only once; delete it to train them again.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))

import gallery  # noqa: E402
import lookup  # noqa: E402
from PIL import Image  # noqa: E402

from ganscope.launch import write_page  # noqa: E402
from ganscope.runs import Run  # noqa: E402

PAGES = ("index.md", "style.css", "learn", "do")
COPIED = {
    "log.md": "why/log.md",
    "benchmarks.md": "why/benchmarks.md",
    "architecture.md": "why/architecture.md",
    "release.md": "why/release.md",
    "glossary.md": "lookup/glossary.md",
    "data.md": "lookup/data.md",
    "presets.md": "lookup/presets.md",
    "watch.md": "do/watch.md",
    "scaling.md": "do/scaling.md",
    "../examples": "examples",
    "../CHANGELOG.md": "changelog.md",
    "decisions": "why/decisions",
    "why": "why",
    "images": "images",
}
COPIED_SUFFIXES = {".md", ".css", ".py", ".png", ".webp", ".svg", ".gif", ".jpg"}
FRAME = (
    '<iframe src="{path}" title="The page of this run" loading="lazy" '
    'style="width:100%;height:640px;border:1px solid #8886"></iframe>\n\n[Open the page by itself]({path}).'
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", type=Path, default=ROOT / "site")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "docs-work")
    arguments = parser.parse_args()
    work: Path = arguments.work.resolve()
    runs = gallery.train(work / "runs")
    pages = work / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    copy_pages(pages)
    show_runs(runs, pages / "runs")
    write_reference(runs, pages)
    fill_in(pages, snippets(runs["healthy"], work))
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-f", str(ROOT / "mkdocs.yml")]
    config = json.dumps(
        {"INHERIT": str(ROOT / "mkdocs.yml"), "docs_dir": str(pages), "site_dir": str(arguments.site.resolve())}
    )
    (work / "mkdocs.yml").write_text(config, encoding="utf-8")
    command[-1] = str(work / "mkdocs.yml")
    if subprocess.run(command, check=False).returncode:
        sys.exit("mkdocs found a fault: see above")
    size = sum(path.stat().st_size for path in arguments.site.rglob("*") if path.is_file())
    print(f"{arguments.site}: {len(list(arguments.site.rglob('*.html')))} pages, {size / 1e6:.1f} MB")


def copy_pages(pages: Path) -> None:
    """What is written by hand, in the places of the site; a link that held in the repository holds there too."""
    places: dict[Path, Path] = {}
    for name in (*PAGES, *COPIED):
        source, target = (HERE / name).resolve(), pages / COPIED.get(name, name)
        files = sorted(source.rglob("*")) if source.is_dir() else [source]
        places |= {file: target / file.relative_to(source) for file in files if file.suffix in COPIED_SUFFIXES}
    for source, target in places.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            target.write_text(relinked(source, target, places), encoding="utf-8")
        else:
            shutil.copy(source, target)


def relinked(source: Path, target: Path, places: dict[Path, Path]) -> str:
    """The text of a page with its links to other files turned to where those lie on the site."""

    def turned(match: re.Match[str]) -> str:
        aim = places.get((source.parent / match[1]).resolve())
        return f"]({os.path.relpath(aim, target.parent)}{match[2]})" if aim else match[0]

    return re.sub(r"\]\(([^)#:\s]+)((?:#[^)\s]*)?)\)", turned, source.read_text(encoding="utf-8"))


def show_runs(runs: dict[str, Run], folder: Path) -> None:
    """Each run's page and a sheet of its last samples (of a toy: its curves)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, run in runs.items():
        write_page([run], folder / f"{name}.html", **({} if run.has_points else {"profile": "small"}))
        if run.has_points:
            shutil.copy(run.product("curves.png"), folder / f"{name}.png")
            continue
        with Image.open(run.sample_path(run.samples()[-1])) as sheet:
            scale = max(1, 640 // sheet.width)
            sheet.resize((sheet.width * scale, sheet.height * scale), Image.Resampling.NEAREST).save(
                folder / f"{name}.png"
            )


def write_reference(runs: dict[str, Run], pages: Path) -> None:
    made = {
        "lookup/commands.md": lookup.commands(),
        "lookup/settings.md": lookup.settings(),
        "lookup/findings.md": lookup.findings(runs),
        "lookup/metrics.md": lookup.metrics(lookup.read(HERE / "metrics.md")),
        "lookup/files.md": lookup.files(lookup.read(HERE / "architecture.md")),
        "gallery.md": lookup.gallery(runs),
    }
    for name, text in made.items():
        path = pages / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def snippets(run: Run, work: Path) -> dict[str, str]:
    """Texts that the program itself gives: the words of {{…}} in the pages."""
    folder = work / "export"
    command = [sys.executable, "-m", "ganscope"]
    subprocess.run([*command, "export", str(run.path), "--safetensors", str(folder)], check=True, capture_output=True)
    from ganscope.export.folder import read_description
    from ganscope.export.recipes import onnx_lines, pytorch_lines

    description = read_description(folder)
    doctor = subprocess.run([*command, "doctor"], check=True, capture_output=True, text=True).stdout
    shown = doctor[doctor.index("machine") : doctor.index("extras")]
    return {
        "sample_torch": pytorch_lines(description).rstrip(),
        "sample_onnx": onnx_lines(description).replace("model.onnx", "digits.onnx").rstrip()
        + '\n\nfrom PIL import Image\nImage.fromarray(np.hstack(images[:8, 0])).save("digits.png")',
        "doctor": shown.rstrip(),
    }


def fill_in(pages: Path, words: dict[str, str]) -> None:
    """Put {{page NAME}} and the snippets into the pages by hand.

    Raises:
        SystemExit: a word that nothing stands for.
    """
    for path in pages.rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        up = "../" * (len(path.relative_to(pages).parts) - 1)

        def filled(match: re.Match[str], up: str = up, path: Path = path) -> str:
            kind, _, name = match[1].partition(" ")
            if kind == "page" and (pages / "runs" / f"{name}.html").is_file():
                return FRAME.format(path=f"{up}runs/{name}.html")
            if match[1] in words:
                return words[match[1]]
            sys.exit(f"{path.relative_to(pages)}: nothing stands for {match[0]}")

        path.write_text(re.sub(r"\{\{([a-z_ ]+)\}\}", filled, text), encoding="utf-8")


if __name__ == "__main__":
    main()
