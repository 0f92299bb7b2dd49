"""When pictures were made, by names that nobody promised; numbers in the tables beside them count the same."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.foreign.layouts import find
from ganscope.foreign.names import Number, numbers_in


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("step-1000", [("step", 1000)]), ("sample_12_3", [("", 12), ("", 3)]), ("fakesEpoch07", [("epoch", 7)]),
        ("samples_40kimg", [("kimg", 40)]), ("generated_plot_e010", [("epoch", 10)]), ("images_3", [("", 3)]),
        ("sample_0", [("", 0)]), ("ckpt-500", [("moment", 500)]), ("epoch_1_step_200", [("epoch", 1), ("step", 200)]),
        ("image_at_epoch_0001", [("epoch", 1)]), ("2024-05-01_epoch010", [("", 2024), ("", 5), ("", 1), ("epoch", 10)]),
    ],
)  # fmt: skip
def test_words_say_what_numbers_count(name: str, said: list[tuple[str, int]]) -> None:
    assert numbers_in(name) == [Number(unit, value) for unit, value in said]


def touch(folder: Path, *names: str, every: float = 0.0) -> Path:
    """Pictures, the later ones newer by so many seconds."""
    for index, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8, 3), index, np.uint8)).save(path)
        os.utime(path, (time.time() - 3600 + every * index,) * 2)
    return folder


# Names in the order in which they were written, seconds between them, images seen at 100 an epoch and 10 a step, files.
CASES = {
    "steps in a folder": (["samples/step-1000.png", "samples/step-2000.png"], 0, [10_000, 20_000], 1),
    "epoch and picture": ([f"sample_{e}_{i}.png" for e in (1, 2, 3) for i in range(4)], 0, [100, 200, 300], 4),
    "epoch and picture, with times": (
        [f"sample_{e}_{i}.png" for e in (0, 1, 2) for i in range(3)], 0.5, [100, 200, 300], 3,
    ),
    "picture and epoch, with times": ([f"{i}_{e}.png" for e in (0, 1, 2) for i in range(3)], 4, [100, 200, 300], 3),
    "epoch and step, with times": (
        [f"out_{e}_{b}.png" for e in (0, 1) for b in (0, 5)], 20, [0, 50, 100, 150], 1,
    ),
    "steps that begin anew": (
        [f"epoch_{e}_step_{s}.png" for e in (1, 2) for s in (5, 10)], 0, [50, 100, 150, 200], 1,
    ),
    "steps that go on": ([f"epoch_{e}_step_{s}.png" for e, s in ((1, 10), (2, 20))], 0, [100, 200], 1),
    "folders in a folder": (
        [f"images/epoch_{e}/img_{i}.png" for e in (1, 2) for i in range(3)], 0, [100, 200], 3,
    ),
    "pictures below a checkpoint": (
        [f"checkpoint-{e}/samples/{i}.png" for e in (500, 1000) for i in range(3)], 0, [5000, 10_000], 3,
    ),
    "numbered folders": ([f"{e:04d}/{i}.png" for e in (1, 2, 3) for i in "ab"], 0, [100, 200, 300], 2),
    "folders of an epoch with steps": (
        [f"epoch_{e}/step_{s}.png" for e in (1, 2) for s in (5, 10)], 0, [50, 100, 150, 200], 1,
    ),
    "large numbers are steps": (["images/0.png", "images/400.png", "images/800.png"], 0, [0, 4000, 8000], 1),
    "kimg behind": (["samples_0kimg.png", "samples_40kimg.png"], 0, [0, 40_000], 1),
    "dates": (["2024-05-01_12-30-11_epoch000.png", "2024-05-02_12-30-11_epoch010.png"], 0, [100, 1100], 1),
    "a plot that is a sample": (["generated_plot_e010.png", "generated_plot_e020.png"], 0, [1000, 2000], 1),
    "data beside them": (
        ["data/img_1.png", "data/img_2.png", "data/img_3.png", "out/epoch_1.png", "out/epoch_2.png"], 0, [100, 200], 1,
    ),
    "curves beside them": (["out_1.png", "out_2.png", "loss_1.png", "loss_2.png", "loss_3.png"], 0, [100, 200], 1),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_when_pictures_were_made(tmp_path: Path, case: str) -> None:
    names, every, moments, each = CASES[case]
    found = find(touch(tmp_path, *names, every=every), images_per_epoch=100, batch_size=10)
    assert [seen for seen, _ in found.moments] == moments
    assert {len(paths) for _, paths in found.moments} == {each}


def test_of_several_trainings_the_newest_is_shown_and_the_others_are_said(tmp_path: Path) -> None:
    touch(tmp_path, *(f"exp{run}/epoch_{e}.png" for run in (2, 1) for e in (1, 2)), every=120)
    (tmp_path / "exp2" / "log.csv").write_text("epoch,g_loss\n1,5.0\n")
    found = find(tmp_path, images_per_epoch=100)
    assert {path.parent.name for _, paths in found.moments for path in paths} == {"exp1"}
    assert any("exp1/epoch_#.png is shown; also there: exp2/epoch_#.png" in line for line in found.said)
    assert not found.rows  # the other training's


def test_what_an_earlier_training_left_in_the_folder_is_left_out(tmp_path: Path) -> None:
    touch(tmp_path, *(f"epoch_{e}.png" for e in range(1, 7)), every=10)
    for e in (1, 2):
        os.utime(tmp_path / f"epoch_{e}.png", (time.time() - 300 + e,) * 2)
    found = find(tmp_path, images_per_epoch=100)
    assert [seen for seen, _ in found.moments] == [100, 200]
    assert any("epoch_3.png to epoch_6.png are older than epoch_1.png" in line for line in found.said)


def test_ganscopes_own_runs_are_no_samples(tmp_path: Path) -> None:
    touch(tmp_path, "out/epoch_1.png", "out/epoch_2.png", "runs/00000-x/samples/000064.png")
    (tmp_path / "runs" / "00000-x" / "environment.json").write_text("{}")
    assert [seen for seen, _ in find(tmp_path, images_per_epoch=100).moments] == [100, 200]


@pytest.mark.parametrize("place", ["log.csv", "logs/version_0/metrics.csv", "samples/log.csv"])
def test_numbers_above_beside_and_below_count_as_the_pictures_do(tmp_path: Path, place: str) -> None:
    touch(tmp_path, "samples/step-10.png", "samples/step-20.png")
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text("epoch,Global Step,Train/Gen_Loss\n0,10,2.0\n0,20,1.5\n")
    found = find(tmp_path, images_per_epoch=1000, batch_size=10)
    assert [seen for seen, _ in found.moments] == [100, 200]
    assert found.rows == [(100, {"g_loss": 2.0}), (200, {"g_loss": 1.5})]
