"""Runs for the tests of exports: each trained once, for a few seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganscope.cli import main

SHORT = ["--epochs", "1", "--snapshots", "2", "--num-fakes", "128", "--threads", "1", "--quiet"]


def trained(folder: Path, data: str, preset: str, *more: str) -> Path:
    path = folder / f"{data}-{preset}"
    assert main(["train", data, "--run", str(path), "--preset", preset, "--map", "none", *SHORT, *more]) == 0
    return path


@pytest.fixture(scope="session")
def run_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Digits by the networks of the default: batch norm, a moving average, a blur."""
    return trained(
        tmp_path_factory.mktemp("exported"), "digits", "r3dcgan-64", "--precision", "float32", "--no-conditional"
    )


@pytest.fixture(scope="session")
def residual_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("exported"), "digits", "r3gan", "--no-metrics", "--latent", "uniform")


@pytest.fixture(scope="session")
def toy_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "ring"
    assert main(["train", "ring", "--run", str(path), "--epochs", "0.1", "--snapshots", "2", "--quiet"]) == 0
    return path


GOOD = ["--epochs", "30", "--snapshots", "2", "--num-fakes", "128", "--threads", "1", "--quiet", "--no-metrics"]


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good enough that filters leave something: a few seconds of the default preset."""
    path = tmp_path_factory.mktemp("told") / "run"
    assert main(["train", "digits", "--run", str(path), *GOOD, "--conditional", "--map", "none"]) == 0
    return path
