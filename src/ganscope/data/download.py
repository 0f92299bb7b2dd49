"""One file from the internet into a folder, whole and verified, or not at all.

pooch names the place and moves the file there when it is complete; the transfer itself is ours, so that it can go on
from a part that is already there (`NAME.part`, HTTP Range) after the connection, the program or the machine broke off.
What is verified is the content: the caller's `verify(path)` raises `DataError` for a file that is not the right one.
"""

from __future__ import annotations

import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from pathlib import Path
from typing import Any

from ganscope.data.cache import cache_advice
from ganscope.errors import DataError, DependencyError
from ganscope.progress import Say

Verify = Callable[[Path], None]

MIRROR_VARIABLE = "GANSCOPE_MIRROR"  # a base URL that is tried before all others
_ATTEMPTS = 3  # a transfer that broke off is taken up again so many times before the next mirror
_TIMEOUT_SECONDS = 30
_BLOCK = 1 << 18


@dataclass(frozen=True)
class Remote:
    """A file and the places where it can be had; `name` is its path below the folder, with `/`."""

    name: str
    urls: tuple[str, ...]


class _BrokenOffError(Exception):
    """A transfer that ended before its end; the part stays."""


def fetch(remote: Remote, folder: Path, *, verify: Verify, progress: Say | None = None) -> Path:
    """The path of the verified file `folder / remote.name`, downloaded when it is not there yet.

    Raises `DataError`: not found at any address, broken off (run again, it resumes from the part), or of wrong content.
    """
    import pooch

    target = folder / remote.name
    if target.exists():
        return target
    say = progress or (lambda _: None)
    mirror = os.environ.get(MIRROR_VARIABLE, "")
    urls = ((f"{mirror.rstrip('/')}/{remote.name}",) if mirror else ()) + remote.urls
    part = target.with_name(target.name + ".part")
    pooch.get_logger().setLevel("WARNING")  # our own lines say more
    failures: list[str] = []
    wrong: DataError | None = None
    for url in urls:

        def transfer(url: str, output_file: Any, _: Any, to_verify: Verify = verify) -> None:
            _download_verified(url, part, to_verify, say)
            Path(part).replace(output_file)

        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            pooch.retrieve(url, known_hash=None, fname=target.name, path=target.parent, downloader=transfer)
            return target
        except DataError as error:
            wrong = error
            failures.append(f"{url}: {error.what}" + (f" ({error.found})" if error.found else ""))
        except (_BrokenOffError, urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
            failures.append(f"{url}: {error}")
        except OSError as error:
            todo = cache_advice(error)
            raise DataError(f"cannot write {target}", found=str(error), todo=todo) from error
    if wrong is not None and len(failures) == 1:
        raise wrong
    kept = f" (it resumes from the {part.stat().st_size:,} bytes already here)" if part.exists() else ""
    raise DataError(
        f"{remote.name} could not be downloaded",
        found="; ".join(failures) or "no address is known",
        todo=f"run the same command again{kept}, or put the file into $GANSCOPE_DATA/{remote.name}",
    )


def _download_verified(url: str, part: Path, verify: Verify, say: Say) -> None:
    """Bring `part` to its full length and verify it; one that was continued and is wrong is fetched again, whole."""
    resumed = part.exists()
    for attempt in range(_ATTEMPTS):
        try:
            _transfer(url, part, say)
            break
        except (_BrokenOffError, ConnectionError, TimeoutError, HTTPException):
            if attempt == _ATTEMPTS - 1:
                raise
            say(f"the connection broke off; resuming {part.name}")
    try:
        verify(part)
    except DataError:
        part.unlink()
        if not resumed:
            raise
        say(f"{part.name} was continued but is not the right file: downloading it whole")
        _download_verified(url, part, verify, say)


def _transfer(url: str, part: Path, say: Say) -> None:
    """Append to `part` what is missing. Raises `_BrokenOffError` when the server stops before the length it stated."""
    if not re.match(r"https?://", url):
        raise DataError("only http and https addresses are used", found=url)
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "ganscope", "Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    request = urllib.request.Request(url, headers=headers)
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        with error:
            if error.code != 416:  # 416: nothing is left to send, or the part is longer than the file
                raise
            if _stated_total(error.headers) == have:
                return
        part.unlink()
        _transfer(url, part, say)
        return
    with response:
        goes_on = response.status == 206 and _stated_start(response.headers) == have
        have = have if goes_on else 0
        length = response.headers.get("Content-Length", "")
        total = have + int(length) if length.isdigit() else None
        have = _copy(response, part, have, total, say)
    if total is not None and have < total:
        raise _BrokenOffError(f"cut short: got {have:,} of {total:,} bytes")


def _copy(response: Any, part: Path, have: int, total: int | None, say: Say) -> int:
    """Write the response behind the first `have` bytes of `part`; returns the length reached."""
    next_word = time.monotonic() + 1
    with part.open("ab" if have else "wb") as file:
        while block := _read(response):
            file.write(block)
            have += len(block)
            if time.monotonic() >= next_word:
                next_word = time.monotonic() + 1
                share = f" of {total / 1e6:,.1f} MB ({have / total:.0%})" if total else ""
                say(f"downloading {part.stem}: {have / 1e6:,.1f}{share or ' MB'}")
    return have


def _read(response: Any) -> bytes:
    """The next block; a failure here is the network's and not the disk's."""
    try:
        return bytes(response.read(_BLOCK))
    except OSError as error:
        raise _BrokenOffError(str(error)) from error


def _stated_start(headers: Message) -> int:
    match = re.match(r"bytes (\d+)-", headers.get("Content-Range", ""))
    return int(match[1]) if match else -1


def _stated_total(headers: Message) -> int:
    match = re.match(r"bytes .*/(\d+)$", headers.get("Content-Range", ""))
    return int(match[1]) if match else -1


def download_hub(address: str, cache: Path, progress: Say) -> Path:
    """The files of a data set `hf://owner/name` or `hf://owner/name@revision` on the Hugging Face Hub, as a folder.

    Raises `DataError` where it cannot be had, `DependencyError` without `huggingface_hub`.
    """
    name, _, revision = address.removeprefix("hf://").removeprefix("datasets/").partition("@")
    if name.count("/") != 1 or not all(name.split("/")):
        raise DataError(f"{address} names no data set", found=name, todo="use hf://owner/name")
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        todo = "pip install huggingface_hub (or 'ganscope[hub]')"
        what = "a data set of the Hub needs the package huggingface_hub"
        raise DependencyError(what, found="it is not installed", todo=todo) from error
    progress(f"fetching {address}")
    try:
        found = snapshot_download(
            name,
            repo_type="dataset",
            revision=revision or None,
            cache_dir=cache / "hub",
            endpoint=os.environ.get("HF_ENDPOINT") or None,
            max_workers=2,
        )
    except Exception as error:  # the library raises errors of its own, of httpx, of the system
        text = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(f"{address} cannot be had", found=text, todo="check the name and the network") from error
    return Path(found)
