"""The audit of two runs: what they share and should not, and every setting that changed between them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping

import polars as pl

from beyondbase.store.audit.results import Change, Finding, Kind, Matches, PairAudit, Severity, worst_first
from beyondbase.store.audit.rows import (
    FIRST_FEW,
    LONG_CHARS,
    AuditedRun,
    beyond_chance,
    digests,
    greedy,
    places,
    probabilities_of,
    share,
    too_unlikely,
)
from beyondbase.store.manifest import RunManifest
from beyondbase.types import Problem
from beyondbase.wording import number

_KEY = ["problem_id", "sample_index"]
_AGAIN = "sample one of the runs again, with another --seed, into a new folder"


def audit_pair(one: AuditedRun, other: AuditedRun) -> PairAudit:
    """Look for what makes two runs dependent, and list what changed between their manifests and problems.

    Each test of independence alarms at independent samples with a chance of about 1e-6 at most.
    """
    ids = list(dict.fromkeys(p.problem_id for run in (one, other) for p in run.problems()))
    mine, theirs = (digests(probabilities_of(run.manifest, run.samples()), ids) for run in (one, other))
    matches, in_step = _in_step(mine, theirs)
    imported = one.manifest.imported or other.manifest.imported
    found = [_seeds_shared(mine, theirs, imported), *_same_model(one.manifest, other.manifest)]
    if not (greedy(one.manifest) or greedy(other.manifest)):
        found += [in_step, *_samples_shared(mine, theirs)]
    return PairAudit(
        one.manifest.model,
        other.manifest.model,
        matches,
        worst_first([finding for finding in found if finding.count]),
        (*_changes(one.manifest, other.manifest), *_problem_changes(one.problems(), other.problems())),
    )


def _seeds_shared(mine: pl.DataFrame, theirs: pl.DataFrame, imported: bool) -> Finding:
    # Another program's seeds may be one a file: that two logs share it is no proof of shared noise.
    seeds = theirs.select("problem_id", "seed").drop_nulls().unique()
    shared = mine.join(seeds, on=["problem_id", "seed"], how="semi", maintain_order="left")
    what = f"{share(shared.height, mine.height)} have the seed of a sample of their problem in the other run"
    severity, mend = (Severity.NOTE, "") if imported else (Severity.WRONG, _AGAIN)
    return Finding(severity, Kind.SEEDS_SHARED, what, shared.height, mine.height, places(shared), mend)


def _in_step(mine: pl.DataFrame, theirs: pl.DataFrame) -> tuple[Matches, Finding]:
    """Are samples of the same problem and index the same text more often than those of different indices?

    Over all orders of one run's samples of a problem, the mean number of matches is n sum a b / (n n), where a text
    comes a times in one run and b times in the other, on the n indices that both have; it varies about as a Poisson
    number.
    """
    common = mine.select(*_KEY, "text").join(theirs.select(*_KEY, "text"), on=_KEY, how="inner", suffix="_other")
    common = common.drop_nulls(["text", "text_other"])
    same = common.filter(pl.col("text") == pl.col("text_other")).sort(_KEY)
    a = common.group_by("problem_id", "text").agg(pl.len().cast(pl.Float64).alias("a"))
    b = common.group_by("problem_id", pl.col("text_other").alias("text")).agg(pl.len().cast(pl.Float64).alias("b"))
    n = common.group_by("problem_id").agg(pl.len().alias("n"))
    both = a.join(b, on=["problem_id", "text"]).join(n, on="problem_id")
    expected = float(both.select((pl.col("a") * pl.col("b") / pl.col("n")).sum()).item())
    matches = Matches(common.height, same.height, expected)
    what = (
        f"{share(same.height, common.height)} are the same text as the other run's sample of that problem and index, "
        f"where {expected:,.1f} would be if their order were changed"
    )
    count = same.height if beyond_chance(same.height, expected) else 0
    mend = f"both runs were drawn with the same noise, whatever seeds they name: {_AGAIN}"
    return matches, Finding(Severity.WRONG, Kind.ALIKE_IN_STEP, what, count, common.height, places(same), mend)


def _samples_shared(mine: pl.DataFrame, theirs: pl.DataFrame) -> Iterator[Finding]:
    """Samples that both runs hold, at whatever index: too unlikely ones, and long ones of unknown probability.

    A sample of one run is one of the other's samples of the problem, of a probability below t under the one's model,
    with a chance below t for each pair; with t = alpha over all pairs the chance is alpha at most.
    """
    counts = theirs.group_by("problem_id").len().join(mine.group_by("problem_id").len(), on="problem_id")
    pairs = int((counts["len"] * counts["len_right"]).cast(pl.Int64).sum())
    shared = mine.join(theirs, on=["problem_id", "text"], how="semi", maintain_order="left")
    unlikely = shared.filter(pl.col("logprob") < too_unlikely(pairs))
    what = f"{share(unlikely.height, mine.height)} stand in the other run too, too unlikely for that by chance"
    mend = f"rows of one run were copied into the other, or their noise is the same: {_AGAIN}"
    of, where = mine.height, places(unlikely)
    yield Finding(Severity.WRONG, Kind.SAMPLES_SHARED, what, unlikely.height, of, where, mend)
    long = shared.filter(pl.col("logprob").is_null() & (pl.col("chars") >= LONG_CHARS))
    what = f"{share(long.height, mine.height)} are long texts that stand in the other run too"
    mend = "see that the server samples, and answers each request itself, not from a cache"
    yield Finding(Severity.SUSPICIOUS, Kind.LONG_SAMPLES_SHARED, what, long.height, of, places(long), mend)


def _same_model(one: RunManifest, other: RunManifest) -> Iterator[Finding]:
    hashes = [run.engine.get("weights_hash") for run in (one, other)]
    same = hashes[0] == hashes[1] if all(hashes) else dict(one.engine) == dict(other.engine)
    if not same:
        return
    alike = dataclasses.replace(one.spec, seed=0) == dataclasses.replace(other.spec, seed=0)
    severity = Severity.SUSPICIOUS if alike and one.template_hash == other.template_hash else Severity.NOTE
    told = f" (weights {hashes[0]})" if hashes[0] else ""
    what = f"both runs are of the same model{told}" + (", sampled in the same way" if alike else "")
    mend = "a comparison of the two compares a model with itself" if severity is Severity.SUSPICIOUS else ""
    yield Finding(severity, Kind.SAME_MODEL, what, 1, 1, (), mend)


def _changes(one: RunManifest, other: RunManifest) -> Iterator[Change]:
    """Every field of two manifests that is not the same, by its path."""
    mine, theirs = (dict(_flat(dataclasses.asdict(run))) | _unknown(run) for run in (one, other))
    for name in dict.fromkeys([*mine, *theirs]):
        if mine.get(name) != theirs.get(name):
            yield Change(name, mine.get(name, "not there"), theirs.get(name, "not there"))


def _unknown(run: RunManifest) -> dict[str, str]:
    return {f"spec.{name}": "unknown" for name in run.unknown}


def _flat(fields: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value if isinstance(value, str) else json.dumps(value)


def _problem_changes(one: list[Problem], other: list[Problem]) -> Iterator[Change]:
    mine, theirs = ({problem.problem_id: problem for problem in problems} for problems in (one, other))
    alone = [[i for i in mine if i not in theirs], [i for i in theirs if i not in mine]]
    if any(alone):
        yield Change("problems that this run alone has", _named(alone[0]), _named(alone[1]))
    for field in dataclasses.fields(Problem):
        changed = [i for i in mine if i in theirs and getattr(mine[i], field.name) != getattr(theirs[i], field.name)]
        if changed:
            values = [str(getattr(problems[changed[0]], field.name)) for problems in (mine, theirs)]
            yield Change(f"problems: {field.name} of {_named(changed)}", values[0], values[1])


def _named(ids: list[str]) -> str:
    first = ", ".join(ids[:FIRST_FEW])
    return f"{number(len(ids), 'problem')} ({first}{', ...' if len(ids) > FIRST_FEW else ''})" if ids else "none"
