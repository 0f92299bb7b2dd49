"""What a pair of networks is built from."""

from __future__ import annotations

from dataclasses import dataclass

from ganscope.config import Size


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """Every choice that a builder may read; each network reads those that it has.

    Attributes:
        size: a side or (H, W) in pixels; not read by `toy`. channels: of one image, or the dimension of a point.
        g_width, d_width: base widths. init_std: of normal weights, 0 for the network's own initialisation.
        pack: images that D judges together, joined along the channels (Lin et al. 2018).
        d_norm: `batch` or `none`, of the dcgan's D. bottom: one extra 3×3 convolution at the lowest resolution of both
            dcgan networks. g_blur: a filter [1 2 1] after the dcgan generator's last upsampling.
        num_classes: K of a pair that is told the class of every image; 0: of one that is not.
        d_classify: above 0 D ends in a classifier's logits as well.
    """

    size: Size
    channels: int
    latent_dim: int = 100
    g_width: int
    d_width: int
    init_std: float = 0.0
    spectral_norm: bool = False
    pack: int = 1
    d_norm: str = "batch"
    num_classes: int = 0
    d_classify: float = 0.0
    bottom: bool = False
    g_blur: bool = False

    @property
    def d_outputs(self) -> int:
        """Numbers in which D ends: a logit, one more a class, and a classifier's logits where it is one."""
        return 1 + self.num_classes * (2 if self.d_classify > 0 else 1)
