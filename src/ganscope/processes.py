"""Which of the processes of one training this is, as torchrun says in the environment: `RANK`, `WORLD_SIZE`, …"""

from __future__ import annotations

import os


def started_by_torchrun() -> bool:
    """Whether this process is one of several that train together."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "RANK" in os.environ and "MASTER_ADDR" in os.environ


def is_first() -> bool:
    """Whether this process records and speaks: rank 0, or the only one."""
    return not started_by_torchrun() or int(os.environ["RANK"]) == 0


def on_this_machine() -> int:
    """How many of them share this machine's cores and memory."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if started_by_torchrun() else 1


def place_on_this_machine() -> int | None:
    """Which of those this one is, from 0; None where it is alone. It takes the GPU of that number."""
    return int(os.environ.get("LOCAL_RANK", "0")) if started_by_torchrun() else None
