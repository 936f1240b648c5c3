"""`beyondbase demo`: RLVR on the base model that ships with the package, and the comparison of the two."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from beyondbase.cli.settings import claim_folder, read_training, save_config
from beyondbase.cli.study_outcome import study_outcome
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.extras import load
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.pipeline import Scoring, Study, Sweep, compare_checkpoints
from beyondbase.pipeline.sweep import check_sweep
from beyondbase.problems import load_problems
from beyondbase.sampling.engines import engine_of
from beyondbase.sampling.scorers import scorer_of
from beyondbase.types import DrawRule, Progress, SamplingSpec
from beyondbase.verification import verifier_of
from beyondbase.wording import duration

_PROBLEMS = "countdown"
_RECIPE = {"problems_per_step": 64, "samples_per_problem": 16, "learning_rate": 5e-5}
_N_FIRST = 64
"""every problem gets these, so that path coverage is known up to this k"""


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """Train the small model that ships with the package by RLVR, and compare it with its base.

    Needs no model, no data and no GPU. The sizes decide how long it takes.
    """

    out: Path = Path("out/demo")
    """folder of the study; one that is there is gone on with"""
    seed: int = 0
    """of the training, of the samples and of the band"""
    steps: int = 100
    """RLVR steps"""
    problems: int = 200
    """held-out problems that both models are sampled on"""
    n_max: int = 1024
    """most samples of a problem, and the largest k"""
    stop_at: int = 4
    """stop a problem at this success"""
    temperature: float = 1.0
    """of the samples"""
    top_p: float = 1.0
    """of the samples"""
    max_tokens: int = 24
    """of a sample; a whole trace has 18"""
    temperatures: tuple[float, ...] = ()
    """sample both models at these too, and RL at the base's entropy: is it only a matter of temperature?"""


def run(config: DemoConfig, progress: Progress) -> Outcome:
    """Train, compare, report; each stage goes on where it was."""
    start = monotonic()
    study = _study(config)
    claim_folder(config.out)
    rl = _train(config, progress)
    study = replace(study, scoring=Scoring(scorer_of(str(BASE_MODEL)), scorer_of(str(rl))))
    training = read_training(config.out / "training" / "metrics.jsonl")
    analysis = compare_checkpoints(study, engine_of(str(BASE_MODEL)), engine_of(str(rl)), training, progress)
    save_config(config.out / "study.toml", "demo", config)
    outcome = study_outcome(analysis, config.out, load("beyondbase.report.summary:summary_lines")(analysis))
    took = duration(monotonic() - start)
    files = f"took {took}; samples in {study.path / 'runs'}, RLVR checkpoints in {config.out / 'training'}"
    return Outcome([*outcome.lines, files], outcome.data)


def _study(config: DemoConfig) -> Study:
    rule = DrawRule(config.n_max, config.stop_at, n_first=min(_N_FIRST, config.n_max))
    spec = SamplingSpec(config.temperature, config.top_p, max_tokens=config.max_tokens, seed=config.seed)
    problem_set = load_problems(_PROBLEMS, config.problems)
    sweep = Sweep(config.temperatures, match_entropy=bool(config.temperatures))
    check_sweep(sweep, spec)
    return Study(config.out, problem_set, verifier_of(problem_set.verifier), spec, rule, sweep=sweep)


def _train(config: DemoConfig, progress: Progress) -> Path:
    settings = load("beyondbase.lab.rl_config:RLConfig")(
        out=config.out / "training", base=BASE_MODEL, steps=config.steps, seed=config.seed, **_RECIPE
    )
    final: Path = load("beyondbase.lab.trainer:train_rl")(settings, progress)
    return final


VERB = Verb(DemoConfig, run, example="beyondbase demo --out out/demo")
