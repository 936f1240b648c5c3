"""How many different things the two models say of the same problems."""

from beyondbase.analyses.diversity.made import diversity

__all__ = ["diversity"]
