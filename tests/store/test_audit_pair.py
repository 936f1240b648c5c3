from __future__ import annotations

import dataclasses
from dataclasses import replace

import polars as pl
import pytest

from beyondbase.store import RunManifest
from beyondbase.store.audit import Kind, PairAudit, Severity, audit_pair, lines
from beyondbase.types import DrawRule, Origin, Problem, PromptForm, SamplingSpec
from tests.store.audit_runs import IDS, LAWS, MadeRun, N, drawn, manifest, without_probabilities

KEY = ["problem_id", "sample_index"]


def _run(seed: int, samples: pl.DataFrame | None = None, **changes: object) -> MadeRun:
    return MadeRun(manifest(seed, **changes), drawn(seed) if samples is None else samples)


def _kinds(found: PairAudit) -> list[Kind]:
    return [finding.kind for finding in found.findings]


@pytest.mark.parametrize("seed", range(60))
def test_independent_runs_raise_no_alarm_although_likely_samples_meet(seed: int) -> None:
    found = audit_pair(_run(2 * seed), _run(2 * seed + 1))
    assert found.findings == ()
    assert found.matches.common == len(IDS) * N
    assert found.matches.same > N / 2


def test_as_many_samples_meet_by_chance_as_are_expected() -> None:
    found = [audit_pair(_run(2 * seed), _run(2 * seed + 1)).matches for seed in range(40)]
    laws = [law for law in LAWS.values() if not isinstance(law, int)]
    truth = 40 * N * sum(float((p**2).sum() / p.sum() ** 2) for p in laws)
    assert abs(sum(each.same for each in found) - truth) < 5 * truth**0.5
    assert abs(sum(each.expected for each in found) - truth) < 5 * truth**0.5


def test_runs_of_the_same_seed_share_it_and_all_their_samples() -> None:
    found = audit_pair(_run(0), _run(0, engine={"weights_hash": "w1"}))
    assert _kinds(found) == [Kind.SEEDS_SHARED, Kind.ALIKE_IN_STEP, Kind.SAMPLES_SHARED]
    assert [finding.count for finding in found.findings] == [4 * N, 4 * N, N + _unlikely(drawn(0))]
    assert found.findings[0].severity is Severity.WRONG


def _unlikely(samples: pl.DataFrame) -> int:
    """Samples of "c" too unlikely to come in both of two runs: below 1e-6 over 4 N N pairs."""
    limit = 1e-6 / (4 * N * N)
    return samples.filter((pl.col("problem_id") == "c") & (pl.col("logprob_sum").exp() < limit)).height


def test_one_noise_under_two_seeds_is_found_in_likely_samples_too() -> None:
    # Only problem "b": ten answers of 10% each, so that no single match says anything.
    mine = drawn(0).filter(pl.col("problem_id") == "b")
    other = drawn(1).filter(pl.col("problem_id") == "b")
    same_noise = other.with_columns(mine["text"], mine["token_ids"], mine["logprob_sum"])
    found = audit_pair(_run(0, mine), _run(1, same_noise))
    assert _kinds(found) == [Kind.ALIKE_IN_STEP]
    assert found.matches.same == N and found.matches.expected < N / 5
    assert audit_pair(_run(0, mine), _run(1, other)).findings == ()


def test_long_texts_of_unknown_probability_that_both_runs_hold_are_suspicious() -> None:
    mine, theirs = (without_probabilities(drawn(seed).filter(pl.col("problem_id") == "d")) for seed in (0, 1))
    copied = theirs.with_columns(
        pl.when(pl.col("sample_index") == 7).then(pl.lit(mine["text"][3])).otherwise("text").alias("text")
    )
    [finding] = audit_pair(_run(0, mine), _run(1, copied)).findings
    assert (finding.kind, finding.count, finding.where) == (Kind.LONG_SAMPLES_SHARED, 1, ("problem d: sample 3",))
    assert finding.severity is Severity.SUSPICIOUS


