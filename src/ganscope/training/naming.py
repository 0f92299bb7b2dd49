"""A discriminator that names classes as well: the auxiliary classifier of Odena et al. 2017, beside the projection.

D learns to name the class of real images (weight `d_classify`), so that its features tell the classes apart, and
G, where asked, to draw images that D names as they were asked for (weight `g_classify`). The first changes nothing of
what G is asked for; the second does: images between two classes become rarer than they are (Gong et al. 2019).
"""

from __future__ import annotations

import contextlib

from torch import Tensor, nn
from torch.nn import functional as F

from ganscope.config import Plan
from ganscope.networks import naming


def names_of(d: nn.Module, config: Plan) -> contextlib.AbstractContextManager[list[Tensor]]:
    """Inside, D's passes leave the logits of their names, `(N, K)` each, where D learns to name; else nothing."""
    return naming(d) if config.num_classes and config.d_classify else contextlib.nullcontext([])


def misnamed(names: Tensor, labels: Tensor | None, weight: float) -> Tensor:
    """The weighted cross-entropy of the names `(≥ N, K)` with the classes `(N,) int64` of their first N rows.

    No recorded loss contains it: losses with and without it can be compared.
    """
    assert labels is not None
    return weight * F.cross_entropy(names[: len(labels)].float(), labels)
