"""A document that stands alone: what lies in it is found again, and nothing of it is markup."""

from __future__ import annotations

import json

import pytest

from fixtures.document import Document, policy_of
from ganscope.errors import RunError
from ganscope.page import html

BREAKOUT = "</script><script>alert(1)</script><!-- & \u2028"


def test_what_lies_in_it_is_found_again() -> None:
    text = html.data("a.json", {"name": BREAKOUT}) + html.piece("b/1.bin", b"\x00\xff") + "<p>"
    found = Document(text)
    assert json.loads(found.scripts["a.json"]) == {"name": BREAKOUT}
    assert found.scripts["b/1.bin"] == "AP8="
    assert [tag for tag, _ in found.tags] == ["script", "script", "p"]


def test_a_script_with_the_end_of_its_element_in_a_text_goes_on() -> None:
    program = html.inline('const a = "</script>", b = "</SCRIPT>", c = "<!--";')
    assert Document(f"<script>{program}</script>").scripts["program"] == program
    assert program == r'const a = "<\/script>", b = "<\/SCRIPT>", c = "<\!--";'


def test_the_head_names_the_program_and_its_title_is_text() -> None:
    found = Document(html.head("<b> & c", "", "p{}", "img-src data:"))
    empty = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"  # SHA-256 of nothing
    assert policy_of(found) == {
        "default-src": "'none'", "script-src": empty, "img-src": "data:", "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip
    assert found.title == "<b> & c · ganscope" and "b" not in [tag for tag, _ in found.tags]


def test_a_program_that_was_not_packed_is_named() -> None:
    with pytest.raises(RunError, match=r"no static/nothing\.js"):
        html.static("nothing.js")
