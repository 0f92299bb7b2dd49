"""Whose files lie in a folder: every row of the table in docs/watch.md, from names alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.errors import DataError
from ganscope.foreign.layouts import find


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in (".png", ".jpg"):
            Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path)
        else:
            path.write_bytes(b"\x80cos\nsystem\n(S'exit 1'\ntR." if path.suffix == ".pkl" else b"step,fid\n1000,50.5\n")
    return folder


CASES = {
    "stylegan": (
        ["reals.png", "fakes_init.png", "fakes000000.png", "fakes000200.png", "network-snapshot-000200.pkl"],
        "StyleGAN2-ADA", [0, 200_000],
    ),
    "r3gan": (["fakes_init.png", "fakes000000200.png"], "R3GAN", [0, 200_000]),
    "dcgan": (
        ["real_samples.png", "fake_samples_epoch_000.png", "fake_samples_epoch_007.png"],
        "DCGAN example", [100, 800],
    ),
    "lightweight": (
        ["results/pets/1.jpg", "results/pets/1-ema.jpg", "results/pets/12-ema.jpg", "results/pets/12-interp.jpg"],
        "lightweight-gan", [10_000, 120_000],
    ),
    "keras": (
        ["generated_img_000_0.png", "generated_img_001_0.png", "generated_img_000_3.png"],
        "Keras GANMonitor", [100, 400],
    ),
    "folders": (["epoch_010/a.png", "epoch_010/b.png", "epoch_020/a.png"], "a folder a moment", [1000, 2000]),
    "steps": (
        ["out/sample_step_500.png", "out/sample_step_1000.png", "out/loss.png"],
        "another trainer", [5000, 10_000],
    ),
    "epochs from one": (["gen-epoch1.png", "gen-epoch2.png"], "another trainer", [100, 200]),
    "epoch and batch": (["e_3_epoch_1.png", "e_3_epoch_2.png"], "another trainer", [100, 200]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_table(tmp_path: Path, case: str) -> None:
    names, trainer, moments = CASES[case]
    found = find(touch(tmp_path, *names), images_per_epoch=100, batch_size=10)
    assert (found.trainer, [seen for seen, _ in found.moments]) == (trainer, moments)


def test_lightweights_scores(tmp_path: Path) -> None:
    found = find(touch(tmp_path, "1-ema.jpg", "fid_scores.txt"), batch_size=10)
    assert found.metrics == [(10_000, {"fid": 50.5})]


def test_a_pattern(tmp_path: Path) -> None:
    touch(tmp_path, "run_a/out/0010_x.png", "run_a/out/0020_x.png", "run_a/other_30.png")
    found = find(tmp_path, pattern="run_a/out/{kimg}_x.png")
    assert [seen for seen, _ in found.moments] == [10_000, 20_000]
    with pytest.raises(DataError, match="does not say when"):
        find(tmp_path, pattern="run_a/out/*.png")
    with pytest.raises(DataError, match="matches nothing"):
        find(tmp_path, pattern="nowhere/{epoch}.png")


def test_nothing_known(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no pictures or numbers"):
        find(touch(tmp_path, "network.pkl"))
    with pytest.raises(DataError, match="is no folder"):
        find(tmp_path / "nowhere")
