from __future__ import annotations

import numpy as np
import pytest

from beyondbase.analyses.diversity.measures import Measures
from beyondbase.analyses.diversity.word_measures import add_words
from beyondbase.analyses.diversity.words import distinct_share, words_of

VOCABULARY = [f"word{i}" for i in range(50)]


def texts(rng: np.random.Generator, length: int, number: int = 16) -> list[str]:
    return [" ".join(rng.choice(VOCABULARY, size=length)) for _ in range(number)]


def test_grams_are_counted_within_texts_and_never_across() -> None:
    words = words_of(["a b a b", "b a"], [True, False])
    assert words.grams == ((3, 3), (2, 2))  # a, b; ab, ba


def test_clusters_do_not_depend_on_the_order_of_texts() -> None:
    rng = np.random.default_rng(0)
    some = [*texts(rng, 30, 4), *["the same way of doing it"] * 3, ""]
    one, other = words_of(some, [True] * 8), words_of(some[::-1], [True] * 8)
    assert one.clusters == other.clusters == (3, 1, 1, 1, 1, 1)
    assert one.difference == pytest.approx(other.difference)
    assert one.correct_first[-1] == one.clusters


def test_texts_without_words_are_alike_and_unlike_all_others() -> None:
    assert words_of(["", " "], [True, True]).difference == 0.0
    assert words_of(["", "x"], [True, True]).difference == 1.0
    assert words_of(["x", "x"], [False, True]).correct_difference is None


def test_distinct_n_does_not_punish_length() -> None:
    """The same law of words, texts of 20 and of 80 words: plain distinct-1 falls, that of equally many words stays."""
    rng = np.random.default_rng(1)
    short, long = ([words_of(texts(rng, n), [True] * 16) for _ in range(20)] for n in (20, 80))
    plain = [np.mean([len(each.grams[0]) / sum(each.grams[0]) for each in side]) for side in (short, long)]
    assert plain[1] < plain[0] / 3
    fair = [np.mean([distinct_share(each.grams[0], 16 * 20) for each in side]) for side in (short, long)]
    assert fair[1] == pytest.approx(fair[0], rel=0.03)
    made = Measures(0.95)
    assert add_words(made, short, long, 16, more="draw more")
    row = next(row for row in made.rows if row["measure"] == "distinct_1")
    assert row["base"] == pytest.approx(fair[0]) and row["rl"] == pytest.approx(fair[1])


def test_texts_too_short_for_pairs_of_words_are_missing_there() -> None:
    made = Measures(0.95)
    one = [words_of(["a", "b"], [True, True])] * 3
    assert add_words(made, one, one, 2, more="draw more")
    assert "sample longer texts" in made.missing["distinct_2"]
    assert "distinct_1" in [row["measure"] for row in made.rows]
