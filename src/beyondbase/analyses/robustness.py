"""Does the verdict stand under other conditions? A row each, with what would make those that could not be made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from beyondbase.analyses.compare import in_order_of
from beyondbase.analyses.cost import AT_TOKENS
from beyondbase.analyses.recheck import recheck_counts
from beyondbase.analyses.results import (
    Comparison,
    Cost,
    Guards,
    Recheck,
    Robustness,
    Stands,
    Tuning,
    VerdictLabel,
)
from beyondbase.analyses.truncation import DROPPED
from beyondbase.analyses.tuning import MATCHED, TUNED, UNION
from beyondbase.errors import BadInput, StoreError
from beyondbase.store.run_store import Run
from beyondbase.types import IntArray

_OPEN = (VerdictLabel.UNDECIDED, VerdictLabel.AHEAD_OPEN)
_NO_FILTER = (
    "no direct answers were given; `beyondbase sample --template direct` draws them, and `analyze --base-direct RUN` "
    "takes them"
)
_NO_OTHER = (
    "no other verifier has judged both runs; `beyondbase verify RUN --verifier NAME` for both, then `analyze` again"
)
_JUDGE = "judge"


def robustness(
    comparison: Comparison,
    guards: Guards | None,
    tuning: Tuning | None,
    cost: Cost | None,
    others: Mapping[str, Recheck | str],
    not_made: Mapping[str, str],
) -> tuple[Robustness, ...]:
    """Gather what the parts of a study say of its verdict.

    others: what each other verifier that has judged both runs says (`other_verifiers`), or why it says nothing.
    not_made: part of the study -> why it could not be made.
    """
    plain = comparison.verdict.label
    rows = [_row("exactly these problems", plain, _on_these(comparison))]
    of_grid = {
        TUNED: None if tuning is None else tuning.tuned,
        MATCHED: None if tuning is None or tuning.matched is None else tuning.matched.recheck,
        UNION: None if tuning is None else tuning.union,
    }
    why = not_made.get("tuning", "") if tuning is None else tuning.missing
    rows += [_made_or_not(name, plain, recheck, why) for name, recheck in of_grid.items()]
    of_cost = {
        AT_TOKENS: None if cost is None else cost.at_tokens,
        DROPPED: None if cost is None else cost.untruncated,
    }
    why = not_made.get("cost", "") if cost is None else cost.missing
    rows += [_made_or_not(name, plain, recheck, why) for name, recheck in of_cost.items()]
    rows.append(_filtered(plain, guards))
    rows += _others(plain, others)
    return tuple(rows)


def other_verifiers(
    base: Run, rl: Run, comparison: Comparison, *, cluster_P: IntArray | None = None
) -> dict[str, Recheck | str]:
    """The comparison by every other verifier that has judged both runs, or why it cannot be made."""
    found = dict[str, Recheck | str]()
    for name in sorted({*base.verifiers()} & {*rl.verifiers()} - {base.manifest.verifier}):
        try:
            counts = base.counts(name)
            found[name] = recheck_counts(counts, in_order_of(counts, rl.counts(name)), comparison, cluster_P=cluster_P)
        except (StoreError, BadInput) as error:
            found[name] = str(error)
    return found


def stands(plain: VerdictLabel, other: VerdictLabel) -> Stands:
    """What another label means for the verdict.

    >>> stands(VerdictLabel.NARROWED, VerdictLabel.UNDECIDED).value
    'opens'
    """
    if plain is other:
        return Stands.STANDS
    if plain in _OPEN:
        return Stands.CHANGES if other in _OPEN else Stands.DECIDES
    return Stands.OPENS if other in _OPEN else Stands.CHANGES


def _made_or_not(name: str, plain: VerdictLabel, recheck: Recheck | None, why: Mapping[str, str] | str) -> Robustness:
    if recheck is None:
        return _not_made(name, why if isinstance(why, str) else why.get(name, ""))
    return _row(name, plain, (recheck.label, recheck.curves, recheck.unit))


def _not_made(name: str, why: str) -> Robustness:
    return Robustness(name, Stands.NOT_MADE, None, note=why)


def _row(name: str, plain: VerdictLabel, seen: tuple[VerdictLabel, pl.DataFrame, str], note: str = "") -> Robustness:
    label, curves, unit = seen
    ends = (curves.row(place, named=True) for place in (0, -1))
    first, last = ((float(row["k"]), row["delta"], row["delta_lo"], row["delta_hi"]) for row in ends)
    return Robustness(name, stands(plain, label), label, unit, first, last, note)


def _on_these(comparison: Comparison) -> tuple[VerdictLabel, pl.DataFrame, str]:
    curves = comparison.curves.select("k", "delta", delta_lo="these_lo", delta_hi="these_hi")
    return comparison.on_these.verdict.label, curves, "samples"


def _filtered(plain: VerdictLabel, guards: Guards | None) -> Robustness:
    name = "guess filter"
    if guards is None or guards.guess_filter is None:
        return _not_made(name, _NO_FILTER)
    kept = guards.guess_filter
    if kept.verdict is None:
        return _not_made(name, "guesses solve every problem now and then, so that none is left")
    note = f"{kept.kept:,} problems kept, {kept.dropped.height:,} dropped"
    return _row(name, plain, (kept.verdict.label, kept.curves, "samples"), note)


def _others(plain: VerdictLabel, others: Mapping[str, Recheck | str]) -> Iterator[Robustness]:
    if not others:
        yield _not_made("another verifier", _NO_OTHER)
    for verifier, seen in others.items():
        reasoning = verifier.partition("-")[0] == _JUDGE
        name = f"reasoning judged too (CoT-pass@k), {verifier}" if reasoning else f"another verifier, {verifier}"
        if isinstance(seen, str):
            yield _not_made(name, seen)
        else:
            yield _row(name, plain, (seen.label, seen.curves, seen.unit))
