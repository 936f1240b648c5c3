"""Two runs on disk into everything the report shows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import polars as pl

from beyondbase.analyses.comparable import check_runs, remarks, unknown_settings
from beyondbase.analyses.compare import cluster_codes, compare, in_order_of
from beyondbase.analyses.escalation import ONE_SIDED
from beyondbase.analyses.examples import MOST_PROBLEMS, examples
from beyondbase.analyses.extrapolation import extrapolate
from beyondbase.analyses.fresh_runs import FreshPair, fresh_counts
from beyondbase.analyses.guards import GuardInput, guards, guesses_of
from beyondbase.analyses.health import NOTICED, run_health, source_of
from beyondbase.analyses.overturn import threats_of_samples
from beyondbase.analyses.paths import path_coverage
from beyondbase.analyses.profile import profile
from beyondbase.analyses.results import Comparison, RunHealth, StudyAnalysis, StudyVerdict
from beyondbase.analyses.robustness import other_verifiers, robustness
from beyondbase.analyses.thin import thin
from beyondbase.analyses.why import Asked, made, parts
from beyondbase.errors import BadInput
from beyondbase.store.manifest import RunManifest
from beyondbase.store.run_store import Run
from beyondbase.types import Problem
from beyondbase.wording import number


def analyze(
    base: Run,
    rl: Run,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    margin: float = 0.02,
    allow_unequal: frozenset[str] = frozenset(),
    training: pl.DataFrame | None = None,
    given: GuardInput | None = None,
    fresh: list[FreshPair] | None = None,
    cluster_by: str | None = None,
) -> StudyAnalysis:
    """Analyse a finished pair of runs; settings as in `compare` and `check_runs`.

    given: samples of guesses and an audit of the verifier. A problem that guesses solve now and then confirms
    nothing; beyond that the guards stand beside the plain curves and change none of them. So do the profile and
    the extrapolation: where one cannot be made, the result says why, and the verdict is the same.
    cluster_by: the stratum whose values are families of problems that may change together.

    fresh: runs of other samples of both models, on the problems that one model alone solved; see `compare`.

    Raises NotComparable for runs that may not be compared, and StoreError while samples or verdicts are
    missing.
    """
    given = given or GuardInput()
    unequal = check_runs(base, rl, allow_unequal)
    base_counts, rl_counts, guesses = base.counts(), rl.counts(), guesses_of(base, rl, given)
    strata = strata_of(base.problems())
    clusters = None if cluster_by is None else families(strata, cluster_by)
    comparison = compare(
        base_counts,
        rl_counts,
        confidence=confidence,
        seed=seed,
        margin=margin,
        clusters=clusters,
        strata={name: values for name, values in strata.items() if name != cluster_by},
        guessed=guesses.guessed,
        fresh=fresh_counts(base, rl, fresh or []),
    )
    base_health, rl_health = run_health(base), run_health(rl)
    open_questions = list(remarks(base.manifest, rl.manifest))
    verdict = _with_health(comparison, base_health, rl_health, unequal, open_questions)
    not_made = dict[str, str]()
    cluster_P = None if clusters is None else cluster_codes(clusters, len(base_counts))
    asked = Asked(base, rl, base_counts, in_order_of(base_counts, rl_counts), comparison, cluster_P)
    beyond = made(
        "extrapolation", not_made, lambda: extrapolate(base_counts, rl_counts, confidence=confidence, seed=seed)
    )
    reliability = made("profile", not_made, lambda: profile(base, rl, confidence=confidence))
    beside = parts(asked, not_made)
    guarded = guards(base_counts, rl_counts, comparison, guesses, given, clusters=clusters)
    others = other_verifiers(base, rl, comparison, cluster_P=cluster_P)
    return StudyAnalysis(
        comparison=dataclasses.replace(comparison, verdict=verdict),
        base_health=base_health,
        rl_health=rl_health,
        paths=path_coverage(base, rl, confidence=confidence, seed=seed),
        settings=settings_table(base.manifest, rl.manifest),
        examples=examples(base, rl, _to_show(comparison)),
        problems=problem_table(base.problems()),
        training=training,
        unequal=unequal,
        unknown=unknown_settings(base.manifest, rl.manifest),
        guards=guarded,
        extrapolation=beyond,
        profile=reliability,
        not_made=not_made,
        thin=thin(comparison.tipping, base_counts, rl_counts),
        robustness=robustness(comparison, guarded, beside.get("tuning"), beside.get("cost"), others, not_made),
        **beside,
    )


def settings_table(base: RunManifest, rl: RunManifest) -> pl.DataFrame:
    """One row a setting of either run, as text: setting, base, rl."""
    mine, theirs = _settings(base), _settings(rl)
    names = list(dict.fromkeys([*mine, *theirs]))
    return pl.DataFrame(
        {
            "setting": names,
            "base": [mine.get(name, "") for name in names],
            "rl": [theirs.get(name, "") for name in names],
        }
    )


def strata_of(problems: list[Problem]) -> dict[str, list[str]]:
    """The value of each problem in each stratum, "" where it has none."""
    names = sorted({name for problem in problems for name in problem.strata})
    return {name: [problem.strata.get(name, "") for problem in problems] for name in names}


def families(strata: dict[str, list[str]], name: str) -> list[str]:
    """The values of the stratum that names families of problems, or BadInput if there is none of that name."""
    if name not in strata:
        raise BadInput(f"cluster-by: expected a stratum of the problems ({', '.join(strata) or 'none'}), got {name!r}")
    return strata[name]


def problem_table(problems: list[Problem]) -> pl.DataFrame:
    """One row a problem: problem_id, question, strata joined by ", "."""
    return pl.DataFrame(
        {
            "problem_id": [problem.problem_id for problem in problems],
            "question": [problem.question for problem in problems],
            "strata": [
                ", ".join(f"{name}: {problem.strata[name]}" for name in sorted(problem.strata)) for problem in problems
            ],
        }
    )


def _settings(run: RunManifest) -> dict[str, str]:
    groups = {"": {"model": run.model, "problem_set": run.problem_set, "verifier": run.verifier}}
    groups["sampling."] = _texts(dataclasses.asdict(run.spec) | dict.fromkeys(run.unknown, "unknown"))
    if run.imported:
        groups[""] |= {"imported from": source_of(run)}
        groups["log."] = _texts({name: value for name, value in run.engine.items() if name != NOTICED})
    else:
        groups["rule."] = _texts(dataclasses.asdict(run.rule))
        groups["engine."] = _texts(run.engine)
    groups["version."] = _texts(run.versions)
    return {prefix + name: text for prefix, group in groups.items() for name, text in group.items()}


def _texts(values: object) -> dict[str, str]:
    assert isinstance(values, dict)
    return {str(name): str(list(value) if isinstance(value, tuple) else value) for name, value in values.items()}


def _to_show(comparison: Comparison) -> list[str]:
    """The problems whose samples are shown: those that one model alone solved first."""
    table = comparison.solvability
    one_sided = table["cell"].is_in(ONE_SIDED)
    chosen = pl.concat([table.filter(one_sided), table.filter(~one_sided)])["problem_id"].head(MOST_PROBLEMS)
    return table.filter(pl.col("problem_id").is_in(chosen.to_list()))["problem_id"].to_list()


def _with_health(
    comparison: Comparison, base: RunHealth, rl: RunHealth, unequal: dict[str, str], open_questions: list[str]
) -> StudyVerdict:
    """Add to what the verdict rests on, and to what would overturn it, the facts that counts alone do not show."""
    cuts = [f"{_share(run.truncated)} of {name} samples" for name, run in (("base", base), ("RL", rl))]
    facts = [f"truncated at the token limit: {', '.join(cuts)}"]
    facts += [f"{name} differs ({both}), which was allowed" for name, both in unequal.items()]
    facts += [*_imported(base, "base"), *_imported(rl, "RL"), *open_questions]
    verdict, cut = comparison.verdict, threats_of_samples(comparison.tipping, base, rl)
    return dataclasses.replace(
        verdict, rests_on=(*verdict.rests_on, *facts), overturned_by=(*verdict.overturned_by, *cut)
    )


def _share(value: float) -> str:
    return f"{value:.1%}" if math.isfinite(value) else "an unknown share"


def _imported(run: RunHealth, model: str) -> Iterator[str]:
    """What the counts of an imported run rest on."""
    if not run.source:
        return
    missing = ""
    if run.missing or run.failed_requests:
        missing = f"; missing, not wrong: {number(run.missing, 'sample')} without a verdict, "
        missing += number(run.failed_requests, "failed request")
    yield f"{model} samples imported from {run.source}: {_n_range(run)} of each problem{missing}"


def _n_range(run: RunHealth) -> str:
    """How many samples of a problem count."""
    if run.n_fewest == run.n_most:
        return number(run.n_most, "sample")
    return f"{run.n_fewest:,} to {run.n_most:,} samples"
