"""`ganscope view`: what cannot be shown is said."""

from __future__ import annotations

from pathlib import Path

import pytest

import ganscope.page
from fixtures.commandline import fails
from ganscope.cli import main


def test_an_impossible_port_is_one_clear_error(digits_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "port 99999 cannot be used" in fails(capsys, ["view", str(digits_run), "--port", "99999", "--no-browser"])


def test_a_folder_with_runs_is_a_list_and_one_without_is_not(
    digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served: list[object] = []
    monkeypatch.setattr(ganscope.page, "serve", lambda paths, **options: served.append(list(paths)))
    monkeypatch.setattr(ganscope.page, "serve_home", lambda folder, **options: served.append(folder))
    for arguments in ([digits_run.parent], [digits_run], [digits_run, digits_run]):
        assert main(["view", *map(str, arguments), "--no-browser"]) == 0
    assert served == [digits_run.parent, [digits_run], [digits_run, digits_run]]
    monkeypatch.chdir(tmp_path)
    assert "there are no runs here" in fails(capsys, ["view"])
    said = fails(capsys, ["view", "."])
    assert "there are no runs in ." in said and "start one" in said
    for k in range(2):  # a sweep is a folder with runs, and what lies beside it is named
        trial = tmp_path / "sweeps" / "s" / f"trial-{k}"
        (trial / "seed-0").mkdir(parents=True)
        (trial / "trial.json").write_text("{}")
        (trial / "seed-0" / "config.json").write_text("{}")
    assert "name one of: sweeps" in fails(capsys, ["view", "."])
    for folder in ("sweeps", "sweeps/s"):
        assert main(["view", folder, "--no-browser"]) == 0 and served[-1] == Path(folder)
    assert "a page shows 4 runs at most" in fails(capsys, ["view", *"abcde"])
