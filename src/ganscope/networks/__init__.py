"""The generators and discriminators, under one name a pair."""

from __future__ import annotations

from ganscope.networks.mlp import LEAKY_SLOPE, MlpDiscriminator, MlpGenerator
from ganscope.networks.pair import NETWORKS, build_pair, scores_independently
from ganscope.networks.summary import flops, network_table

__all__ = [
    "LEAKY_SLOPE",
    "NETWORKS",
    "MlpDiscriminator",
    "MlpGenerator",
    "build_pair",
    "flops",
    "network_table",
    "scores_independently",
]
