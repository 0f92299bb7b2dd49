"""`ganscope export`: each kind goes where it was asked to; what cannot be done is said before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.commandline import fails
from ganscope.cli import main
from ganscope.export import EXPORTERS
from ganscope.runs import Run


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[Path, Any]]:
    """Kind → (place, snapshot) of everything that would have been written."""
    found: dict[str, tuple[Path, Any]] = {}
    for name, exporter in list(EXPORTERS.items()):

        def write(run: Run, place: Path, options: dict[str, Any], name: str = name) -> list[str]:
            found[name] = place, options["snapshot"]
            return [f"{name} is there"]

        monkeypatch.setitem(EXPORTERS, name, exporter._replace(write=write))
    return found


def test_without_a_place_it_goes_into_the_run(
    written: dict[str, Any], digits_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "weights"
    assert main(["export", str(digits_run), "--onnx", "--safetensors", str(place), "--snapshot", "last"]) == 0
    assert written == {"onnx": (digits_run / "generator.onnx", "last"), "safetensors": (place, "last")}
    assert capsys.readouterr().out.splitlines() == ["onnx is there", "safetensors is there"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "add one of: --onnx, --safetensors, --hub, --space, --images"),
        (["--onnx", "--upload", "ada/digits"], "--upload needs one folder to upload"),
        (["--hub", "a", "--space", "b", "--upload", "ada/digits"], "found: --hub and --space"),
        (["--onnx", "--snapshot", "worst"], "--snapshot cannot be 'worst'"),
    ],
)
def test_mistakes_write_nothing(
    arguments: list[str], says: str, written: dict[str, Any], digits_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in fails(capsys, ["export", str(digits_run), *arguments])
    assert not written
