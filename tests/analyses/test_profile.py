from __future__ import annotations

import polars as pl
import pytest

from beyondbase.analyses.first_samples import first_counts, whole_prefix
from beyondbase.analyses.profile import profile_of
from beyondbase.estimators.majority import majority_at_k
from beyondbase.estimators.pass_at_k import pass_at_k
from beyondbase.estimators.success_profile import g_pass_at_k, mg_pass_at_k, pass_hat_k
from beyondbase.types import SuccessCounts

IDS = ["a", "b", "c"]
FIXED = SuccessCounts(IDS, n=[8] * 3, c=[0, 3, 8])


def rows(answers: list[list[str]]) -> pl.DataFrame:
    """One list of answers a problem; "r" is right, "" no answer."""
    verdict = {"r": "correct", "": "no_answer"}
    flat = [
        (problem, i, verdict.get(answer, "wrong"), answer)
        for problem, some in zip(IDS, answers, strict=False)
        for i, answer in enumerate(some)
    ]
    return pl.DataFrame(flat, schema=["problem_id", "sample_index", "verdict", "answer"], orient="row")


def test_the_curves_are_those_of_the_estimators() -> None:
    curves = profile_of(FIXED, FIXED, answers={}).curves.filter(pl.col("model") == "rl")
    assert curves["k"].to_list() == [1, 2, 4, 8]
    for row in curves.iter_rows(named=True):
        k = row["k"]
        assert row["pass_at_k"] == pytest.approx(pass_at_k(FIXED, k)[0])
        assert row["pass_hat_k"] == row["g_100"] == pytest.approx(pass_hat_k(FIXED, k))
        assert row["g_25"] == pytest.approx(g_pass_at_k(FIXED, k, 0.25))
        assert row["mg"] == (None if k == 1 else pytest.approx(mg_pass_at_k(FIXED, k)))


def test_stopped_draws_tell_what_they_know_and_say_why_not_the_rest() -> None:
    stopped = SuccessCounts(IDS, n=[16, 9, 2], c=[1, 2, 2], stop_at=2, n_max=16)
    profile = profile_of(stopped, stopped, answers={})
    known = profile.curves.filter(pl.col("model") == "base").select("k", "pass_hat_k").rows()
    assert [k for k, value in known if value is not None] == [1, 2]
    assert profile.curves["pass_at_k"].null_count() == 0
    assert profile.cover.is_empty() and profile.majority.is_empty()
    assert "stop at success 2" in profile.missing["pass^k, G-Pass@k and mG-Pass@k"]
    assert "same fixed number" in profile.missing["Cover@tau"]
    assert "no answers" in profile.missing["maj@k"]


def test_the_majority_is_the_mean_over_problems_and_silent_samples_have_no_vote() -> None:
    some = rows([["x"] * 8, ["r", "r", "r", "x", "x", "", "", ""], ["r"] * 8])
    majority = profile_of(FIXED, FIXED, answers={"base": some, "rl": some}).majority
    for row in majority.iter_rows(named=True):
        of_b = majority_at_k([3, 2], [True, False], row["k"], silent=3)
        assert row["maj"] == pytest.approx((0 + of_b + 1) / 3)
        assert row["lo"] <= row["maj"] <= row["hi"]


def test_a_right_sample_without_an_answer_leaves_no_majority() -> None:
    nameless = rows([["x"] * 8, ["r"] * 8, ["r"] * 8]).with_columns(
        answer=pl.when(pl.col("verdict") == "correct").then(pl.lit("")).otherwise(pl.col("answer"))
    )
    profile = profile_of(FIXED, FIXED, answers={"base": nameless, "rl": nameless})
    assert profile.majority.is_empty()
    assert profile.missing["maj@k"].startswith("32 correct samples")


def test_the_first_samples_end_where_a_problem_lacks_one() -> None:
    some = rows([["r"] * 4, ["x", "r"], ["r"] * 3])
    assert whole_prefix(some, IDS) == 2
    assert first_counts(some, IDS, 2).c_P.tolist() == [2, 1, 2]
