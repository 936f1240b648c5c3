"""Both runs of a study scored under both models: what the analysis of likelihoods reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from beyondbase.pipeline.score import FIRST, score_run
from beyondbase.sampling.scorers import LoadScorer
from beyondbase.types import Progress


@dataclass(frozen=True, slots=True)
class Scoring:
    """The models that score."""

    base: LoadScorer
    rl: LoadScorer
    first: int = FIRST
    """samples of each problem that are scored"""


def score_pair(scoring: Scoring, base: Path, rl: Path, progress: Progress) -> None:
    """Score both runs under both models, one model in memory at a time; goes on where it was.

    A run under its own model too: what that would have chosen first, and ranks, no sample holds.
    """
    for under, load in (("base", scoring.base), ("rl", scoring.rl)):
        scorer = load()
        for path in (base, rl):
            score_run(path, scorer, first=scoring.first, progress=progress, label=f"{path.name} under {under}")
        del scorer  # before the next model is loaded
