from beyondbase.analyses.compare import compare
from beyondbase.analyses.guards import GuardInput
from beyondbase.analyses.results import Comparison, StudyAnalysis
from beyondbase.analyses.serialize import from_json
from beyondbase.analyses.study import analyze
from beyondbase.errors import BadInput, BeyondbaseError, NotComparable, StoreError
from beyondbase.estimators.pass_at_k import pass_at_k, pass_at_k_per_problem
from beyondbase.estimators.verifier_error import Audit
from beyondbase.interop.frames import from_counts, from_frame, from_matrix
from beyondbase.store.run_store import open_run
from beyondbase.types import DrawRule, Problem, SamplingSpec, SuccessCounts, Verdict

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
