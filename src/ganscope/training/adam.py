"""Adam (Kingma & Ba 2015, algorithm 1) through PyTorch's fused kernel, without `torch.optim`.

`torch.optim` gathers its lists of tensors anew at every step, which for a perceptron costs as long as the update, and
its first object imports PyTorch's compiler, which costs a second of every start (docs/log.md).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

EPSILON = 1e-8


class Adam:
    """The numbers of `torch.optim.Adam`. Every parameter needs a gradient at every step.

    `lr` and `betas` may be changed between steps and are no part of the state, which is the moments and the count.
    `rate`: where not None, a tensor `()` on the device that stands for `lr` in the steps: float32 on CUDA, whose kernel
    reads it there, and float64 on the CPU, whose kernel reads the number.
    """

    def __init__(self, parameters: list[nn.Parameter], lr: float, betas: tuple[float, float]) -> None:
        self.parameters: list[Tensor] = list(parameters)
        self.lr, self.betas = lr, betas
        self.rate: Tensor | None = None
        # In their parameter's memory order: the fused kernel walks all of them side by side.
        self.averages, self.squares = (
            [torch.zeros_like(parameter, requires_grad=False) for parameter in parameters] for _ in range(2)
        )
        self.steps = [torch.zeros((), device=parameter.device) for parameter in parameters]
        self.fused = parameters[0].device.type in ("cpu", "cuda")

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter by its gradient."""
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        torch._foreach_add_(self.steps, 1)
        if not self.fused:
            self._step_apart(gradients)
            return
        torch._fused_adam_(
            self.parameters, gradients, self.averages, self.squares, [], self.steps, amsgrad=False,
            lr=self.lr if self.rate is None else self.rate,
            beta1=self.betas[0], beta2=self.betas[1], weight_decay=0.0, eps=EPSILON, maximize=False,
        )  # fmt: skip

    def _step_apart(self, gradients: list[Tensor]) -> None:
        """The same in single operations, for devices without the fused kernel."""
        (beta1, beta2), count = self.betas, float(self.steps[0])
        torch._foreach_lerp_(self.averages, gradients, 1.0 - beta1)
        torch._foreach_mul_(self.squares, beta2)
        torch._foreach_addcmul_(self.squares, gradients, gradients, 1.0 - beta2)
        scale = torch._foreach_sqrt(self.squares)
        torch._foreach_div_(scale, math.sqrt(1.0 - beta2**count))
        torch._foreach_add_(scale, EPSILON)
        torch._foreach_addcdiv_(self.parameters, self.averages, scale, -self.lr / (1.0 - beta1**count))

    def state_dict(self) -> dict[str, Any]:
        """Tensors only: the moments of each parameter, and the count."""
        return {"averages": self.averages, "squares": self.squares, "steps": self.steps}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave. Raises KeyError, ValueError or RuntimeError where it does not fit."""
        for name, own in self.state_dict().items():
            for ours, theirs in zip(own, state[name], strict=True):
                if ours.shape != theirs.shape:
                    raise ValueError(f"{name} of shape {tuple(theirs.shape)} for a parameter of {tuple(ours.shape)}")
                ours.copy_(theirs)
