"""Feature spaces: what turns images into vectors that metrics and the map can measure."""

from __future__ import annotations

from ganscope.features.cache import recalled
from ganscope.features.classifier import FEATURES, planned_images, train_classifier
from ganscope.features.operators import feature_operators
from ganscope.features.space import FeatureSpace
from ganscope.features.spaces import feature_space, has_usable_labels

__all__ = [
    "FEATURES",
    "FeatureSpace",
    "feature_operators",
    "feature_space",
    "has_usable_labels",
    "planned_images",
    "recalled",
    "train_classifier",
]
