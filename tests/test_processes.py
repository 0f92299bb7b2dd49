"""Which process of a training this is, as torchrun says."""

from __future__ import annotations

import pytest

from ganscope.processes import is_first, on_this_machine, place_on_this_machine, started_by_torchrun

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR")
OF_TORCHRUN = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4", "MASTER_ADDR": "there"}


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, (False, True, 1, None)),
        (OF_TORCHRUN, (True, False, 4, 1)),
        (OF_TORCHRUN | {"RANK": "0", "LOCAL_RANK": "0"}, (True, True, 4, 0)),
        (OF_TORCHRUN | {"WORLD_SIZE": "1", "RANK": "0"}, (False, True, 1, None)),
        # Schedulers leave a rank in the environment of programs that train alone.
        ({"RANK": "3", "LOCAL_RANK": "3"}, (False, True, 1, None)),
    ],
)
def test_what_the_environment_says(
    environment: dict[str, str], told: tuple[bool, bool, int, int | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (started_by_torchrun(), is_first(), on_this_machine(), place_on_this_machine()) == told
