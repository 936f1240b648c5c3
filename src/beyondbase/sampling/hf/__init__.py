"""The engine for transformers models in this process."""

from beyondbase.sampling.hf.engine import HfEngine

__all__ = ["HfEngine"]
