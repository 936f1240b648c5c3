"""The words on the confirmation: what fresh samples say, or what they would cost."""

from __future__ import annotations

from beyondbase.analyses.results import Comparison, Confirmation, EscalationPlan
from beyondbase.wording import number


def confirmation_sentence(comparison: Comparison) -> str:
    """Say what became of the problems that one model alone solved, and what is open."""
    parts = []
    if comparison.confirmation is not None:
        parts.append(_tested(comparison.confirmation, comparison.confidence))
    if comparison.escalation is not None:
        parts.append(_owed(comparison.escalation))
    return " ".join(parts) or "No problem was solved by one model alone: there is nothing to confirm."


def _tested(confirmation: Confirmation, confidence: float) -> str:
    of = {row["cell"]: row for row in confirmation.directions.iter_rows(named=True)}
    shares = [f"{row['confirmed']} of {row['tested']} as {cell}" for cell, row in of.items()]
    drawn = f"{confirmation.base_samples:,} of the base, {confirmation.rl_samples:,} of RL"
    return (
        f"On fresh samples alone ({drawn}) {' and '.join(shares)} are confirmed, each list with at most "
        f"{(1 - confidence) * 100:.3g}% false discoveries expected."
    )


def _owed(plan: EscalationPlan) -> str:
    problems = number(plan.problems["problem_id"].n_unique(), "problem")
    return (
        f"Without fresh samples: {problems} that one model alone solved. `beyondbase compare --confirm` draws them "
        f"from both models, up to {plan.n_max:,} each: about {plan.expected:,} in all, at most {plan.at_most:,}."
    )
