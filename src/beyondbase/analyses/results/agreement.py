"""What two verifiers on the same samples return."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from beyondbase.analyses.stored import Stored


@dataclass(frozen=True, slots=True, eq=False)
class Agreement(Stored):
    """How far two verifiers agree on the samples of one run or two, and what the second does to the curves.

    runs      run, stop_at, n_max, samples (drawn, up to n_max), judged (by both), first_missing, second_missing
              (samples without a verdict, errors of the verifier included), differ (samples whose verdicts differ),
              only_first, only_second (samples correct under one alone), solved_only_first, solved_only_second
              (problems with a correct sample under one alone), first_owing, first_owed, second_owing, second_owed
              (problems that owe samples under each, and how many samples at most)
    shares    run, of ("correct or not", "verdict"), samples, share, share_lo, share_hi, kappa (null: not defined),
              kappa_lo, kappa_hi: of the samples before a stop, problems weighing alike
    table     run, first, second, samples: all pairs of verdicts; an error of a verifier stands apart from all else
    problems  run, problem_id, samples, alike, first_correct, second_correct, only_first, only_second, solved_first,
              solved_second: of the samples that both judged
    disagreements  run, problem_id, sample_index, first, second, first_answer, second_answer, first_detail,
              second_detail, reference, text_end: those on correct or not first; at most `most_listed` a run
    curves    run, k, first, first_lo, first_hi, second, second_lo, second_hi (pointwise), delta (second minus first),
              delta_lo, delta_hi (over all k at once, problems paired)
    difference  k, first, first_lo, first_hi, second, second_lo, second_hi: second run minus first run under each
              verifier, over all k at once; change, change_lo, change_hi: how much the second verifier moves it,
              pointwise; None for one run
    """

    first: str
    """name of the verifier that is compared with"""
    second: str
    confidence: float
    seed: int
    n_problems: int
    first_n: int | None
    """None: the curves count what the rule of each run counts; else the first so many samples of each problem"""
    most_listed: int
    runs: pl.DataFrame
    shares: pl.DataFrame
    table: pl.DataFrame
    problems: pl.DataFrame
    disagreements: pl.DataFrame
    curves: pl.DataFrame
    difference: pl.DataFrame | None
