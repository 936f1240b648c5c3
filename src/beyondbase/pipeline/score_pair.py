"""Both runs of a study scored under both models: what the analysis of likelihoods reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from beyondbase.pipeline.score import FIRST, score_run
from beyondbase.sampling.scorer import Scorer
from beyondbase.store import open_run
from beyondbase.types import Progress, SamplingSpec

LoadScorer = Callable[[], Scorer]


@dataclass(frozen=True, slots=True)
class Scoring:
    """The models that score."""

    base: LoadScorer
    rl: LoadScorer
    first: int = FIRST
    """samples of each problem that are scored"""


def score_pair(scoring: Scoring, base: Path, rl: Path, progress: Progress) -> None:
    """Score both runs under both models, one model in memory at a time; goes on where it was.

    A run drawn at the model's own distribution holds what its own model would give it, and is not scored by it.
    """
    for scorer_of, own in ((scoring.base, base), (scoring.rl, rl)):
        owed = [path for path in (base, rl) if path != own or not is_own_distribution(open_run(path).manifest.spec)]
        scorer = scorer_of()
        for path in owed:
            under = "base" if own == base else "rl"
            score_run(path, scorer, first=scoring.first, progress=progress, label=f"{path.name} under {under}")
        del scorer  # before the next model is loaded


def is_own_distribution(spec: SamplingSpec) -> bool:
    """Whether samples were drawn from the model's own distribution, nothing cut off or sharpened."""
    return (spec.temperature, spec.top_p, spec.top_k) == (1.0, 1.0, None)
