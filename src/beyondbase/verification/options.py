"""What each verifier can be told: fields are flags of the command line, and settings beside the verdicts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VerifierOptions:
    """Options of all verifiers; those of others than the one at work are not read."""
