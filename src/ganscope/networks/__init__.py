"""The generators and discriminators, under one name a pair."""

from __future__ import annotations

from ganscope.networks.conditional import joined, naming, told
from ganscope.networks.mlp import LEAKY_SLOPE, MlpDiscriminator, MlpGenerator
from ganscope.networks.operators import Operator, apply, generator_operators, layer_operators
from ganscope.networks.options import NetworkOptions
from ganscope.networks.packed import num_weights, packed, unpacked
from ganscope.networks.pair import NETWORKS, build_pair, scores_independently
from ganscope.networks.plain import Cat, Sum, plain_layers
from ganscope.networks.summary import activations, count_parameters, flops, network_table

__all__ = [
    "LEAKY_SLOPE",
    "NETWORKS",
    "Cat",
    "MlpDiscriminator",
    "MlpGenerator",
    "NetworkOptions",
    "Operator",
    "Sum",
    "activations",
    "apply",
    "build_pair",
    "count_parameters",
    "flops",
    "generator_operators",
    "joined",
    "layer_operators",
    "naming",
    "network_table",
    "num_weights",
    "packed",
    "plain_layers",
    "scores_independently",
    "told",
    "unpacked",
]
