"""The software bill of materials of an installation: everything that `pip install ganscope` brings, with its licence.

    python packaging/sbom.py OUT.cdx.json [--table LICENCES.md]

CycloneDX 1.5 as JSON, from the metadata of what is installed beside this interpreter: so run it with the interpreter of
an environment that holds ganscope and nothing else. What is inside the packages and has a licence of its own stands in
INSIDE: the viewer's bundle (from web/package-lock.json) and the ffmpeg program of imageio-ffmpeg.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BUNDLED = ("uplot",)  # of web/package-lock.json, what the bundle contains; the rest are tools


def required(name: str, found: dict[str, importlib.metadata.Distribution]) -> None:
    """Add the distribution `name` and all it needs on this machine, without extras."""
    key = normal(name)
    if key in found:
        return
    try:
        found[key] = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return  # of another platform
    for line in found[key].requires or []:
        if "extra ==" not in line and (named := re.match(r"[\w.-]+", line)):
            required(named[0], found)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def licence_of(distribution: importlib.metadata.Distribution) -> str:
    """The licence that a package states: its expression, its classifiers, or the first line of its text."""
    about = distribution.metadata
    stated = about.get("License-Expression")
    named = [line.split(" :: ")[-1] for line in about.get_all("Classifier") or [] if line.startswith("License :: ")]
    text = (about.get("License") or "").strip().split("\n")[0][:80]
    return stated or " and ".join(one for one in named if one != "OSI Approved") or text or "not stated"


def packages() -> list[dict[str, Any]]:
    found: dict[str, importlib.metadata.Distribution] = {}
    required("ganscope", found)
    return [
        component(one.metadata["Name"], one.version, licence_of(one), f"pkg:pypi/{key}@{one.version}")
        for key, one in sorted(found.items())
    ]


def inside() -> list[dict[str, Any]]:
    """What packages carry within: programs and scripts of others."""
    made = []
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name in BUNDLED:
        about = lock[f"node_modules/{name}"]
        made.append(
            component(name, about["version"], about.get("license", "MIT"), f"pkg:npm/{name}@{about['version']}")
        )
    try:
        import imageio_ffmpeg

        version = imageio_ffmpeg.get_ffmpeg_version()
        made.append(
            component("ffmpeg (in imageio-ffmpeg)", version, "GPL-3.0-or-later", f"pkg:generic/ffmpeg@{version}")
        )
    except (ImportError, RuntimeError):
        pass
    return made


def component(name: str, version: str, licence: str, purl: str) -> dict[str, Any]:
    return {
        "type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl,
        "licenses": [{"license": {"name": licence}}],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--table", type=Path, help="the same as a table in Markdown")
    arguments = parser.parse_args()
    components = [*packages(), *inside()]
    own = next(one for one in components if one["name"] == "ganscope")
    bill = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": own, "tools": [{"name": "packaging/sbom.py", "version": own["version"]}]},
        "components": [one for one in components if one is not own],
    }  # fmt: skip
    arguments.out.write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")
    if arguments.table:
        rows = [f"| {one['name']} | {one['version']} | {one['licenses'][0]['license']['name']} |" for one in components]
        head = "| package | version | licence |\n|---|---|---|\n"
        arguments.table.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    print(f"{len(components)} components: {arguments.out}")


if __name__ == "__main__":
    main()
