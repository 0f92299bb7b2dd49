"""A finding: frozen, with its figures as people write them."""

from __future__ import annotations

import dataclasses

import pytest

from fixtures.planted import (
    make_run,
)
from ganscope.diagnosis.finding import figure
from ganscope.diagnosis.rules import diagnose


def test_findings_are_frozen() -> None:
    finding = diagnose(*make_run())[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        finding.id = "other"  # type: ignore[misc]


@pytest.mark.parametrize(("value", "digits", "text"), [
    (0.36, 2, "0.36"), (104.498, 2, "104"), (99.6, 2, "100"), (99.4, 2, "99"), (85.44, 3, "85.4"),
    (12345.0, 3, "12,345"),
])  # fmt: skip
def test_figures_are_never_powers_of_ten(value: float, digits: int, text: str) -> None:
    assert figure(value, digits) == text
