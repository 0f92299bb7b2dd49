"""Numbers of other trainers, as they write them: with NaN, with half a last line, in columns of any name."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from ganscope.errors import DataError
from ganscope.foreign import numbers
from ganscope.foreign.layouts import Clock


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
    ],
)
def test_columns_of_any_name(tmp_path: Path, text: str, suffix: str) -> None:
    path = tmp_path / f"numbers{suffix}"
    path.write_text(text)
    rows = numbers.table(path, Clock(100, None).images)
    assert rows == [(100, {"g_loss": 1.5, "d_loss": 0.5}), (200, {"g_loss": 1.25, "d_loss": 0.75})]


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
