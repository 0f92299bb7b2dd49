"""What a sweep varies: read, checked, and written back as a command."""

from __future__ import annotations

import shlex

import pytest

from ganscope.cli import build_parser
from ganscope.errors import ConfigError
from ganscope.sweeps.space import Range, as_text, command_line, read_range, read_ranges, require_base


def test_ranges_are_read_with_their_settings_types() -> None:
    assert read_range("g_lr=1e-4:3e-3:log") == Range("g_lr", 1e-4, 3e-3, log=True)
    assert read_range("--g-lr=1e-4:3e-3") == Range("g_lr", 1e-4, 3e-3)
    assert read_range("d_steps=1:5") == Range("d_steps", 1, 5, whole=True)
    assert read_range("batch_size=32,64,128") == Range("batch_size", choices=(32, 64, 128))
    assert read_range("objective=hinge,relativistic").choices == ("hinge", "relativistic")
    assert read_range("flip=true,false").choices == (True, False)
    for text in ("g_lr=0.0001:0.003:log", "d_steps=1:5", "objective=hinge,relativistic", "flip=True,False"):
        assert read_range(text).text == text and read_range(read_range(text).text) == read_range(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("g_rl=1:2", "did you mean 'g_lr'"),
        ("g_lr", "no values"),
        ("g_lr=", "no values"),
        ("g_lr=3:1", "low to high"),
        ("g_lr=1:1", "low to high"),
        ("g_lr=0:1:log", "above 0"),
        ("g_lr=-1:1", "at least 0"),
        ("g_lr=1:2:lin", "LOW:HIGH:log"),
        ("g_lr=1:2:log:3", "LOW:HIGH:log"),
        ("g_lr=a:b", "cannot read"),
        ("d_steps=0:3", "at least 1"),
        ("d_steps=1.5,2", "cannot read"),
        ("objective=hinge:wgan", "one,another"),
        ("objective=hinge,wgan", "cannot be 'wgan'"),
        ("flip=yes,no", "true,false"),
        ("seed=1:5", "cannot vary seed"),
        ("size=32,64", "cannot vary size"),
    ],
)
def test_a_bad_range_is_one_clear_error(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_range(text)
    assert says in str(error.value)


def test_a_sweep_needs_ranges_each_once_and_something_to_rank_by() -> None:
    for texts in ([], ["g_lr=1:2", "g_lr=2:3"]):
        with pytest.raises(ConfigError):
            read_ranges(texts)
    for data, settings in (("digits", {"metrics": False}), ("ring", {}), ("digits", {"epochs": -1.0})):
        with pytest.raises(ConfigError):
            require_base(data, settings)


def test_a_command_line_gives_its_settings_back() -> None:
    settings = {"preset": "mlp", "g_lr": 0.000123457, "flip": True, "metrics": False, "d_steps": 3, "burn_in": None}
    words = command_line("my data", settings)
    read = vars(build_parser(words).parse_args(words))
    assert {name: read[name] for name in settings} == settings and read["data"] == "my data"
    assert shlex.split(as_text(words)) == ["ganscope", *words]
