"""`beyondbase compare`: two checkpoints in, a report out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from beyondbase.analyses.escalation import CONFIRM_RULE
from beyondbase.cli.settings import (
    Analysis,
    Draw,
    claim_folder,
    read_training,
    save_config,
)
from beyondbase.cli.shown_settings import show_settings
from beyondbase.cli.study_outcome import study_outcome
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.draw_ladder import check_rule
from beyondbase.pipeline import GoldPolicy, Study, compare_checkpoints
from beyondbase.problems import Reading, load_problems
from beyondbase.sampling.engines import EngineOptions, engine_of
from beyondbase.sampling.spec import check_spec
from beyondbase.types import Progress, SamplingSpec
from beyondbase.verification import VerifierOptions, verifier_of


@dataclass(frozen=True, slots=True)
class CompareConfig:
    """Compare a base model with the same model after RLVR: sample both, verify, analyze, report."""

    base: str
    """base model: folder in Hugging Face form, hub id, smollm2, or the name that a server gives it"""
    rl: str
    """the model after RLVR"""
    problems: str
    """a set by name (countdown, figures, gsm8k ...), gsm8k=FILE, gym:TASK, a .jsonl or .parquet file, or a hub id"""
    out: Path = Path("out/compare")
    """folder of the study; one that is there is gone on with"""
    verifier: str | None = None
    """name of a verifier, or module:function of your own; by default that of the problem set"""
    training: Path | None = None
    """metrics.jsonl of the RLVR training, for the report"""
    gold: GoldPolicy = GoldPolicy.REFUSE
    """problems whose gold answer the verifier gets wrong: refuse to begin, drop them, or skip the check"""
    limit: int | None = None
    """only the first problems"""
    rl_base_url: str | None = None
    """server of the RL model, where it is another than --base-url"""
    confirm: bool = False
    """draw fresh samples of the problems that one model alone solved: only these confirm them"""
    confirm_n_max: int = CONFIRM_RULE.n_max
    """most fresh samples of such a problem from each model"""
    read: Reading = field(default_factory=Reading)
    run_on: EngineOptions = field(default_factory=EngineOptions)
    grade: VerifierOptions = field(default_factory=VerifierOptions)
    spec: SamplingSpec = field(default_factory=SamplingSpec)
    draw: Draw = field(default_factory=Draw)
    analysis: Analysis = field(default_factory=Analysis)


def run(config: CompareConfig, progress: Progress) -> Outcome:
    """Make the study, or go on with it."""
    return make_study(config, study_of(config), "compare", progress)


def study_of(config: CompareConfig) -> Study:
    """Settle what is compared; raises BadInput for what cannot be."""
    check_spec(config.spec)
    confirm = replace(CONFIRM_RULE, n_max=config.confirm_n_max)
    check_rule(confirm)
    problem_set = load_problems(config.problems, config.limit, config.read)
    second = config.analysis.second_verifier
    return Study(
        path=config.out,
        problem_set=problem_set,
        verifier=verifier_of(config.verifier or problem_set.verifier, config.grade),
        spec=config.spec,
        rule=config.draw.rule(),
        options=config.analysis.options(config.spec.seed),
        confirm=confirm if config.confirm else None,
        second=None if second is None else verifier_of(second, config.grade),
        gold=config.gold,
    )


def make_study(config: CompareConfig, study: Study, verb: str, progress: Progress) -> Outcome:
    """Do all that a study asks for, and keep the configuration beside it."""
    base, rl = engine_of(config.base, config.run_on), engine_of(config.rl, options_of_rl(config))
    training = None if config.training is None else read_training(config.training)
    study.options.guards()  # what cannot be read is told before hours of work
    claim_folder(config.out)
    analysis = compare_checkpoints(study, base, rl, training, progress, show_settings)
    save_config(config.out / "study.toml", verb, config)
    return study_outcome(analysis, config.out)


def options_of_rl(config: CompareConfig) -> EngineOptions:
    """The engine of the RL model."""
    options = config.run_on
    if config.rl_base_url is None:
        return options
    return replace(options, api=replace(options.api, base_url=config.rl_base_url))


VERB = Verb(
    CompareConfig,
    run,
    example="beyondbase compare --base BASE --rl RL --problems my.jsonl --max-tokens 2048 --out out/mine",
)
