"""Device, precision, memory format and random generators: the only file that knows of CUDA, bf16 or channels_last."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import nn

from ganscope.errors import ConfigError
from ganscope.processes import on_this_machine, place_on_this_machine


@dataclass(frozen=True)
class Backend:
    """Where and how the networks run, with one line that says why."""

    device: torch.device
    autocast_dtype: torch.dtype | None  # of autograd's passes; None: float32 throughout
    product_dtype: torch.dtype  # of the factors of products in hand-written passes
    channels_last: bool
    threads: int
    reason: str

    def autocast(self) -> AbstractContextManager[object]:
        """The precision of the networks' passes; losses and penalties stay in float32."""
        if self.autocast_dtype is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast_dtype)

    def place(self, network: nn.Module) -> nn.Module:
        """Move a network here, in the memory format that is fastest."""
        network = network.to(self.device)
        if self.channels_last:
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network

    def layout(self, images: torch.Tensor) -> torch.Tensor:
        """Images `(N, C, H, W)` in the memory format of the networks; points `(N, d)` stay as they are."""
        if not self.channels_last or images.dim() != 4:
            return images
        return images.contiguous(memory_format=torch.channels_last)


def cores() -> int:
    """This process's share of the cores that it may use: more threads than these wait for each other."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, allowed // on_this_machine())


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bf16 products are faster than float32 ones: AVX512-BF16 or AMX on a CPU, compute capability 8 on CUDA."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8
    if device.type == "cpu":
        flags = _cpu_flags()
        return "avx512_bf16" in flags or "amx_bf16" in flags
    return False


def _cpu_flags() -> frozenset[str]:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            for line in file:
                if line.startswith("flags"):
                    return frozenset(line.split())
    except OSError:
        pass
    return frozenset()


def choose_backend(
    *,
    device: str = "auto",
    precision: str = "auto",
    threads: int = 0,
    convolutional: bool = True,
    written_out: bool = False,
) -> Backend:
    """The path that suits this machine.

    Args:
        threads: 0 for as many as help. written_out: for passes that need no autograd.

    Raises:
        ConfigError: a device that is not there.
    """
    name = device
    if device == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and (place := place_on_this_machine()) is not None:
        name = f"cuda:{place}"
        torch.cuda.set_device(name)
    try:
        chosen = torch.device(name)
        torch.empty(1, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"--device {device} is not available", found=str(error).split("\n")[0], todo="use --device cpu"
        ) from error
    # Products as small as a perceptron's gain nothing from a second thread (docs/log.md): the core is better left free.
    count = threads or (cores() if convolutional else 1)
    if chosen.type == "cpu":
        torch.set_num_threads(count)
        keep_freed_memory()
    if chosen.type == "cuda":
        # Some of cuDNN's weight gradients add in the order in which threads come; same seed, same bits forbids them.
        torch.backends.cudnn.deterministic = True
    fast = has_fast_bf16(chosen)
    bf16 = precision == "bf16" or (precision == "auto" and fast and (convolutional or written_out))
    why = (
        "asked for"
        if precision != "auto"
        else (
            "this hardware multiplies bf16 fast"
            if bf16
            else "small products under autograd gain nothing from bf16"
            if fast
            else "no bf16 unit here"
        )
    )
    layout = convolutional
    where = f"{count} thread{'s' * (count > 1)} of {platform.machine()}" if chosen.type == "cpu" else str(chosen)
    reason = f"{chosen.type}, {'bf16' if bf16 else 'float32'} ({why}), {'channels_last, ' if layout else ''}{where}"
    dtype = torch.bfloat16 if bf16 else torch.float32
    return Backend(chosen, dtype if bf16 and not written_out else None, dtype, layout, count, reason)


def keep_freed_memory() -> None:
    """Let glibc keep what is freed: activations given back and taken anew cost a page fault for every 4 KiB.

    Some 1,000 faults an iteration at 28×28 and a twentieth of its time (docs/log.md). Other C libraries are left alone.
    """
    if platform.system() != "Linux" or platform.libc_ver()[0] != "glibc":
        return
    mmap_threshold, trim_threshold = -3, -1  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(mmap_threshold, 2**30)
        library.mallopt(trim_threshold, 2**31 - 1)


@contextmanager
def every_core(backend: Backend) -> Iterator[None]:
    """All cores for what is computed inside, where the training itself leaves some of them free."""
    if backend.device.type == "cpu" and cores() > backend.threads:
        torch.set_num_threads(cores())
    try:
        yield
    finally:
        if backend.device.type == "cpu":
            torch.set_num_threads(backend.threads)
