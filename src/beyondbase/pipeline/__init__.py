"""The flow: problems -> sampling -> samples on disk -> verification -> verdicts on disk -> analysis -> report.

    STUDY/runs/base  STUDY/runs/rl  STUDY/analysis.json  STUDY/report.html  STUDY/figures/
    STUDY/runs/confirm-HASH/base, rl: fresh samples of the problems that one model alone solved

The only place that knows the order of the stages; it holds no logic of its own.
"""

from beyondbase.pipeline.analysis import ANALYSIS, AnalysisOptions, analyze_runs, read_analysis, report_study
from beyondbase.pipeline.gold_check import Gold, GoldPolicy
from beyondbase.pipeline.runs import resolve, sample_run, verify_run
from beyondbase.pipeline.score import score_run
from beyondbase.pipeline.study import Study, compare_checkpoints

__all__ = [
    "ANALYSIS",
    "AnalysisOptions",
    "Gold",
    "GoldPolicy",
    "Study",
    "analyze_runs",
    "compare_checkpoints",
    "read_analysis",
    "report_study",
    "resolve",
    "sample_run",
    "score_run",
    "verify_run",
]
