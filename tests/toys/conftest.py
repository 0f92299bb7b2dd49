"""The browser of the page's tests."""

from __future__ import annotations

from fixtures.visiting import browser, visit  # noqa: F401
