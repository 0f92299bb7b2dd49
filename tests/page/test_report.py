"""The report: one file, nothing from elsewhere, names from the data as text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from fixtures.document import Document, policy_of
from fixtures.synthetic import NASTY, build_run
from ganscope.errors import RunError
from ganscope.page import container, contents
from ganscope.page.report import PROFILES, write_report
from ganscope.runs.run import Run

BREAKOUT = "</script><script>document.title='owned'</script>"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return build_run(tmp_path_factory.mktemp("report") / "a run", num_real=400, num_fake=300, snapshots=4, nasty=True)


@pytest.fixture(scope="module")
def text(run: Run) -> str:
    return write_report(run).read_text(encoding="utf-8")


def test_the_report_lies_in_the_run_and_leaves_no_unfinished_file(run: Run, text: str) -> None:
    assert (run.path / "report.html").is_file()
    assert not [path for path in run.path.iterdir() if "report.html" in path.name and path.name != "report.html"]


def test_nothing_is_loaded_from_elsewhere(text: str) -> None:
    document = Document(text)
    for tag, found in document.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "img"), tag
        assert not {"src", "href", "srcset", "data"} & set(found), (tag, found)
        assert not any(name.startswith("on") for name in found), (tag, found)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style and not re.search(r"url\(|@import", style[1])


def test_the_policy_allows_this_program_alone_and_no_connection(text: str) -> None:
    document = Document(text)
    policy = policy_of(document)
    digest = base64.b64encode(hashlib.sha256(document.scripts["program"].encode()).digest()).decode()
    assert policy["script-src"] == f"'sha256-{digest}'"
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "data: blob:"
    # A policy binds only what stands after it.
    assert text.index("Content-Security-Policy") < text.index("<script")
    executable = [found for tag, found in document.tags if tag == "script" and "type" not in found]
    assert len(executable) == 1


def test_every_piece_of_the_index_is_in_the_file_and_is_what_the_server_would_send(run: Run, text: str) -> None:
    document = Document(text)
    index = json.loads(document.scripts["index.json"])
    (entry,) = index["runs"]
    assert [seen for seen, _ in entry["snapshots"]] == contents.snapshots(run)
    assert base64.b64decode(document.scripts["0/base.glv"]) == contents.base(run)
    assert base64.b64decode(document.scripts["0/log.glv"]) == contents.log(run)
    for seen in contents.snapshots(run):
        piece = base64.b64decode(document.scripts[f"0/snap/{seen}.glv"])
        assert piece == contents.snapshot(run, seen, PROFILES["default"])
    for number, page in enumerate(run.atlas_pages()):
        assert base64.b64decode(document.scripts[f"0/atlas/{number}.webp"]) == page.read_bytes()


def test_a_class_name_that_is_markup_never_stands_in_the_document(text: str) -> None:
    assert NASTY not in text and "onerror" not in text
    document = Document(text)
    meta, _ = container.decode(base64.b64decode(document.scripts["0/base.glv"]))
    assert meta["map"]["classes"][0] == NASTY


def test_a_run_whose_name_is_markup_is_text(tmp_path: Path) -> None:
    name = "<script>alert(1) <img src=x onerror=alert(1)> <!-- &amp;"
    run = build_run(tmp_path / name, snapshots=1, with_map=False)
    text = write_report(run, tmp_path / "out.html").read_text(encoding="utf-8")
    document = Document(text)
    assert document.title == f"{run.path.name} · ganscope"
    assert json.loads(document.scripts["index.json"])["runs"][0]["name"] == run.path.name
    assert not [tag for tag, _ in document.tags if tag == "img"]
    assert len([found for tag, found in document.tags if tag == "script" and "type" not in found]) == 1


def test_an_index_with_a_closing_tag_in_it_does_not_end_its_element(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = contents.index
    monkeypatch.setattr(contents, "index", lambda run: {**index(run), "name": BREAKOUT + "<!--"})
    document = Document(write_report(run, tmp_path / "out.html").read_text(encoding="utf-8"))
    assert json.loads(document.scripts["index.json"])["runs"][0]["name"] == BREAKOUT + "<!--"
    assert document.title.startswith(BREAKOUT)
    assert len([found for tag, found in document.tags if tag == "script" and "type" not in found]) == 1


def test_profiles_are_in_the_order_of_their_size(run: Run, tmp_path: Path) -> None:
    sizes = [write_report(run, tmp_path / f"{name}.html", profile=name).stat().st_size for name in PROFILES]
    assert list(PROFILES) == ["small", "default", "full"]
    assert sizes == sorted(sizes) and sizes[0] < 0.8 * sizes[2]


def test_an_unknown_profile_is_named_with_those_there_are(run: Run) -> None:
    with pytest.raises(RunError, match="huge") as caught:
        write_report(run, profile="huge")
    assert "small, default, full" in str(caught.value)


def test_two_runs_lie_side_by_side_in_one_file(run: Run, tmp_path: Path) -> None:
    other = build_run(tmp_path / "other", num_real=100, num_fake=40, snapshots=2)
    document = Document(write_report(run, tmp_path / "two.html", compare=other).read_text(encoding="utf-8"))
    index = json.loads(document.scripts["index.json"])
    assert [entry["name"] for entry in index["runs"]] == ["a run", "other"]
    assert base64.b64decode(document.scripts["1/base.glv"]) == contents.base(other)


def test_up_to_four_runs_lie_in_one_file_and_a_fifth_is_refused(run: Run, tmp_path: Path) -> None:
    others = [build_run(tmp_path / str(k), num_real=60, num_fake=20, snapshots=1) for k in range(4)]
    document = Document(write_report(run, tmp_path / "four.html", compare=others[:3]).read_text())
    assert [entry["name"] for entry in json.loads(document.scripts["index.json"])["runs"]] == [
        run.path.name,
        "0",
        "1",
        "2",
    ]
    assert base64.b64decode(document.scripts["3/base.glv"]) == contents.base(others[2])
    with pytest.raises(RunError, match="4 runs at most"):
        write_report(run, tmp_path / "five.html", compare=others)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a run"):
        write_report(tmp_path)


def test_the_bundle_keeps_within_its_bytes() -> None:
    static = Path(contents.__file__).parent / "static"
    # About a hundredth of the 20 MB that a page of 70,000 images and 100 snapshots may have: its program never matters.
    assert (static / "viewer.js").stat().st_size <= 250_000
    assert "Leon Sorokin" in (static / "THIRD_PARTY_LICENSES").read_text(encoding="utf-8")


def test_a_training_that_makes_its_page_before_its_last_mark_counts_as_finished(tmp_path: Path) -> None:
    run = build_run(tmp_path / "ending", num_real=60, num_fake=20, snapshots=1)
    for finished in (False, True):
        index = json.loads(Document(write_report(run, finished=finished).read_text()).scripts["index.json"])
        assert index["runs"][0]["finished"] is finished and index["runs"][0]["writing"] is None
