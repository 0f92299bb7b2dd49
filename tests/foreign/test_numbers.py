"""Numbers of other trainers, as they write them: with NaN, with half a last line, in columns of any name."""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path

import pytest

from ganscope.errors import DataError
from ganscope.foreign import numbers
from ganscope.foreign.layouts import Clock
from ganscope.foreign.warnings import warnings_at


def test_stylegans_lines(data_root: Path) -> None:
    rows = numbers.stylegan_stats(data_root / "foreign" / "stylegan2-ada-sprites" / "stats.jsonl")
    assert len(rows) == 80 and rows[0][0] == 32
    first = rows[0][1]
    assert first["g_loss"] == pytest.approx(3.47993, abs=1e-5) and first["d_loss"] == pytest.approx(0.165915, abs=1e-6)
    assert first["d_real"] == pytest.approx(1 / (1 + math.exp(-3.256248)), abs=1e-6)


def test_stylegans_metrics(data_root: Path) -> None:
    rows = numbers.stylegan_metrics(data_root / "foreign" / "stylegan2-ada-sprites")
    assert [seen for seen, _ in rows] == [40_000 * k for k in range(8)]
    assert rows[3][1]["fid50k_full"] == pytest.approx(-3.1003938667223236e68)


def test_nan_and_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "stats.jsonl"
    tick = {
        "Progress/kimg": {"num": 1, "mean": 4.0, "std": 0.0},
        "Loss/G/loss": {"num": 1, "mean": 1.0, "std": math.nan},
    }
    broken = tick | {"Loss/G/loss": {"num": 1, "mean": math.nan, "std": math.nan}}
    path.write_text(json.dumps(tick) + "\n" + json.dumps(broken) + '\n{"Progress/kimg": {"num": 1, "me')
    assert numbers.stylegan_stats(path) == [(4000, {"g_loss": 1.0}), (4000, {"g_loss": None})]


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("epoch,G_loss,D_loss\n0,1.5,0.5\n1,1.25,0.75\n", ".csv"),
        ("Epoch;generator loss;discriminator loss\n0;1.5;0.5\n1;1.25;0.75\n", ".csv"),
        ('{"epoch": 0, "loss_g": 1.5, "loss_d": 0.5}\n{"epoch": 1, "loss_g": 1.25, "loss_d": 0.75}\n', ".jsonl"),
        ("errG\terrD\tepoch\n1.5\t0.5\t0\n1.25\t0.75\t1\n", ".csv"),
        ("Gen Loss,Disc Loss,train/epoch,steps_per_sec\n1.5,0.5,0,\n1.25,0.75,1,\n", ".csv"),
        ("epoch;g_loss;d_loss\n0;1,5;0,5\n1;1,25;0,75\n", ".csv"),
        ("epoch,g_loss,d_loss,note\n0,1.5,0.5,warm\n1,1.25,0.75,ok\n", ".csv"),
        ('{"epoch": 0, "loss": {"g": 1.5, "d": 0.5}}\n{"epoch": 1, "loss": {"g": 1.25, "d": 0.75}}\n', ".jsonl"),
        ('{"g_loss": [1.5, 1.25], "d_loss": [0.5, 0.75]}', ".json"),
        ('[{"epoch": 0, "g_loss": 1.5, "d_loss": 0.5},\n {"epoch": 1, "g_loss": 1.25, "d_loss": 0.75}]', ".json"),
        ("epoch,g_loss,d_loss\n0,9.0,9.0\n1,9.0,9.0\n2,9.0,9.0\n0,1.5,0.5\n1,1.25,0.75\n", ".csv"),  # begun again
    ],
)
def test_columns_of_any_name(tmp_path: Path, text: str, suffix: str) -> None:
    path = tmp_path / f"numbers{suffix}"
    path.write_text(text)
    rows = numbers.table(path, Clock(100, None).images)
    assert rows == [(100, {"g_loss": 1.5, "d_loss": 0.5}), (200, {"g_loss": 1.25, "d_loss": 0.75})]


def test_an_epoch_and_its_steps(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("epoch,batch,g_loss\n" + "".join(f"{e},{b},{e + b / 10}\n" for e in (0, 1) for b in (0, 5)))
    rows = numbers.table(path, Clock(100, None).images, 0.1)
    assert rows == [(0, {"g_loss": 0.0}), (50, {"g_loss": 0.5}), (100, {"g_loss": 1.0}), (150, {"g_loss": 1.5})]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_losses_that_are_no_numbers_any_more_are_kept_as_that(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"log{suffix}"
    lines = [f'{{"step": {i}, "g_loss": {value}}}\n' for i, value in ((1, "1.0"), (2, "NaN"), (3, "Infinity"))]
    path.write_text("step,g_loss\n1,1.0\n2,nan\n3,inf\n" if suffix == ".csv" else "".join(lines))
    rows = numbers.table(path, Clock(None, 1).images)
    assert rows == [(1, {"g_loss": 1.0}), (2, {"g_loss": None}), (3, {"g_loss": None})]
    (found,) = warnings_at(3, rows, [])
    assert found.id == "losses_not_finite" and found.first == 2


def test_a_last_line_that_is_being_written_is_no_number_yet(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("step,g_loss\n1,1.25\n2,1")  # 1.5, soon
    assert numbers.table(path, Clock(None, 1).images) == [(1, {"g_loss": 1.25})]
    os.utime(path, (time.time() - 60,) * 2)  # no newline will come
    assert len(numbers.table(path, Clock(None, 1).images)) == 2


def test_a_table_without_a_header_says_so(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("1,1.5,0.5\n2,1.4,0.5\n")
    with pytest.raises(DataError, match="has no header"):
        numbers.table(tmp_path / "log.csv", Clock(None, 1).images)


def test_logits_are_seen_and_a_table_without_numbers(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("step,D(x),D(G(z))\n10,2.0,-2.0\n")
    ((seen, row),) = numbers.table(path, Clock(None, 64).images)
    assert seen == 640 and row["d_real"] == pytest.approx(0.8808, abs=1e-4)
    assert row["d_fake_before"] == pytest.approx(0.1192, abs=1e-4)
    (tmp_path / "empty.csv").write_text("a,b\n")
    with pytest.raises(DataError, match="holds no numbers"):
        numbers.table(tmp_path / "empty.csv", Clock(None, None).images)


def test_event_files(data_root: Path) -> None:
    pytest.importorskip("tensorboard", reason="event files are read by the package tensorboard")
    folder = data_root / "foreign" / "stylegan2-ada-sprites"
    rows = numbers.events(sorted(folder.glob("*tfevents*")), Clock(None, None).images)
    assert len(rows) > 10 and all(math.isfinite(row["g_loss"]) for _, row in rows if row.get("g_loss") is not None)
