"""Did RLVR expand what a model can solve, or sharpen what its base already could?

problems -> sampling -> (samples on disk) -> verification -> (verdicts on disk) -> counts -> analyses -> report

problems      what is asked, and the reference that a verifier needs
sampling      an engine draws the samples that are still owed
verification  a verifier gives each sample a verdict
store         a run on disk: manifest, problems, samples, verdicts
estimators    counts in, arrays out: pass@k, bands, exact tests
analyses      counts and runs in, one frozen result out: `compare` is the main one
report        a result in, figures and one HTML page out
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from beyondbase.errors import BadInput, BeyondbaseError, NotComparable, StoreError
from beyondbase.estimators.pass_at_k import pass_at_k, pass_at_k_per_problem
from beyondbase.types import DrawRule, Problem, SamplingSpec, SuccessCounts, Verdict

# these need polars, scipy or pydantic, which take longer to import than all the rest; __init__.pyi has their types
_AT_FIRST_USE = {
    "Audit": "beyondbase.estimators.verifier_error",
    "GuardInput": "beyondbase.analyses.guards",
    "Comparison": "beyondbase.analyses.results",
    "StudyAnalysis": "beyondbase.analyses.results",
    "compare": "beyondbase.analyses.compare",
    "analyze": "beyondbase.analyses.study",
    "from_counts": "beyondbase.interop.frames",
    "from_frame": "beyondbase.interop.frames",
    "from_json": "beyondbase.analyses.serialize",
    "from_matrix": "beyondbase.interop.frames",
    "open_run": "beyondbase.store.run_store",
}

__all__ = [
    "Audit",
    "BadInput",
    "BeyondbaseError",
    "Comparison",
    "DrawRule",
    "GuardInput",
    "NotComparable",
    "Problem",
    "SamplingSpec",
    "StoreError",
    "StudyAnalysis",
    "SuccessCounts",
    "Verdict",
    "analyze",
    "compare",
    "from_counts",
    "from_frame",
    "from_json",
    "from_matrix",
    "open_run",
    "pass_at_k",
    "pass_at_k_per_problem",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its home at first use."""
    if name not in _AT_FIRST_USE:
        raise AttributeError(f"module 'beyondbase' has no attribute {name!r}")
    return getattr(import_module(_AT_FIRST_USE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
