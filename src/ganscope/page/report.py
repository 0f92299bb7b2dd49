"""`ganscope report RUN`: a run, or up to four side by side, as one HTML file that opens offline.

The file is the same viewer as the live page. What the server would answer lies in it as base64, each piece in an inert
`<script>` whose id is its path; the page decodes a piece when it needs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ganscope.errors import RunError
from ganscope.files import atomic
from ganscope.page import contents, fitting, generator, html
from ganscope.runs import Run, read_bytes

PROFILES: dict[str, contents.Pictures] = {
    "small": contents.Pictures(quality=20, count=64),
    "default": contents.Pictures(quality=40),
    "full": contents.Pictures(quality=None),
}


MOST_COMPARED = 4


def write_report(
    run: Run | Path | str,
    out: Path | None = None,
    *,
    compare: Run | Path | str | Sequence[Run | Path | str] = (),
    profile: str = "default",
    finished: bool = False,
) -> Path:
    """Write a run as one self-contained HTML file; returns its path, by default `report.html` in the run.

    Args:
        compare: another run, or up to three, on the same time axis.
        profile: how many images of a snapshot, and how well: `small`, `default` or `full`. Of runs of more than 100
            snapshots the first two leave out what would make the file larger than 20 MB, and the page says so.
        finished: the training has ended, though its marker is not written yet: it makes its products before that.

    Raises:
        RunError: no run there, or the file cannot be written.
    """
    if profile not in PROFILES:
        raise RunError(f"unknown profile {profile!r}", found=profile, todo=f"choose one of: {', '.join(PROFILES)}")
    others = [compare] if isinstance(compare, Run | Path | str) else list(compare)
    runs = [opened(one) for one in (run, *others)]
    if len(runs) > MOST_COMPARED:
        raise RunError(
            f"a page shows {MOST_COMPARED} runs at most", found=f"{len(runs)} runs", todo=f"name up to {MOST_COMPARED}"
        )
    path = out or runs[0].product("report.html")
    with atomic(path, "w") as file:
        for part in _parts(runs, PROFILES[profile], finished):
            file.write(part)
    return path


def opened(run: Run | Path | str) -> Run:
    """The run at a path, or the run itself."""
    return run if isinstance(run, Run) else Run.open(run)


def _parts(runs: list[Run], pictures: contents.Pictures, finished: bool) -> Iterator[str]:
    """The document, piece by piece: the program first, so that it draws while the rest is still being parsed."""
    entries = [contents.index(run) for run in runs]
    for entry in entries:
        entry |= {"writing": None, "finished": entry["finished"] or finished}
    made = [generator.export(run) if entry["generator"] else None for run, entry in zip(runs, entries, strict=True)]
    for entry, exported in zip(entries, made, strict=True):
        if exported and exported.word:
            entry["generator"] = {"key": "", "word": exported.word}
    program, style = html.inline(html.static("viewer.js")), html.static("viewer.css").replace("</", "<\\/")
    runs_generators = any(exported and not exported.word for exported in made)
    more = html.inline(html.static("generate.js")) if runs_generators else ""
    title = " and ".join(entry["name"] for entry in entries)
    first = [(contents.base(run), contents.log(run)) for run in runs]  # known before the index: what is left has room
    chosen: list[dict[int, contents.Pictures]] = []
    for run, entry, exported, containers in zip(runs, entries, made, first, strict=True):
        others = sum(map(len, (*containers, exported.blob if exported else b"")))
        others += sum(path.stat().st_size for path in run.atlas_pages()[: entry["atlas"]])
        others = round(fitting.BASE64 * others) + sum(map(len, (program, style, more)))
        shown = fitting.fitted(run, [seen for seen, _ in entry["snapshots"]], pictures, others)
        entry["snapshots"] = [[seen, key] for seen, key in entry["snapshots"] if seen in shown.pictures]
        entry |= {"left_out": shown.word} if shown.word else {}
        chosen.append(shown.pictures)
    index = {"revision": "file", "runs": entries}
    allowed = "style-src 'unsafe-inline'; img-src data: blob:; connect-src data: blob:"
    yield html.head(title, program, style, allowed, more)
    yield html.data("index.json", index)
    yield (
        "</head>\n<body>\n<noscript>This page draws a map of images and needs JavaScript.</noscript>\n"
        f'<div id="app"></div>\n<script>{program}</script>\n'
    )
    if more:
        yield f"<script>{more}</script>\n"
    for number, run in enumerate(runs):
        yield html.piece(f"{number}/base.glv", first[number][0])
        yield html.piece(f"{number}/log.glv", first[number][1])
        for images_seen, how in reversed(chosen[number].items()):  # the page opens at the last one
            yield html.piece(f"{number}/snap/{images_seen}.glv", contents.snapshot(run, images_seen, how))
        for page, path in enumerate(run.atlas_pages() if entries[number]["atlas"] else []):
            yield html.piece(f"{number}/atlas/{page}.webp", read_bytes(path) or b"")
    for number, exported in enumerate(made):  # last: only who asks for new images needs it
        if exported and not exported.word:
            yield html.piece(f"{number}/generator.glv", exported.blob)
    yield "</body>\n</html>\n"
