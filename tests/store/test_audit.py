from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from beyondbase.seeds import sample_seed
from beyondbase.store.audit import Kind, RunAudit, Severity, lines, repeats
from beyondbase.store.audit.repeats import repeats as find_repeats
from beyondbase.store.audit.single import audit_rows
from beyondbase.types import DrawRule, SamplingSpec
from tests.store.audit_runs import IDS, LAWS, N, drawn, manifest, rows_of, without_probabilities

FIRST = pl.col("sample_index") == 0
ONE_IN_TEN = pl.col("sample_index") % 10 == 0
D = pl.col("problem_id") == "d"


def _audit(samples: pl.DataFrame, **changes: object) -> RunAudit:
    return audit_rows(rows_of(samples, manifest(**changes)))


@pytest.mark.parametrize("seed", range(200))
def test_independent_samples_of_a_known_model_raise_no_alarm(seed: int) -> None:
    found = _audit(drawn(seed), seed=seed)
    assert found.findings == ()
    assert found.repeats.pairs > N  # the likely ones repeat by chance


@pytest.mark.parametrize("seed", range(200, 240))
def test_independent_short_samples_of_unknown_probability_raise_no_alarm(seed: int) -> None:
    short = without_probabilities(drawn(seed)).with_columns(pl.col("text").str.slice(0, 21))
    assert _audit(short, seed=seed).findings == ()


def test_the_expected_number_of_equal_pairs_is_that_of_independent_samples() -> None:
    found = [_audit(drawn(seed), seed=seed).repeats for seed in range(60)]
    laws = [law for law in LAWS.values() if not isinstance(law, int)]
    truth = sum(N * (N - 1) / 2 * float((p**2).sum() / p.sum() ** 2) for p in laws)
    for counts in ([each.pairs for each in found], [each.expected or 0.0 for each in found]):
        assert abs(np.mean(counts) - truth) < 5 * np.std(counts) / np.sqrt(len(counts))


def test_alarms_come_at_most_at_their_level_and_not_far_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # One problem of sequences just too unlikely to come twice: the bound is nearly reached.
    level, n = 0.2, 20
    limit = level / (n * (n - 1) / 2)
    monkeypatch.setattr(repeats, "ALPHA", level)
    law = {"a": np.full(int(1 / limit) + 1, limit)}
    made_with = manifest(rule=DrawRule(n_max=n, stop_at=None))
    alarms = [bool(find_repeats(rows_of(drawn(seed, law, n), made_with, ["a"]))[1]) for seed in range(400)]
    assert level * 0.7 < np.mean(alarms) < level + 3 * np.sqrt(level / 400)


def _repeat(samples: pl.DataFrame, where: pl.Expr, column: str = "problem_id") -> pl.DataFrame:
    """Give the samples that `where` chooses the text, tokens and probability of the last of them."""
    copied = ["text", "token_ids", "logprob_sum"]
    return samples.with_columns(
        pl.when(where).then(pl.col(name).filter(where).last().over(column)).otherwise(pl.col(name)).alias(name)
        for name in copied
    )


def _one_noise_for_eight(samples: pl.DataFrame) -> pl.DataFrame:
    """Requests for eight samples each, answered by one text eight times."""
    request = (pl.col("sample_index") // 8).alias("request")
    made = samples.with_columns(request).with_columns(pl.col("text").first().over("problem_id", "request"))
    return without_probabilities(made.drop("request")).with_columns(pl.col("text").str.slice(0, 21))


def _set(column: str, value: object, where: pl.Expr = FIRST & D) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda samples: samples.with_columns(
        pl.when(where).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)
    )


