"""`beyondbase study`: the whole experiment: compare, and say why and how robust the answer is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from beyondbase.cli.compare import CompareConfig, make_study, options_of_rl, study_of
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.pipeline import Power, Scoring, Study, Sweep
from beyondbase.pipeline.score import FIRST
from beyondbase.pipeline.sweep import check_sweep
from beyondbase.sampling.engines import EngineName, engine_of
from beyondbase.sampling.scorers import scorer_of
from beyondbase.types import Progress


@dataclass(frozen=True, slots=True)
class StudyConfig(CompareConfig):
    """The whole experiment: both models compared, sampled over a grid of temperatures, and scored under each other.

    Takes what `compare` takes; a study that `compare` made is gone on with, its samples are not drawn again.
    """

    temperatures: tuple[float, ...] = (0.2, 0.6, 1.0, 1.4)
    """sample both models at each, by the rule of the first runs"""
    top_ps: tuple[float, ...] = ()
    """and at each of these top-p; by default that of the first runs alone"""
    match_entropy: bool = True
    """sample RL where its mean token entropy is that of the base's first run (engine hf tells entropies)"""
    power_arm: bool = False
    """sample the base from --power-alpha of its own distribution too: what sharpening alone would do"""
    power_n_max: int | None = None
    """most such samples of a problem, each of which costs as much as tens of plain ones; by default n-max"""
    score: bool = True
    """score both runs under both models: likelihoods, ranks of tokens (engines hf and vllm)"""
    score_first: int = FIRST
    """samples of each problem that are scored"""
    dry_run: bool = False
    """say what would be sampled at most, and sample nothing"""


def run(config: StudyConfig, progress: Progress) -> Outcome:
    """Make the study, or go on with it; or only say what it would take."""
    sweep = Sweep(config.temperatures, config.top_ps, config.match_entropy, _power(config))
    study = replace(study_of(config), sweep=sweep, scoring=_scoring(config))
    check_sweep(sweep, study.spec)
    if config.dry_run:
        return _foreseen(study)
    return make_study(config, study, "study", progress)


def _power(config: StudyConfig) -> Power | None:
    if not config.power_arm:
        return None
    options = replace(config.run_on, engine=EngineName.POWER)
    return Power(options.power.power_alpha, engine_of(config.base, options), config.power_n_max)


def _scoring(config: StudyConfig) -> Scoring | None:
    """A server cannot score: the report says so, and what would make it."""
    if not config.score or config.run_on.engine is EngineName.OPENAI:
        return None
    base, rl = scorer_of(config.base, config.run_on), scorer_of(config.rl, options_of_rl(config))
    return Scoring(base, rl, config.score_first)


def _foreseen(study: Study) -> Outcome:
    settings = study.sweep.settings(study.spec)
    matched = int(study.sweep.match_entropy)
    runs = 2 * (1 + len(settings)) + matched + (study.sweep.power is not None)
    samples = runs * len(study.problem_set) * study.rule.n_max
    tokens = samples * study.spec.max_tokens
    at = ", ".join(f"T = {t:g} top-p {p:g}" for t, p in [(study.spec.temperature, study.spec.top_p), *settings])
    lines = [
        f"both models at {at}" + ("; RL at the base's entropy where it lies between" if matched else ""),
        f"at most {runs} runs, {samples:,} samples, {tokens:,} tokens of answers; a stopping rule draws fewer",
        "nothing was drawn",
    ]
    return Outcome(lines, {"runs": runs, "most_samples": samples, "most_tokens": tokens})


VERB = Verb(
    StudyConfig,
    run,
    example="beyondbase study --base BASE --rl RL --problems my.jsonl --max-tokens 2048 --temperatures 0.2 0.6 1 1.4",
)
