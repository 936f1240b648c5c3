"""Whether a specification can be sampled by."""

from __future__ import annotations

from beyondbase.errors import BadInput
from beyondbase.types import SamplingSpec


def check_spec(spec: SamplingSpec) -> None:
    """Raise BadInput for a specification that nothing can be sampled by."""
    if not spec.temperature >= 0:
        raise BadInput(f"temperature: expected 0 (greedy) or more, got {spec.temperature}")
    if not 0 < spec.top_p <= 1:
        raise BadInput(f"top-p: expected 0 < top-p <= 1, got {spec.top_p}; 1 keeps every token")
    if spec.top_k is not None and spec.top_k < 1:
        raise BadInput(f"top-k: expected at least 1, got {spec.top_k}; None keeps every token")
    if spec.max_tokens < 1:
        raise BadInput(f"max-tokens: expected at least 1, got {spec.max_tokens}")
