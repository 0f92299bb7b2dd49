"""`ganscope check`: a data set before anything is trained on it."""

from __future__ import annotations

import argparse
import dataclasses

import pytest

from ganscope.cli import main
from ganscope.commands import check, options
from ganscope.config import Config


def test_a_toy_needs_no_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "ring"]) == 0
    assert "8 narrow Gaussians" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "size"), [("64", 64), ("64x128", (64, 128)), ("64X128", (64, 128)), ("64×128", (64, 128))]
)
def test_a_size_is_a_side_or_height_by_width(text: str, size: int | tuple[int, int]) -> None:
    assert options.size_read(text) == size


@pytest.mark.parametrize("text", ["", "x", "64x", "large", "1x2x3", "-4", "6.5"])
def test_another_size_is_a_usage_error(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="a number of pixels"):
        options.size_read(text)


def test_every_wish_is_a_setting_of_train_with_its_own_words() -> None:
    docs = {field.name: field.metadata["doc"] for field in dataclasses.fields(Config)}
    parser = argparse.ArgumentParser()
    check.add_arguments(parser)
    helps = {action.dest: action.help for action in parser._actions}
    assert all(helps[wish] == docs[wish].replace("%", "%%") for wish in check.WISHES)
