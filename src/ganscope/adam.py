"""Adam (Kingma & Ba 2015, algorithm 1) through PyTorch's fused kernel, without `torch.optim`'s bookkeeping."""

from __future__ import annotations

from typing import Any

import torch


class Adam(torch.optim.Adam):
    """`torch.optim.Adam` with one group, the same states and the same numbers.

    `torch.optim` gathers its lists of tensors anew at every step, which for a perceptron costs as long as the update.
    Here they are gathered once, at the first step and after every `load_state_dict`. All parameters need gradients.
    """

    _gathered: tuple[list[torch.Tensor], ...] | None = None

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self._gathered = None

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        group = self.param_groups[0]
        parameters = group["params"]
        if self._gathered is None:
            if not self.state:  # its first step makes the states
                super().step(closure)
                return
            states = [self.state[parameter] for parameter in parameters]
            self._gathered = tuple([s[key] for s in states] for key in ("exp_avg", "exp_avg_sq", "step"))
        averages, squares, steps = self._gathered
        torch._foreach_add_(steps, 1)
        torch._fused_adam_(
            parameters,
            [parameter.grad for parameter in parameters],
            averages,
            squares,
            [],
            steps,
            amsgrad=False,
            lr=group["lr"],
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            weight_decay=0.0,
            eps=group["eps"],
            maximize=False,
        )


# Without this mark `torch.optim` wraps every step in a profiler range, at the price of half an update of a perceptron.
Adam.step.hooked = True  # type: ignore[attr-defined]
