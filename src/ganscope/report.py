"""`ganscope report RUN`: a run, or two side by side, as one HTML file that opens offline.

The file is the same viewer as the live page. What the server would answer lies in it as base64, each piece in an inert
`<script>` whose id is its path; the page decodes a piece when it needs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ganscope import document, exhibit
from ganscope.errors import RunError
from ganscope.files import atomic
from ganscope.run import Run

PROFILES: dict[str, exhibit.Pictures] = {
    "small": exhibit.Pictures(quality=20, count=64),
    "default": exhibit.Pictures(quality=40),
    "full": exhibit.Pictures(quality=None),
}


def write_report(
    run: Run | Path | str, out: Path | None = None, *, compare: Run | Path | str | None = None, profile: str = "default"
) -> Path:
    """Write a run as one self-contained HTML file; returns its path, by default `report.html` in the run.

    A run on a toy gets the page of `toyreport`.

    Args:
        compare: a second run, on the same time axis.
        profile: how many images of a snapshot, and how well: `small`, `default` or `full`.

    Raises:
        RunError: no run there, or the file cannot be written.
    """
    if profile not in PROFILES:
        raise RunError(f"unknown profile {profile!r}", found=profile, todo=f"choose one of: {', '.join(PROFILES)}")
    runs = [opened(one) for one in (run, compare) if one is not None]
    if compare is None and runs[0].has_points:
        from ganscope.toyreport import write_toy_report

        return write_toy_report(runs[0], out)
    for one in runs:
        one.require_images("leave out --compare: a toy has a page of its own")
    path = out or runs[0].product("report.html")
    with atomic(path, "w") as file:
        for part in _parts(runs, PROFILES[profile]):
            file.write(part)
    return path


def opened(run: Run | Path | str) -> Run:
    """The run at a path, or the run itself."""
    return run if isinstance(run, Run) else Run.open(run)


def _parts(runs: list[Run], pictures: exhibit.Pictures) -> Iterator[str]:
    """The document, piece by piece: the program first, so that it draws while the rest is still being parsed."""
    entries = [exhibit.index(run) for run in runs]
    index = {"revision": "file", "runs": entries}
    program, style = document.inline(document.static("viewer.js")), document.static("viewer.css").replace("</", "<\\/")
    title = " and ".join(entry["name"] for entry in entries)
    allowed = "style-src 'unsafe-inline'; img-src data: blob:; connect-src data: blob:"
    yield document.head(title, program, style, allowed)
    yield document.data("index.json", index)
    yield (
        "</head>\n<body>\n<noscript>This page draws a map of images and needs JavaScript.</noscript>\n"
        f'<div id="app"></div>\n<script>{program}</script>\n'
    )
    for number, run in enumerate(runs):
        yield document.piece(f"{number}/base.glv", exhibit.base(run))
        yield document.piece(f"{number}/log.glv", exhibit.log(run))
        seen = exhibit.snapshots(run)
        for images_seen in reversed(seen):  # the page opens at the last one
            yield document.piece(f"{number}/snap/{images_seen}.glv", exhibit.snapshot(run, images_seen, pictures))
        for page, path in enumerate(run.atlas_pages() if entries[number]["atlas"] else []):
            yield document.piece(f"{number}/atlas/{page}.webp", path.read_bytes())
    yield "</body>\n</html>\n"
