"""What the KL term of a training is measured to."""

from enum import StrEnum


class KlReference(StrEnum):
    """The model that the policy is held near."""

    BASE = "base"
    """the model that the training started from"""
    MOVING = "moving"
    """the policy as it was some steps ago, taken anew at intervals (ProRL: Liu et al. 2025, arXiv 2505.24864)"""
