"""What the words of both models' texts tell, as measures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from beyondbase.analyses.diversity.measures import NUMBER, SHARE, Measure, Measures, most_common_to_half
from beyondbase.analyses.diversity.words import GRAMS, Words, distinct_share
from beyondbase.estimators.hill import agreement
from beyondbase.estimators.paired_change import Scale
from beyondbase.types import FloatArray


def add_words(made: Measures, base: list[Words], rl: list[Words], n: int, *, more: str) -> bool:
    """Add what the words of n texts of each problem tell; False where there are none.

    more: what would give more correct samples.
    """
    if not any(each.grams[0] for each in [*base, *rl]):
        made.missing["words"] = "the samples have no texts; sample again with an engine that tells them"
        return False
    for place, gram in enumerate(GRAMS):
        _add_distinct(made, gram, [each.grams[place] for each in base], [each.grams[place] for each in rl], n)
    made.add(Measure("word_difference", n, SHARE), *_each(base, rl, "difference"))
    sizes = [[each.clusters for each in side] for side in (base, rl)]
    found = [np.array([float(len(each)) for each in side]) for side in sizes]
    made.add(Measure("clusters_0", n, NUMBER, 0, most=n), found[0], found[1])
    same = [np.array([agreement(each) for each in side]) for side in sizes]
    made.add(Measure("clusters_2", n, NUMBER, 2, Scale.INVERSE), same[0], same[1])
    _add_correct(made, base, rl, more)
    return True


def _add_distinct(made: Measures, gram: int, base: list[tuple[int, ...]], rl: list[tuple[int, ...]], n: int) -> None:
    """distinct-n of each problem, among as many n-grams as the model with fewer of them has."""
    name, totals = (
        f"distinct_{gram}",
        [(one, other, min(sum(one), sum(other))) for one, other in zip(base, rl, strict=True)],
    )
    shares = [[distinct_share(one, m), distinct_share(other, m)] for one, other, m in totals if m]
    if len(shares) < 2:
        made.missing[name] = "2 problems with texts of as many words under both models are needed; sample longer texts"
        return
    share_P_M = np.array(shares)
    made.add(Measure(name, n, SHARE), share_P_M[:, 0], share_P_M[:, 1])


def _add_correct(made: Measures, base: list[Words], rl: list[Words], more: str) -> None:
    """Words and clusters of equally many correct samples."""
    pairs = zip(base, rl, strict=True)
    both_P = np.array([2 ** min(len(one.correct_first), len(other.correct_first)) for one, other in pairs])
    m = most_common_to_half(both_P)
    if m is None:
        made.missing["words of correct samples"] = (
            f"2 problems with 2 correct samples of both models are needed; {more}"
        )
        return
    used = np.flatnonzero(both_P >= m)
    some = [[side[i] for i in used] for side in (base, rl)]
    made.add(Measure("correct_word_difference", m, SHARE), *_each(some[0], some[1], "correct_difference"))
    place = m.bit_length() - 2
    found = [np.array([float(len(each.correct_first[place])) for each in side]) for side in some]
    made.add(Measure("correct_clusters_0", m, NUMBER, 0, most=m), found[0], found[1])


def _each(base: Sequence[Words], rl: Sequence[Words], name: str) -> tuple[FloatArray, FloatArray]:
    one, other = (np.array([getattr(each, name) for each in side], dtype=np.float64) for side in (base, rl))
    return one, other
