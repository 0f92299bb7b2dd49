"""The generators and discriminators, under one name a pair."""

from __future__ import annotations

from ganscope.networks.mlp import LEAKY_SLOPE, MlpDiscriminator, MlpGenerator
from ganscope.networks.options import NetworkOptions
from ganscope.networks.pair import NETWORKS, build_pair, scores_independently
from ganscope.networks.plain import Cat, Sum, plain_layers
from ganscope.networks.summary import flops, network_table

__all__ = [
    "LEAKY_SLOPE",
    "NETWORKS",
    "Cat",
    "MlpDiscriminator",
    "MlpGenerator",
    "NetworkOptions",
    "Sum",
    "build_pair",
    "flops",
    "network_table",
    "plain_layers",
    "scores_independently",
]
