"""The lines of a run as TypeScript interfaces, so that the page's types cannot differ from what a run holds."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any

from ganscope.runs import lines

HEAD = "/** Made by web/lines.py from ganscope/runs/lines.py: what the lines of a run hold. Change them there. */\n"
SIMPLE = {int: "number", float: "number", str: "string", bool: "boolean", types.NoneType: "null", Any: "unknown"}


def lines_as_typescript() -> str:
    """One interface a dataclass, in the order in which the module has them."""
    classes = [
        value
        for value in vars(lines).values()
        if isinstance(value, type) and dataclasses.is_dataclass(value) and value is not lines.Line
    ]
    return HEAD + "".join(_interface(cls) for cls in classes)


def _interface(cls: type[Any]) -> str:
    hints = typing.get_type_hints(cls)
    doc = (cls.__doc__ or "").split("\n")[0]
    rows = [f"  {one.name}: {_name(hints[one.name])};" for one in dataclasses.fields(cls) if one.name != "others"]
    return f"\n/** {doc} */\nexport interface {cls.__name__} {{\n" + "\n".join(rows) + "\n}\n"


def _name(hint: Any) -> str:
    if hint in SIMPLE:
        return SIMPLE[hint]
    if isinstance(hint, types.UnionType):
        return " | ".join(_name(kind) for kind in typing.get_args(hint))
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        inner = _name(arguments[0])
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    if origin is dict:
        return f"Record<string, {_name(arguments[1])}>"
    return str(hint.__name__)
