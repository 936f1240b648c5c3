from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.estimators.bands import difference_band
from beyondbase.estimators.pass_at_k import pass_at_k_per_problem
from beyondbase.estimators.tipping import tip, tipping_rate
from beyondbase.estimators.verifier_error import without_false_positives
from beyondbase.types import SuccessCounts

SHARE = st.floats(0, 1)
SHARES = st.lists(st.tuples(st.floats(0, 0.99), SHARE), min_size=2, max_size=20)


@given(SHARE, SHARE, st.integers(1, 1024))
def test_at_the_tipping_rate_the_lead_is_gone(ahead: float, behind: float, k: int) -> None:
    rate = tipping_rate(ahead, behind, k)
    if not behind < ahead < 1:
        assert rate is None
    elif ahead < 1 - 1e-9:
        assert rate is not None
        assert without_false_positives(ahead, rate, k) == pytest.approx(behind, abs=1e-6)


@given(SHARE, SHARE, st.floats(0, 0.01), st.integers(1, 100))
def test_errors_that_strike_both_models_alike_turn_no_sign(a: float, b: float, f: float, k: int) -> None:
    corrected = [1 - (1 - x) / (1 - f) ** k for x in (a, b)]
    assert (corrected[0] - corrected[1]) * (1 - f) ** k == pytest.approx(a - b, abs=1e-9)


@given(SHARE, st.floats(0.001, 0.3), st.integers(1, 200))
def test_missed_right_samples_of_the_other_model_do_the_same(ahead: float, e: float, k: int) -> None:
    behind_fails = (1 - ahead) / (1 - e) ** k  # seen of the other model, a share e of whose wrong samples is right
    if 1e-9 < 1 - ahead < behind_fails < 1:
        assert tipping_rate(ahead, 1 - behind_fails, k) == pytest.approx(e, rel=1e-3)


@given(SHARES, st.integers(1, 1024), st.floats(0, 0.3), st.sampled_from([0.0, -0.02]))
def test_the_band_opens_before_the_lead_is_gone(
    shares: list[tuple[float, float]], k: int, half: float, limit: float
) -> None:
    ahead_P, behind_P = (np.array(side) for side in zip(*shares, strict=True))
    lead = float((ahead_P - behind_P).mean())
    found = tip(ahead_P, behind_P, k, lo=lead - half, limit=limit)
    assert found.cancels is not None
    assert 0 <= found.opens <= found.cancels + 1e-9 <= 1 + 1e-9
    assert (found.opens == 0) == (lead - half <= limit) or found.opens < 1e-6
    if lead > limit + 1e-6:
        g = (1 - found.cancels) ** -k
        assert (1 - behind_P).mean() - g * (1 - ahead_P).mean() == pytest.approx(limit, abs=1e-5)
    if limit == 0 and lead > 1e-6:
        assert found.cancels == pytest.approx(tipping_rate(float(ahead_P.mean()), float(behind_P.mean()), k), abs=1e-9)


@given(SHARES, st.integers(1, 100), st.floats(0, 0.1), st.floats(0, 0.1))
def test_a_wider_band_opens_earlier(shares: list[tuple[float, float]], k: int, one: float, other: float) -> None:
    ahead_P, behind_P = (np.array(side) for side in zip(*shares, strict=True))
    lead = float((ahead_P - behind_P).mean())
    narrow, wide = (tip(ahead_P, behind_P, k, lo=lead - half).opens for half in sorted((one, other)))
    assert wide <= narrow + 1e-9


def test_a_model_seen_to_solve_all_may_owe_it_to_errors_and_its_estimate_cannot_say_at_which_rate() -> None:
    few, many = (tip([1.0] * problems, [0.5] * problems, 8, lo=0.2) for problems in (10, 1000))
    assert few.cancels is many.cancels is None
    assert 0 < few.opens < many.opens < 1


@pytest.mark.parametrize("bad", [(1.1, 0.0, 1), (0.5, -0.1, 1), (0.5, 0.1, 0), (float("nan"), 0.1, 1)])
def test_shares_that_are_none_are_refused(bad: tuple[float, float, int]) -> None:
    with pytest.raises(BadInput, match="expected pass@k"):
        tipping_rate(*bad)


def test_a_lead_made_of_errors_alone_opens_below_their_rate_in_most_runs() -> None:
    """Equal models, one of them favoured by an excess e: the rate that opens the band is a lower bound of e."""
    rng, problems, n, k, e, runs = np.random.default_rng(1), 200, 64, 64, 0.01, 200
    names, opens, cancels = [str(i) for i in range(problems)], [], []
    for _ in range(runs):
        p_P = rng.beta(0.3, 3, problems)
        ahead, behind = (
            SuccessCounts(names, n=[n] * problems, c=rng.binomial(n, rate_P)) for rate_P in (p_P + (1 - p_P) * e, p_P)
        )
        band = difference_band(behind, ahead, np.array([1, 8, k]), draws=500)
        each = [pass_at_k_per_problem(counts, k)[:, 0] for counts in (ahead, behind)]
        found = tip(*each, k, lo=float(band.lo_K[-1]))
        assert found.cancels is not None
        opens.append(found.opens)
        cancels.append(found.cancels)
    assert np.mean(np.array(opens) <= e) >= 0.97
    assert np.median(cancels) == pytest.approx(e, rel=0.1)
