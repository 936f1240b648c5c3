"""`beyondbase analyze`: two runs that are there into a study and its report."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from beyondbase.cli.settings import Analysis, read_training, save_config
from beyondbase.cli.study_outcome import study_outcome
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.pipeline import analyze_runs, report_study
from beyondbase.types import Progress


@dataclass(frozen=True, slots=True)
class AnalyzeConfig:
    """Analyse two runs, and write analysis.json and the report."""

    base: str
    """run of the base model: folder or URL"""
    rl: str
    """run of the model after RLVR"""
    out: Path
    """folder of the study"""
    training: Path | None = None
    """metrics.jsonl of the RLVR training, for the report"""
    seed: int = 0
    """of the band's bootstrap"""
    by_verifier: str | None = None
    """analyse the verdicts of another verifier that has judged both runs: its stored name, or the part before "-" """
    analysis: Analysis = field(default_factory=Analysis)


def run(config: AnalyzeConfig, progress: Progress) -> Outcome:
    """Analyse and report."""
    training = None if config.training is None else read_training(config.training)
    options = config.analysis.options(config.seed, config.by_verifier)
    analyze_runs(config.base, config.rl, config.out, options, training, progress)
    save_config(config.out / "analyze.toml", "analyze", config)
    return study_outcome(report_study(config.out, progress), config.out)


VERB = Verb(
    AnalyzeConfig,
    run,
    example="beyondbase analyze --base runs/base --rl runs/rl --out out/study",
    resume="run the same command again",
)