PLANTED: dict[Kind, tuple[Callable[[pl.DataFrame], pl.DataFrame], int, Severity]] = {
    Kind.REPEATS: (lambda rows: _repeat(rows, D & pl.col("sample_index").is_in([5, 30])), 1, Severity.WRONG),
    Kind.LONG_REPEATS: (
        lambda rows: without_probabilities(_repeat(rows, D & ONE_IN_TEN).filter(D)),
        3,
        Severity.SUSPICIOUS,
    ),
    Kind.NEIGHBOURS: (lambda rows: _one_noise_for_eight(rows.filter(D)), 35, Severity.WRONG),
    Kind.ACROSS_PROBLEMS: (
        lambda rows: _repeat(rows.with_columns(x=1), FIRST & pl.col("problem_id").is_in(["b", "d"]), "x"),
        1,
        Severity.WRONG,
    ),
    Kind.SEED_TWICE: (_set("seed", sample_seed(0, "d", 1)), 2, Severity.WRONG),
    Kind.FOREIGN_SEED: (_set("seed", 12345, FIRST), 4, Severity.WRONG),
    Kind.TRUNCATED: (_set("finish", "length", FIRST), 4, Severity.NOTE),
    Kind.EMPTY: (_set("text", " \n", D), 40, Severity.SUSPICIOUS),
    Kind.PAST_THE_CAP: (_set("n_tokens", 10), 1, Severity.WRONG),
    Kind.CUT_EARLY: (_set("finish", "length"), 1, Severity.SUSPICIOUS),
    Kind.OWED: (lambda rows: rows.filter(~(ONE_IN_TEN & D)), 4, Severity.WRONG),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_fault_is_found_and_named(kind: Kind) -> None:
    plant, count, severity = PLANTED[kind]
    found = {finding.kind: finding for finding in _audit(plant(drawn(0))).findings}
    assert kind in found, list(found)
    finding = found[kind]
    assert (finding.count, finding.severity) == (count, severity)
    assert bool(finding.mend) == (severity is not Severity.NOTE)
    assert any(f"problem {problem_id}" in finding.where[0] for problem_id in IDS)


def test_a_likely_sample_that_comes_every_time_is_found_although_no_single_pair_is_unlikely() -> None:
    # "b" has ten answers of 10% each; a seed that is not passed on gives the same one 40 times.
    found = _audit(_repeat(drawn(0), pl.col("problem_id") == "b"))
    [finding] = found.findings
    assert (finding.kind, finding.count) == (Kind.REPEATS, N - 1) or finding.kind is Kind.NEIGHBOURS
    assert found.repeats.impossible == N * (N - 1) // 2


def test_one_text_of_different_tokens_is_a_note() -> None:
    samples = _repeat(drawn(0), D & pl.col("sample_index").is_in([5, 30]))
    tokens = pl.Series([[1, 2]], dtype=pl.List(pl.Int32))
    other = samples.with_columns(
        pl.when(D & (pl.col("sample_index") == 5))
        .then(pl.lit(tokens))
        .otherwise(pl.col("token_ids"))
        .alias("token_ids")
    )
    [finding] = _audit(other).findings
    assert (finding.kind, finding.count, finding.severity) == (Kind.TOKENS_DIFFER, 2, Severity.NOTE)


def test_a_long_text_for_two_problems_is_suspicious_where_probabilities_are_not_told() -> None:
    planted = _repeat(drawn(0).with_columns(x=1), FIRST & pl.col("problem_id").is_in(["b", "d"]), "x")
    kinds = [finding.kind for finding in _audit(without_probabilities(planted)).findings]
    assert Kind.LONG_ACROSS_PROBLEMS in kinds


def test_greedy_samples_are_called_what_they_are_and_not_judged_by_probability() -> None:
    samples = _repeat(drawn(0), pl.lit(True))
    found = _audit(samples, spec=SamplingSpec(temperature=0.0, max_tokens=9))
    assert [finding.kind for finding in found.findings] == [Kind.GREEDY]
    assert found.repeats.expected is None and found.repeats.judged == 0


def test_the_worst_comes_first_and_each_finding_is_one_line() -> None:
    planted = drawn(0)
    for kind in (Kind.TRUNCATED, Kind.EMPTY, Kind.SEED_TWICE, Kind.PAST_THE_CAP):
        planted = PLANTED[kind][0](planted)
    found = _audit(planted)
    severities = [finding.severity for finding in found.findings]
    assert severities == sorted(severities, key=list(Severity).index)
    assert found.alarms == tuple(finding for finding in found.findings if finding.severity is not Severity.NOTE)
    said = lines(found)
    assert said[0] == "m: 160 samples of 4 problems; 3 wrong, 2 suspicious, 2 note"
    assert len(said) == 2 + len(found.findings) and not any("\n" in line for line in said)
    for line, finding in zip(said[2:], found.findings, strict=True):
        assert line.startswith(f"{finding.severity.value}: ")
        assert f"{finding.count:,}" in line and finding.mend in line and finding.where[0] in line


def test_a_run_without_samples_owes_all_of_them() -> None:
    found = _audit(drawn(0).head(0))
    [finding] = found.findings
    assert (finding.kind, finding.count) == (Kind.OWED, 4 * N)
    assert found.repeats.pairs == 0


def test_a_stopping_rule_is_judged_by_the_step_that_its_draws_reached() -> None:
    rule = DrawRule(n_max=4096, stop_at=2, n_first=N)
    rows = rows_of(drawn(0), manifest(rule=rule))
    correct = rows.verdicts.with_columns(pl.lit("correct").alias("verdict"))
    assert audit_rows(replace(rows, verdicts=correct)).findings == ()
    broken = rows_of(_repeat(drawn(0), pl.col("problem_id") == "b"), manifest(rule=rule))
    assert Kind.REPEATS in [finding.kind for finding in audit_rows(replace(broken, verdicts=correct)).findings]
