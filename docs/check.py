"""Check the site that was built: every link and anchor leads somewhere, every page is whole, none is too large.

    python docs/check.py [SITE]

Addresses of other sites are not fetched. The lines of Python in the pages are compiled.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 20_000_000
LEARN = 7


class Page(HTMLParser):
    """The links, the names of anchors and the lines of code of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.code: list[str] = []
        self._language = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self.anchors |= {value for name in ("id", "name") if (value := values.get(name))}
        self.links += [value for name in ("href", "src") if (value := values.get(name))]
        if tag == "code" and "language-python" in (values.get("class") or ""):
            self._language = "python"
            self.code.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "code":
            self._language = ""

    def handle_data(self, data: str) -> None:
        if self._language:
            self.code[-1] += data


def faults(site: Path) -> list[str]:
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    found = []
    for path, page in pages.items():
        name = path.relative_to(site)
        if path.stat().st_size > MOST_BYTES:
            found.append(f"{name}: {path.stat().st_size / 1e6:.0f} MB")
        if path.parent.name == "runs":
            continue  # a run's page: one file, tested by itself
        if "{{" in path.read_text(encoding="utf-8"):
            found.append(f"{name}: a word that was not filled in")
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link.startswith("//"):
                continue
            target = (
                path
                if not parts.path
                else (site / parts.path.lstrip("/") if parts.path.startswith("/") else path.parent / parts.path)
            )
            target = Path(unquote(str(target))).resolve()
            if target.is_dir():
                target /= "index.html"
            if not target.is_file():
                found.append(f"{name}: {link} leads nowhere")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                found.append(f"{name}: {link} has no such place")
        for code in page.code if name.parts[0] in ("learn", "do") else ():
            try:
                compile(code, str(name), "exec")
            except SyntaxError as error:
                found.append(f"{name}: lines that are no Python: {error}")
    learn = [path for path in pages if path.parent.name == "learn"]
    if len(learn) != LEARN:
        found.append(f"{len(learn)} pages to learn from, {LEARN} expected")
    found += [f"{path.relative_to(site)}: no embedded page" for path in learn if "<iframe" not in path.read_text()]
    return found


if __name__ == "__main__":
    site = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "site"
    wrong = faults(site)
    if not list(site.rglob("*.html")):
        sys.exit(f"no site in {site}: make docs")
    print("\n".join(wrong) or f"{site}: every link leads somewhere")
    sys.exit(bool(wrong))
