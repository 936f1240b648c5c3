"""What a run lacks, and samples that came to nothing, were cut, or were not judged."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl

from beyondbase.draw_ladder import ladder
from beyondbase.store.audit.results import Finding, Kind, Severity
from beyondbase.store.audit.rows import FIRST_FEW, RunRows, places, share
from beyondbase.store.counting import by_log, no_verdict
from beyondbase.types import IntArray, Verdict
from beyondbase.wording import number

MANY = 0.1
"""share of truncated or empty samples from which on a run is suspicious"""
_AGAIN = "run the command that made the run again"
_RESUME = f"{_AGAIN}, which draws them"
_KEY = ["problem_id", "sample_index"]


def shortfalls(run: RunRows) -> list[Finding]:
    """Find samples and verdicts that are missing, and samples that ended otherwise than in an answer."""
    judged = run.samples.join(run.verdicts, on=_KEY, how="left", maintain_order="left")
    found = [_parts_gone(run), *_failed(run), _unjudged(run, judged), _verifier_errors(run, judged)]
    found += [_truncated(run), _empty(run), _end_unknown(run)]
    if not run.manifest.imported:
        found = [_owed(run, judged), *found]
    if run.manifest.told("max_tokens") is not None:
        found += [_past_the_cap(run), _cut_early(run)]
    return [finding for finding in found if finding.count]


def owed(judged: pl.DataFrame, run: RunRows) -> IntArray:
    """Count what each problem owes before its next verdict can be needed: what its rung of the ladder lacks (P,)."""
    rungs, stop_at = ladder(run.manifest.rule), run.manifest.rule.stop_at
    of_P = judged["problem_id"].to_physical().to_numpy()
    ends_P = np.searchsorted(of_P, np.arange(len(run.problem_ids) + 1))
    index_N = judged["sample_index"].to_numpy()
    correct_N = (judged["verdict"] == Verdict.CORRECT.value).fill_null(False).to_numpy()
    pending_N = judged.select(no_verdict()).to_series().to_numpy()
    owed_P = np.zeros(len(run.problem_ids), dtype=np.int64)
    for p in range(len(owed_P)):
        rows = slice(ends_P[p], ends_P[p + 1])
        for rung in rungs:
            below = slice(rows.start, rows.start + int(np.searchsorted(index_N[rows], rung)))
            have = below.stop - below.start
            if have < rung:
                owed_P[p] = rung - have
                break
            if pending_N[below].any() or (stop_at is not None and correct_N[below].sum() >= stop_at):
                break
    return owed_P


def _owed(run: RunRows, judged: pl.DataFrame) -> Finding:
    owed_P = owed(judged, run)
    owing = np.flatnonzero(owed_P)
    count, least = int(owed_P.sum()), "" if run.manifest.rule.stop_at is None else "at least "
    what = f"{least}{number(count, 'sample')} of {number(len(owing), 'problem')} are still owed"
    where = tuple(f"problem {run.problem_ids[p]}: {owed_P[p]}" for p in owing[:FIRST_FEW])
    return Finding(Severity.WRONG, Kind.OWED, what, count, count + run.samples.height, where, _RESUME)


def _parts_gone(run: RunRows) -> Finding:
    gone = run.absent
    what = f"{number(len(gone), 'part')} that must have been there once {'is' if len(gone) == 1 else 'are'} gone"
    again = "import the log into a new folder" if run.manifest.imported else f"{_AGAIN}, which draws it"
    mend = f"restore what is gone from a copy, or {again}"
    return Finding(Severity.WRONG, Kind.PARTS_GONE, what, len(gone), len(gone), tuple(gone[:FIRST_FEW]), mend)


def _failed(run: RunRows) -> list[Finding]:
    still = run.failed.join(run.samples, on=_KEY, how="anti").unique(_KEY, keep="last", maintain_order=True)
    mended = run.failed.join(run.samples, on=_KEY, how="semi")
    asked = run.failed.height + run.samples.height
    if run.manifest.imported:
        what = f"{number(still.height, 'request')} of {asked:,} failed: missing, not wrong: {_reasons(still['error'])}"
        return [Finding(Severity.NOTE, Kind.FAILED_OWED, what, still.height, asked, places(still), "")]
    what = f"{number(still.height, 'sample')} came to nothing whenever asked for: {_reasons(still['error'])}"
    found = [Finding(Severity.WRONG, Kind.FAILED_OWED, what, still.height, asked, places(still), _RESUME)]
    what = f"{number(mended.height, 'request')} of {asked:,} failed and were made good: {_reasons(mended['error'])}"
    return [*found, Finding(Severity.NOTE, Kind.FAILED_MENDED, what, mended.height, asked, places(mended), "")]


def _unjudged(run: RunRows, judged: pl.DataFrame) -> Finding:
    rows = judged.filter(pl.col("verdict").is_null())
    if _of_log(run):
        what = f"{share(rows.height, judged.height)} have no verdict in the log: missing, not wrong"
        return Finding(Severity.NOTE, Kind.UNJUDGED, what, rows.height, judged.height, places(rows), "")
    if run.manifest.imported:
        rows = rows.filter(pl.col("text").is_not_null())
    what = f"{share(rows.height, judged.height)} have no verdict"
    return Finding(Severity.WRONG, Kind.UNJUDGED, what, rows.height, judged.height, places(rows), _verify(run))


def _verifier_errors(run: RunRows, judged: pl.DataFrame) -> Finding:
    rows = judged.filter(pl.col("verdict") == Verdict.VERIFIER_ERROR.value)
    what = f"the verifier failed on {share(rows.height, judged.height)}: {_reasons(rows['detail'])}"
    if _of_log(run):
        return Finding(Severity.NOTE, Kind.VERIFIER_ERRORS, what, rows.height, judged.height, places(rows), "")
    return Finding(Severity.WRONG, Kind.VERIFIER_ERRORS, what, rows.height, judged.height, places(rows), _verify(run))


def _truncated(run: RunRows) -> Finding:
    rows = run.samples.filter("cut")
    cap = run.manifest.told("max_tokens")
    of = f" of {number(cap, 'token')}" if isinstance(cap, int) else ""
    what = f"{share(rows.height, run.samples.height)} were cut at the cap{of}"
    mend = "sample both models with a larger --max-tokens: what a cut sample would have said is not known"
    return _by_share(run, Kind.TRUNCATED, what, rows, mend)


def _empty(run: RunRows) -> Finding:
    rows = run.samples.filter("empty")
    what = f"{share(rows.height, run.samples.height)} are empty"
    return _by_share(run, Kind.EMPTY, what, rows, "see that prompt, template and stop strings are those of the model")


def _by_share(run: RunRows, kind: Kind, what: str, rows: pl.DataFrame, mend: str) -> Finding:
    many = rows.height > MANY * run.samples.height
    severity = Severity.SUSPICIOUS if many else Severity.NOTE
    return Finding(severity, kind, what, rows.height, run.samples.height, places(rows), mend if many else "")


def _past_the_cap(run: RunRows) -> Finding:
    cap = run.manifest.spec.max_tokens
    rows = run.samples.filter(pl.col("n_tokens") > cap)
    what = f"{share(rows.height, run.samples.height)} have more than the {number(cap, 'token')} of max_tokens"
    mend = "the engine does not keep to the specification: see what it is sent, and sample into a new folder"
    return Finding(Severity.WRONG, Kind.PAST_THE_CAP, what, rows.height, run.samples.height, places(rows), mend)


def _cut_early(run: RunRows) -> Finding:
    cap = run.manifest.spec.max_tokens
    rows = run.samples.filter(pl.col("cut") & (pl.col("n_tokens") < cap))
    what = f"{share(rows.height, run.samples.height)} were cut before the {number(cap, 'token')} of max_tokens"
    mend = "another limit is at work, such as the model's context or the server's own: raise it, or lower --max-tokens"
    return Finding(Severity.SUSPICIOUS, Kind.CUT_EARLY, what, rows.height, run.samples.height, places(rows), mend)


def _end_unknown(run: RunRows) -> Finding:
    rows = run.samples.filter("end_unknown")
    what = f"of {share(rows.height, run.samples.height)} it is not told whether they were cut: those stand as wrong"
    return Finding(Severity.NOTE, Kind.END_UNKNOWN, what, rows.height, run.samples.height, places(rows), "")


def _reasons(texts: pl.Series) -> str:
    """The commonest reasons with how often each came."""
    counted = Counter(texts.to_list()).most_common()
    told = [f"{text or 'no reason told'} ({times:,})" for text, times in counted[:FIRST_FEW]]
    left = len(counted) - FIRST_FEW
    return "; ".join(told) + (f"; and {number(left, 'other reason')}" if left > 0 else "")


def _of_log(run: RunRows) -> bool:
    """Whether the verdicts are the log's own: none that is missing can be had."""
    return run.manifest.imported and by_log(run.verifier)


def _verify(run: RunRows) -> str:
    return f"judge them with `beyondbase verify {run.path}`"
