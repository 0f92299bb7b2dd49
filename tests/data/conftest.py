"""Fixtures of the tests of data."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from fixtures.pictures import encoded, noise
from fixtures.serving import CONTENT, Server


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    running.files["/set/file.bin"] = CONTENT
    yield running
    running.stop()


@pytest.fixture(scope="session")
def patient(tmp_path_factory: pytest.TempPathFactory) -> str:
    """2 classes of 60 and 10 images, and one file of every trouble."""
    root = tmp_path_factory.mktemp("patient")
    files = {f"cats/{i:02d}.png": encoded(noise(i)) for i in range(60)}
    files |= {f"dogs/{i:02d}.png": encoded(noise(100 + i)) for i in range(5)}
    files |= {
        "dogs/copy.png": files["dogs/00.png"],
        "dogs/near.jpg": encoded(noise(101).resize((90, 90)), "JPEG", quality=70),
        "dogs/wide.png": encoded(noise(200, 200, 64)),
        "dogs/small.png": encoded(noise(201, 20, 20)),
        "dogs/grey.png": encoded(noise(202).convert("L")),
        "dogs/zero.png": b"",
        "dogs/text.png": b"text",
        "dogs/anim.gif": encoded(noise(203), "GIF", save_all=True, append_images=[noise(204)]),
        "notes.txt": b"",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content)
    with open(os.fsencode(root) + b"/dogs/na\xffme.png", "wb") as file:  # noqa: PTH123 (bytes)
        file.write(encoded(noise(205)))
    return str(root)
