"""The clock and the signals of a training."""

from __future__ import annotations

import signal

import pytest

from ganscope.training.loop import interruptible


def test_a_second_signal_ends_at_once() -> None:
    with interruptible() as interrupted:
        signal.raise_signal(signal.SIGTERM)
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
