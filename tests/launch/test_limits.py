"""Little memory: data larger than it train to their end, and where it is not enough that is one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ganscope import cli
from ganscope.cli import main
from ganscope.config.plan import plan
from ganscope.config.presets import make_config
from ganscope.training import images_at_once

# The windows of the stream are made smaller than they are, so that the data may be: it holds two of them.
LIMITED = """
import resource, sys
from pathlib import Path
import torch, ganscope.launch, ganscope.page, ganscope.recorder
from ganscope.cli import main
from ganscope.training import order
kept = order.ByBlocks.__init__.__kwdefaults__
assert kept["window"] == order.WINDOW_BYTES
kept["window"] = 2**24
lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
used = int(lines["VmData"].split()[0]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (used + int(sys.argv[2]),) * 2)
sys.exit(main(["train", sys.argv[1], "--preset", "mlp", "--epochs", "0.01", "--num-fakes", "128", "--no-metrics",
               "--map", "none", "--quiet", "--threads", "1", "--run", sys.argv[3]]))
"""


def trained(data: Path, run: Path, room: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", LIMITED, data, str(room), run], capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_DATA counts mapped memory on Linux only")
def test_data_larger_than_the_memory_are_trained_on(tmp_path: Path) -> None:
    """344 MB of pictures in a process that may take 200 MB more than the program itself; 60 MB are too few."""
    images = np.lib.format.open_memmap(tmp_path / "a.npy", "w+", np.uint8, (112_000, 32, 32, 3))
    source = np.random.default_rng(0)
    for start in range(0, len(images), 8_000):
        images[start : start + 8_000] = source.integers(0, 256, (8_000, 32, 32, 3), np.uint8)
    images.flush()
    del images
    done = trained(tmp_path / "a.npy", tmp_path / "run", 200 * 10**6)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "report.html").is_file() and len(list((tmp_path / "run" / "samples").iterdir())) >= 4
    little = trained(tmp_path / "a.npy", tmp_path / "little", 60 * 10**6)
    assert little.returncode == 2 and "not enough memory" in little.stderr and "Traceback" not in little.stderr


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 3.00 GiB for an array"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: 8 bytes."),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB.\nSee documentation"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
    ],
    ids=["numpy", "torch", "cuda", "torch on Windows"],
)
def test_no_memory_is_one_line(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(arguments: object) -> int:
        raise error

    monkeypatch.setattr(cli.COMMANDS["runs"], "run", fail)
    assert main(["runs"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("ganscope: there is not enough memory\n  found: ") and "--batch-size" in said
    assert str(error).split("\n")[0] in said and said.count("\n") == 3
    monkeypatch.setattr(error, "args", ("mat1 and mat2 shapes cannot be multiplied",))
    if isinstance(error, RuntimeError):
        with pytest.raises(RuntimeError):
            main(["runs"])


def test_large_images_are_made_few_at_once() -> None:
    at_once = {
        side: images_at_once(plan(make_config("x", "dcgan", size=side), num_images=100, size=side, channels=3))
        for side in (28, 64, 128, 256, 512)
    }
    assert at_once == {28: 250, 64: 250, 128: 250, 256: 62, 512: 32}
