"""Two finished runs into analysis.json, and that into the report."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from beyondbase.analyses.fresh_runs import fresh_pairs
from beyondbase.analyses.guards import GuardInput
from beyondbase.analyses.labels import audit_of_labels
from beyondbase.analyses.results import StudyAnalysis
from beyondbase.analyses.second_opinion import second_opinion
from beyondbase.analyses.serialize import from_json
from beyondbase.analyses.study import analyze
from beyondbase.durable import write_whole, writing
from beyondbase.errors import StoreError
from beyondbase.estimators.verifier_error import Audit
from beyondbase.report.page import write_report
from beyondbase.store import open_run
from beyondbase.types import Progress, silent

ANALYSIS = "analysis.json"


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """Settings of an analysis, as in `analyses.compare` and `analyses.comparable`."""

    confidence: float = 0.95
    margin: float = 0.02
    seed: int = 0
    allow_unequal: frozenset[str] = frozenset()
    base_direct: str | None = None
    """folder or URL of the run of direct answers of the base, and of the RL model"""
    rl_direct: str | None = None
    guess_below: float = 0.05
    guess_chance: float | None = None
    audit: Audit | None = None
    cluster_by: str | None = None
    by_verifier: str | None = None
    """whose verdicts are analysed, as in `open_run`; None: those that stopped the problems"""
    second_verifier: str | None = None
    """whose verdicts are the truth that the others are audited against, as in `open_run`"""
    labels: Path | None = None
    """file of a person's labels that the verdicts are audited against, as in `analyses.labels`"""

    def guards(self) -> GuardInput:
        """Open the runs of direct answers."""
        direct = (self.base_direct, self.rl_direct)
        base, rl = (None if path is None else open_run(path, self.by_verifier) for path in direct)
        return GuardInput(base, rl, self.guess_below, self.guess_chance, self.audit)


def analyze_runs(
    base: str | os.PathLike[str],
    rl: str | os.PathLike[str],
    study: str | os.PathLike[str],
    options: AnalysisOptions = AnalysisOptions(),
    training: pl.DataFrame | None = None,
    progress: Progress = silent,
) -> StudyAnalysis:
    """Analyse two finished runs and write STUDY/analysis.json."""
    progress("analyze", 0, 1)
    base_run, rl_run = (open_run(path, options.by_verifier) for path in (base, rl))
    given = options.guards()
    if options.second_verifier is not None:
        audit = second_opinion(base_run, rl_run, options.second_verifier, cluster_by=options.cluster_by)
        given = replace(given, audit=audit)
    if options.labels is not None:
        given = replace(given, audit=audit_of_labels(base_run, rl_run, options.labels))
    analysis = analyze(
        base_run,
        rl_run,
        confidence=options.confidence,
        seed=options.seed,
        margin=options.margin,
        allow_unequal=options.allow_unequal,
        training=training,
        given=given,
        fresh=fresh_pairs(base_run, rl_run),
        cluster_by=options.cluster_by,
    )
    with writing(Path(study)):
        Path(study).mkdir(parents=True, exist_ok=True)
    write_whole(Path(study) / ANALYSIS, analysis.to_json().encode())
    progress("analyze", 1, 1)
    return analysis


def read_analysis(study: str | os.PathLike[str]) -> StudyAnalysis:
    """Read STUDY/analysis.json, or raise StoreError if there is none or it is something else."""
    path = Path(study) / ANALYSIS
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise StoreError(f"{study}: expected a study, cannot read {ANALYSIS} in it; {_mend(Path(study))}") from None
    analysis = from_json(text)
    if not isinstance(analysis, StudyAnalysis):
        raise StoreError(
            f"{path}: expected the analysis of a study, got a {type(analysis).__name__}; run `beyondbase analyze`"
        )
    return analysis


def _mend(folder: Path) -> str:
    """What to do about a folder that holds no study: another verb may have made it."""
    for name, what, verb in (
        ("plan.json", "a plan", "plan"),
        ("models.json", "a comparison of models", "models"),
        ("agreement.json", "a second opinion", "agreement"),
    ):
        if (folder / name).exists():
            return (
                f"it holds {what} ({name}), whose figure `beyondbase {verb} --config {folder / verb}.toml` draws "
                "again; in Python beyondbase.from_json reads it"
            )
    return "make it with `beyondbase analyze`"


def report_study(study: str | os.PathLike[str], progress: Progress = silent) -> StudyAnalysis:
    """Draw STUDY/report.html and STUDY/figures from STUDY/analysis.json alone."""
    analysis = read_analysis(study)
    write_report(analysis, Path(study), progress)
    return analysis
