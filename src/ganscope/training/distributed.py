"""One training in several processes: `torchrun … -m -- ganscope train DATA`.

Every process holds both networks and trains on its part of each batch; once a phase the gradients are summed, all at
once in one flat vector (as in StyleGAN3 and R3GAN; the hooks of DDP expect one backward pass a step). Whatever is drawn
is drawn for the whole batch by every process, which then takes its rows: one process or eight make the same training,
up to the order in which sums are taken. The first process, rank 0, reads checkpoints, records, measures and saves.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous

from ganscope.errors import ConfigError, PeerError, TrainingError
from ganscope.processes import started_by_torchrun

PATIENCE = timedelta(minutes=30)  # how long a process waits for the others: rank 0 may be at a snapshot
AGREE_EVERY = 8  # iterations between agreements on what a clock or a signal asks for


@dataclass(frozen=True)
class World:
    """Which of how many processes this is. Methods whose results all processes share are called by all of them."""

    rank: int = 0
    size: int = 1
    store: Any = None  # torchrun's, which lives on when a process dies

    @property
    def records(self) -> bool:
        """Whether this process writes the run."""
        return self.rank == 0

    # ---- its part of a batch -----------------------------------------------------------------------------------------
    def part(self, rows: Tensor, pack: int = 1) -> Tensor:
        """The rows that are this process's, of all rows of a batch: every `size`-th, `pack` consecutive ones together.

        Strided, so that the first share of a batch is spread over all processes.
        """
        if self.size == 1:
            return rows
        packs = rows.reshape(len(rows) // pack, pack, *rows.shape[1:])
        return packs[self.rank :: self.size].flatten(0, 1)

    def count(self, rows: int, pack: int = 1) -> int:
        """How many of so many rows are this process's."""
        return len(range(self.rank, rows // pack, self.size)) * pack

    def require_rows(self, batch_size: int, pack: int) -> None:
        """Raises ConfigError: a process without a row."""
        if batch_size // pack < self.size:
            raise ConfigError(
                "the batch is too small for so many processes",
                found=f"--batch-size {batch_size}, --pack {pack}, {self.size} processes",
                todo="raise --batch-size, or start fewer with --nproc-per-node",
            )

    # ---- what all of them share --------------------------------------------------------------------------------------
    @torch.no_grad()
    def sum_gradients(self, parameters: list[nn.Parameter]) -> None:
        """Replace every gradient by its sum over the processes: one flat all-reduce."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        # In the memory's order and not the shape's: a view, whatever the strides.
        flat = torch.cat([_in_memory_order(gradient) for gradient in gradients])
        self.sum_(flat)
        sizes = [gradient.numel() for gradient in gradients]
        for gradient, part in zip(gradients, flat.split(sizes), strict=True):
            _in_memory_order(gradient).copy_(part)

    def sum_(self, tensor: Tensor) -> None:
        """Replace a tensor by its sum over the processes."""
        if self.size > 1:
            with self.hearing():
                torch.distributed.all_reduce(tensor)

    def any(self, flag: bool, iteration: int = 0) -> bool:
        """Whether one of the processes says so; where there are several they ask every AGREE_EVERY iterations only."""
        if self.size == 1:
            return flag
        if iteration % AGREE_EVERY:
            return False
        said = torch.tensor([float(flag)])
        self.sum_(said)
        return bool(said.item())

    def tell(self, text: str | None = None) -> str:
        """What rank 0 says, to all."""
        if self.size == 1:
            return text or ""
        said = (text or "").encode()
        length = torch.tensor([len(said)])
        self._broadcast(length)
        message = torch.zeros(int(length), dtype=torch.uint8)
        if self.records:
            message.copy_(torch.frombuffer(bytearray(said), dtype=torch.uint8) if said else message)
        if len(message):
            self._broadcast(message)
        return message.numpy().tobytes().decode()

    def spread(self, tensors: list[Tensor]) -> None:
        """Replace tensors by those of rank 0."""
        for tensor in tensors:
            self._broadcast(tensor)

    def require_equal(self, parameters: list[nn.Parameter], iteration: int) -> None:
        """Raises TrainingError: weights that differ between the processes."""
        if self.size == 1:
            return
        total = torch.stack([parameter.detach().double().abs().sum() for parameter in parameters]).sum().cpu()
        sums = torch.zeros(self.size, dtype=torch.float64)
        sums[self.rank] = total
        self.sum_(sums)
        if bool((sums.nan_to_num() != sums.nan_to_num()[0]).any()):
            raise TrainingError(
                f"the processes hold different weights at iteration {iteration}",
                found=f"sums from {float(sums.min())!r} to {float(sums.max())!r}",
                todo="use the same machine type and versions for all; the last checkpoint, before this, is kept",
            )

    @contextlib.contextmanager
    def hearing(self) -> Iterator[None]:
        """Raises PeerError in place of the many errors of a connection that another process no longer holds.

        It has words in the first process that notices, and none in the others: one line says it for all.
        """
        try:
            yield
        except RuntimeError as error:
            with contextlib.suppress(ValueError):  # not the main thread
                signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun's, which would come before the line is out
            raise PeerError(
                "another process of this training has ended: all end. The same command goes on from the last checkpoint"
                if self.first_to_end()
                else ""
            ) from error

    def first_to_end(self) -> bool:
        """Whether no process has yet told of the end."""
        try:
            return int(self.store.add("ganscope/ended", 1)) == 1
        except (RuntimeError, AttributeError):  # the store has ended as well
            return True

    def _broadcast(self, tensor: Tensor) -> None:
        if self.size == 1:
            return
        with self.hearing(), torch.no_grad():
            dense = tensor.detach().contiguous()
            torch.distributed.broadcast(dense, 0)
            if dense.data_ptr() != tensor.data_ptr():
                tensor.detach().copy_(dense)


ALONE = World()


@contextlib.contextmanager
def joined_world() -> Iterator[World]:
    """The processes that torchrun started, joined while the block runs; ALONE where it did not."""
    if not started_by_torchrun():
        yield ALONE
        return
    store, rank, size = next(rendezvous("env://", timeout=PATIENCE))
    world = World(rank, size, store)
    with world.hearing():
        torch.distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo",
            store=store,
            rank=rank,
            world_size=size,
            timeout=PATIENCE,
        )
    try:
        yield world
    except PeerError:
        raise
    except BaseException:
        world.first_to_end()
        raise
    finally:
        with contextlib.suppress(RuntimeError):
            torch.distributed.destroy_process_group()


def _in_memory_order(tensor: Tensor) -> Tensor:
    """All numbers of a dense tensor as one axis, without a copy."""
    return tensor.as_strided((tensor.numel(),), (1,))


# ---- batch norm over all processes -----------------------------------------------------------------------------------


class _Sum(torch.autograd.Function):
    """The sum over the processes, differentiable as often as one likes: the gradient of a sum is summed likewise."""

    @staticmethod
    def forward(ctx: Any, world: World, tensor: Tensor) -> Tensor:
        ctx.world = world
        total = tensor.clone()
        world.sum_(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor]:
        return None, _Sum.apply(ctx.world, gradients[0].contiguous())


class SharedBatchNorm(nn.BatchNorm2d):
    """Batch norm whose statistics, in training, are those of the whole batch: one sum of 2 C + 1 numbers a pass."""

    world: World = ALONE

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        assert self.running_mean is not None and self.running_var is not None and self.momentum is not None
        assert self.num_batches_tracked is not None
        x = input if input.dtype in (torch.float32, torch.float64) else input.float()
        # Squares around a mean known to all: those around 0 would lose digits where the mean is far from it.
        near = self.running_mean.detach().clone()
        gaps = x - near[:, None, None]
        count = gaps.new_tensor([gaps.numel() / gaps.shape[1]])
        sums = _Sum.apply(self.world, torch.cat([gaps.sum((0, 2, 3)), gaps.square().sum((0, 2, 3)), count]))
        total = sums[-1].detach()
        gap, square = (sums[:-1] / total).chunk(2)
        variance = square - gap.square()
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_((near + gap).to(self.running_mean), self.momentum)
            self.running_var.lerp_((variance * total / (total - 1.0)).to(self.running_var), self.momentum)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        out = torch.addcmul(self.bias[:, None, None], gaps - gap[:, None, None], scale[:, None, None])
        return out.to(input.dtype)


def share_batch_norm(network: nn.Module, world: World) -> nn.Module:
    """Let the batch norms of a network take their statistics over all processes; its weights stay where they are."""
    if world.size > 1:
        for module in network.modules():
            if type(module) is nn.BatchNorm2d:
                module.__class__ = SharedBatchNorm
                module.world = world  # type: ignore[assignment]
    return network
