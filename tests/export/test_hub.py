"""Folders for the Hub, up to a local one and down from it."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganscope
from fixtures.hub import TOKEN, Hub
from ganscope.cli import main
from ganscope.errors import RunError
from ganscope.export import hub
from ganscope.export.hub import require_repository, write_space
from ganscope.page import write_report
from ganscope.runs import Run


@pytest.fixture(scope="module")
def model(run_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hub") / "model"
    assert main(["export", str(run_path), "--hub", str(out), "--license", "cc-by-4.0"]) == 0
    return out


def python(program: str, hub: Hub, home: Path, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    """Run a program that takes `hub` for the Hugging Face Hub."""
    env = os.environ | {"HF_ENDPOINT": hub.address, "HF_TOKEN": token, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=env)


def test_a_model_folder_is_whole(model: Path) -> None:
    names = {path.name for path in model.iterdir()}
    assert names == {"README.md", "config.json", "model.onnx", "model.safetensors", "samples.png", "start.safetensors"}
    card = (model / "README.md").read_text()
    front = card.split("---")[1]
    assert 'license: "cc-by-4.0"' in front and 'pipeline_tag: "unconditional-image-generation"' in front
    for title in ("Use", "Data", "Training", "Quality", "Findings", "Copies of training images", "Limits", "Licence"):
        assert f"\n## {title}\n" in card
    assert "More Information Needed" not in card and "1,438 training images" in card
    with Image.open(model / "samples.png") as image:
        assert image.text["Software"] == f"ganscope {ganscope.__version__}"  # type: ignore[attr-defined]
        assert np.asarray(image).std() > 1


def test_a_space_is_the_page_and_stays_small(run_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "space"
    assert main(["export", str(run_path), "--space", str(out)]) == 0
    page, card = (out / "index.html").read_text(), (out / "README.md").read_text()
    assert page.startswith("<!doctype html>") and len(page) < hub.MOST_SPACE_BYTES
    assert 'sdk: "static"' in card and 'app_file: "index.html"' in card
    monkeypatch.setattr(hub, "MOST_SPACE_BYTES", 1000)
    with pytest.raises(RunError, match=r"default 0\.\d MB, small 0\.\d MB"):
        write_space(Run.open(run_path), tmp_path / "other", None)
    assert not (tmp_path / "other" / "index.html").exists()


def test_a_space_does_not_name_the_disk_it_comes_from(run_path: Path, tmp_path: Path) -> None:
    run = Run(shutil.copytree(run_path, tmp_path / "run"))
    config, environment = json.loads(run.config_path.read_text()), json.loads(run.environment_path.read_text())
    environment["command"] = [
        "/home/ada/secret/bin/ganscope",
        "train",
        "--data=/home/ada/secret/photos",
        "--size",
        "32",
    ]
    run.environment_path.write_text(json.dumps(environment))
    run.config_path.write_text(json.dumps(config | {"data": "/home/ada/secret/photos"}))

    def holds(page: Path) -> bool:
        pieces = re.findall(r'type="application/octet-stream" id="[^"]+">([^<]*)<', page.read_text())
        assert len(pieces) > 2
        return any(b"secret" in base64.b64decode(piece) for piece in pieces) or "secret" in page.read_text()

    assert holds(write_report(run, tmp_path / "report.html")), "one's own page says where the data lie"
    write_space(run, tmp_path / "space", None)
    assert not holds(tmp_path / "space" / "index.html")


def test_up_to_the_hub_and_down_again(model: Path, run_path: Path, tmp_path: Path) -> None:
    """Through the packages as they are: only the address of the Hub is another."""
    program = f"""
import sys, numpy, torch
import ganscope
from ganscope.export.hub import upload
from pathlib import Path
print(upload(Path({str(model)!r}), "ada/digits", "model"))
numpy.save({str(tmp_path / "made.npy")!r}, ganscope.load_generator("ada/digits").sample(8))
from huggingface_hub import PyTorchModelHubMixin
from ganscope.export.layers import build
class Mine(torch.nn.Sequential, PyTorchModelHubMixin):
    def __init__(self, layers, latent_dim, **rest):
        def made(kind, parts, given):
            return getattr(torch.nn, kind)(*(made(*part) for part in parts), **given)
        super().__init__(*made(*layers).children())
mine = Mine.from_pretrained("ada/digits")
z = torch.zeros(1, 100)
assert torch.allclose(mine(z), ganscope.load_generator({str(model)!r}).g(z), atol=1e-5)
try:
    ganscope.load_generator("ada/nothing")
except ganscope.RunError as error:
    print(error)
"""
    with Hub() as server:
        done = python(program, server, tmp_path / "home")
        assert done.returncode == 0, done.stderr[-3000:]
        uploaded = server.files[("model", "ada/digits")]
        assert {name: len(content) for name, content in uploaded.items() if not name.startswith(".")} == {
            path.name: path.stat().st_size for path in model.iterdir()
        }
        assert uploaded["config.json"] == (model / "config.json").read_bytes()
        assert any(f"ganscope/{ganscope.__version__}" in agent for agent in server.agents)
        assert "cannot load ada/nothing" in done.stdout
        made = np.load(tmp_path / "made.npy")
        assert np.array_equal(made, ganscope.load_generator(model).sample(8))


@pytest.mark.slow
def test_a_hub_that_refuses_is_one_clear_error(run_path: Path, tmp_path: Path) -> None:
    command = ["export", str(run_path), "--space", str(tmp_path / "space"), "--upload", "ada/page"]
    program = f"import sys; from ganscope.cli import main; sys.exit(main({command!r}))"
    with Hub() as server:
        refused = python(program, server, tmp_path / "home", token="hf_wrong")
        assert refused.returncode == 2 and "HF_TOKEN" in refused.stderr and "Traceback" not in refused.stderr
        assert python(program, server, tmp_path / "home").returncode == 0
        assert server.created[-1]["sdk"] == "static"
        assert "index.html" in server.files[("space", "ada/page")]


@pytest.mark.parametrize("name", ["digits", "a/b/c", "../secret", "ada/", "ada/..", "", "a b/c"])
def test_what_is_no_name_of_a_repository(name: str) -> None:
    with pytest.raises(RunError, match="is no name of a repository"):
        require_repository(name)
