"""The palette: as many colours as can be told apart."""

from __future__ import annotations

from ganscope.drawing import palette


def test_ten_classes_have_colours_and_eleven_are_grey() -> None:
    assert len(set(palette.class_colours(10))) == 10
    assert set(palette.class_colours(11)) == {palette.GREY}