@pytest.mark.parametrize(
    ("temperature", "severity"), [(0.6, Severity.SUSPICIOUS), (0.9, Severity.NOTE)], ids=["alike", "another way"]
)
def test_one_model_in_both_runs_is_told(temperature: float, severity: Severity) -> None:
    spec = SamplingSpec(seed=1, max_tokens=9, temperature=temperature)
    other = MadeRun(manifest(1, engine={"weights_hash": "w0"}, spec=spec), drawn(1))
    [finding] = audit_pair(_run(0), other).findings
    assert (finding.kind, finding.severity) == (Kind.SAME_MODEL, severity)


CHANGES: dict[str, object] = {
    "model": "n",
    "problem_set": "five",
    "problems_hash": "p1",
    "template_hash": "t1",
    "verifier": "exact-2",
    "format_version": 7,
    "spec.temperature": 0.5,
    "spec.top_p": 0.5,
    "spec.top_k": 5,
    "origin": Origin.IMPORTED,
    "unknown": ("seed",),
    "spec.max_tokens": 5,
    "spec.stop": ("x",),
    "spec.template": "countdown",
    "spec.form": PromptForm.CHAT,
    "spec.system": "Think.",
    "spec.add_bos": True,
    "spec.seed": 5,
    "rule.n_max": 5,
    "rule.stop_at": 5,
    "rule.n_first": 5,
}


def _changed(made_with: RunManifest, name: str, value: object) -> RunManifest:
    whole, _, part = name.partition(".")
    if not part:
        return replace(made_with, **{whole: value})  # type: ignore[arg-type]
    return replace(made_with, **{whole: replace(getattr(made_with, whole), **{part: value})})


@pytest.mark.parametrize("name", CHANGES)
def test_every_setting_that_changed_is_named_with_both_values(name: str) -> None:
    one = _run(0)
    other = replace(one, manifest=_changed(one.manifest, name, CHANGES[name]))
    changes = {change.setting: (change.one, change.other) for change in audit_pair(one, other).changes}
    assert name in changes
    assert changes[name][0] != changes[name][1]
    no_more_told = {"spec.seed"} if name == "unknown" else set()
    assert set(changes) <= {name, "run_id", *no_more_told}


def test_no_setting_of_a_specification_or_rule_is_left_out() -> None:
    for whole, kind in (("spec", SamplingSpec), ("rule", DrawRule)):
        assert {f"{whole}.{each.name}" for each in dataclasses.fields(kind)} <= set(CHANGES)
    others = {each.name for each in dataclasses.fields(RunManifest)} - {"spec", "rule", "engine", "versions", "run_id"}
    assert others <= set(CHANGES)


def test_engines_versions_and_problems_that_changed_are_named() -> None:
    one = _run(0, engine={"weights_hash": "w0", "dtype": "float32"}, versions={"torch": "1"})
    other = _run(0, engine={"weights_hash": "w0"}, versions={"torch": "2"})
    asked = (Problem("a", "question a", '{"answer": 7}'), *other.asked[1:3], Problem("e", "new", "{}"))
    changes = audit_pair(one, replace(other, asked=asked)).changes
    told = {change.setting: (change.one, change.other) for change in changes if change.setting != "run_id"}
    assert told == {
        "engine.dtype": ("float32", "not there"),
        "versions.torch": ("1", "2"),
        "problems that this run alone has": ("1 problem (d)", "1 problem (e)"),
        "problems: reference of 1 problem (a)": ("{}", '{"answer": 7}'),
    }


def test_an_audit_of_two_runs_reads_in_lines_the_worst_first() -> None:
    said = lines(audit_pair(_run(0), _run(0)))
    assert said[0] == "m and m: 3 wrong, 1 suspicious"
    assert said[1].startswith("same text at the same problem and index: 160 of 160, ")
    assert [line.split(":")[0] for line in said[2:6]] == ["wrong"] * 3 + ["suspicious"]
    assert said[6:] == ["no setting changed"]
    said = lines(audit_pair(_run(0), _run(1)))
    assert said[2:] == ["2 settings changed", said[3], said[4]]
    assert "spec.seed" in said[3] and "0  ->  1" in said[3]
