"""The flow: problems -> sampling -> samples on disk -> verification -> verdicts on disk -> analysis -> report.

    STUDY/runs/base  STUDY/runs/rl  STUDY/analysis.json  STUDY/report.html  STUDY/figures/
    STUDY/runs/confirm-HASH/base, rl: fresh samples of the problems that one model alone solved
    STUDY/runs/grid/base-t0.6-p1, rl-t1.2-p1, base-power4 ...: the same problems at other settings

The only place that knows the order of the stages; it holds no logic of its own.
"""

from beyondbase.pipeline.analysis import ANALYSIS, AnalysisOptions, analyze_runs, read_analysis, report_study
from beyondbase.pipeline.gold_check import Gold, GoldPolicy
from beyondbase.pipeline.runs import resolve, sample_run, verify_run
from beyondbase.pipeline.score import score_run
from beyondbase.pipeline.score_pair import Scoring
from beyondbase.pipeline.study import Study, compare_checkpoints
from beyondbase.pipeline.sweep import Power, Sweep

__all__ = [
    "ANALYSIS",
    "AnalysisOptions",
    "Gold",
    "GoldPolicy",
    "Power",
    "Scoring",
    "Study",
    "Sweep",
    "analyze_runs",
    "compare_checkpoints",
    "read_analysis",
    "report_study",
    "resolve",
    "sample_run",
    "score_run",
    "verify_run",
]
