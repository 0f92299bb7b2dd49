"""A data set found and understood, before it is decoded: its source, what it holds, and how it will be read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ganscope.data.archive import printable
from ganscope.data.arrays import array_facts
from ganscope.data.decision import Decision
from ganscope.data.folder import ImageFiles
from ganscope.data.label_files import Labels, find_labels, find_parts, read_labels, with_labels, with_parts
from ganscope.data.layout import Layout, understand
from ganscope.data.parts import TRAIN
from ganscope.data.plan import Plan, Wishes, decide
from ganscope.data.sources import Source, expect_number, find_source
from ganscope.data.survey import Facts, Survey, kept_facts, kept_survey
from ganscope.errors import DataError
from ganscope.progress import Say


@dataclass(frozen=True)
class Understanding:
    """What a data set is taken for. Of files there is a survey and a layout, of arrays neither."""

    source: Source
    facts: Facts
    plan: Plan
    decisions: tuple[Decision, ...]  # the layout's, then the plan's
    survey: Survey | None = None
    layout: Layout | None = None


def understand_data(data: str, wishes: Wishes, cache: Path, say: Say) -> Understanding:
    """Look at `data` and decide how to read it. Raises `DataError`, and `ConfigError` for wishes that do not fit."""
    source = find_source(data, cache, say, wishes.every)
    if source.files is None:
        arrays = source.arrays
        assert arrays is not None

        def look() -> Facts:
            found = arrays()
            notes = tuple((note.what, note.why, note.option) for note in found.notes)
            return replace(array_facts(found.images), notes=notes)

        facts = kept_facts(source.identity, cache, look)
        plan = decide(facts, wishes)
        undone = {f"--labels {wishes.labels}", f"--splits {wishes.splits}"}
        notes = [Decision(*note) for note in facts.notes if not any(note[2].startswith(option) for option in undone)]
        return Understanding(source, facts, plan, (*notes, *plan.decisions))
    found = kept_survey(source.files, source.identity, cache, say)
    if source.num_images is not None:
        expect_number(found, source.num_images, source.files.root)
    layout = _layout(source, source.files, found, wishes)
    if not layout.names:
        todo = f"--only {wishes.only} leaves none" if wishes.only else "--only '*' --labels none takes all"
        raise DataError(f"{printable(data)}: every image is left out", found=f"{len(found.headers):,}", todo=todo)
    facts = found.facts(layout.names)
    plan = decide(facts, wishes)
    return Understanding(source, facts, plan, (*layout.decisions, *plan.decisions), found, layout)


def _layout(source: Source, files: ImageFiles, found: Survey, wishes: Wishes) -> Layout:
    """Which files are the set, with parts and classes, from the names and from files of labels and parts."""
    layout = _labelled(source, files, found, wishes)
    if wishes.splits == "none" or not source.labelled or not found.documents or set(layout.parts) != {TRAIN}:
        return layout
    parts, where = find_parts(files.read_documents(found.documents[:50]), layout.names)
    return with_parts(layout, parts, where) if parts else layout


def _labelled(source: Source, files: ImageFiles, found: Survey, wishes: Wishes) -> Layout:
    """Which files are the set, with classes, and parts as far as folders say them."""
    names = list(found.headers)
    sizes = {name: (header.width, header.height) for name, header in found.headers.items()}
    from_file = wishes.labels not in ("auto", "none", "names") and not wishes.labels.startswith("folders")
    wanted = wishes.labels if source.labelled and not from_file else "none"

    def read(labels: str) -> Layout:
        return understand(names, sizes=sizes, labels=labels, splits=wishes.splits, only=wishes.only)

    given = files.given_labels(found.others) if wanted == "auto" else None
    if given:
        bare = read("none")
        own = Labels({name: label for name, label in given.items() if name in found.headers}, "its own labels")
        return with_labels(bare, own) if len(set(own.of.values())) > 1 else bare
    if from_file:
        bare = read("none")
        return with_labels(bare, _named_labels(files, found, wishes, bare.names))
    if wanted != "auto" or not found.documents:
        return read(wanted)
    bare = read("none")
    texts = files.read_documents(found.documents[:50])
    labels, passed = find_labels(texts, bare.names, wishes.label_column)
    if labels is not None:
        return with_labels(bare, labels)
    if wishes.label_column is not None:
        why = passed.why if passed else "no table among the images names them"
        todo = "give the file with --labels FILE"
        raise DataError(f"no labels in a column {wishes.label_column!r}", found=why, todo=todo)
    by_folder = read("auto")
    if passed is None or by_folder.classes is not None:
        return by_folder
    return Layout(by_folder.names, by_folder.parts, None, by_folder.left_out, (*by_folder.decisions, passed))


def _named_labels(files: ImageFiles, found: Survey, wishes: Wishes, names: tuple[str, ...]) -> Labels:
    """The labels of the file that `--labels` names: a path, or a file among the images."""
    path = Path(wishes.labels).expanduser()
    inside = [name for name in found.documents if name == wishes.labels or name.rsplit("/", 1)[-1] == wishes.labels]
    try:
        if path.is_file():
            content, document = path.read_bytes(), path.name
        elif inside:
            document = inside[0]
            content = files.read_documents([document])[document]
        else:
            todo = "use folders, none, or the path of a .csv, .tsv, .jsonl or .json file"
            raise DataError(
                f"--labels {printable(wishes.labels)}: no such file", found="neither here nor there", todo=todo
            )
    except OSError as error:
        raise DataError(f"--labels {printable(wishes.labels)} cannot be read", found=str(error)) from error
    try:
        return read_labels(content, document, names, wishes.label_column)
    except DataError as error:
        what = f"--labels {printable(wishes.labels)} gives no labels: {error.what}"
        raise DataError(what, found=error.found, todo=error.todo or "give another file or column") from error
