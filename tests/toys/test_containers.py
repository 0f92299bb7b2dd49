"""What the page of a toy receives."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fixtures.toy_runs import copy_of, frames_of
from ganscope.page import container
from ganscope.runs.run import Run
from ganscope.toys.containers import write_containers
from ganscope.toys.page import frame_maker_of


def test_a_density_is_kept_by_the_cube_root_of_its_share_of_the_datas_highest(ring: Run, tmp_path: Path) -> None:
    cells = len(frames_of(ring)[0].p_g)
    top = float(frame_maker_of(ring).scene.p_data.max())
    density = np.zeros(cells, np.float32)
    density[7], density[-1], density[-2] = top, top / 8, 3 * top
    run = copy_of(ring, tmp_path / "r", {"p_g": density})
    write_containers(run, frame_maker_of(run))
    stored = container.decode(run.toy_container(run.toy_containers()[-1]).read_bytes())[1]["p_g"]
    assert [int(stored[i]) for i in (0, 7, -1, -2)] == [0, 255, 128, 255]
