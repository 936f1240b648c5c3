"""Verifiers: from an answer text to a verdict."""

from __future__ import annotations

from collections.abc import Callable

from beyondbase.verification.countdown import CountdownVerifier
from beyondbase.verification.exact import ExactMatch
from beyondbase.verification.verifier import Verifier

__all__ = ["VERIFIERS", "Verifier"]

VERIFIERS: dict[str, Callable[[], Verifier]] = {
    "countdown": CountdownVerifier,
    "exact": ExactMatch,
}
