"""What the analyses return: frozen values that the report reads and nothing else computes."""

from beyondbase.analyses.results.agreement import Agreement
from beyondbase.analyses.results.comparison import (
    Cell,
    Comparison,
    Crossover,
    CrossoverStatus,
    Reading,
    Resolution,
    StudyVerdict,
    Target,
    Tipping,
    VerdictLabel,
)
from beyondbase.analyses.results.confirmation import Confirmation, EscalationPlan
from beyondbase.analyses.results.extrapolation import Extrapolation, FittedLaw, SelfCheck
from beyondbase.analyses.results.guards import Guards, GuessFilter, VerifierAudit
from beyondbase.analyses.results.models import ModelTable
from beyondbase.analyses.results.plan import StudyPlan
from beyondbase.analyses.results.profile import Profile
from beyondbase.analyses.results.study import PathCoverage, RunHealth, StudyAnalysis, Thin

__all__ = [
    "Agreement",
    "Cell",
    "Comparison",
    "Confirmation",
    "Crossover",
    "CrossoverStatus",
    "EscalationPlan",
    "Extrapolation",
    "FittedLaw",
    "Guards",
    "GuessFilter",
    "ModelTable",
    "PathCoverage",
    "Profile",
    "Reading",
    "Resolution",
    "RunHealth",
    "SelfCheck",
    "StudyAnalysis",
    "StudyPlan",
    "StudyVerdict",
    "Target",
    "Thin",
    "Tipping",
    "VerdictLabel",
    "VerifierAudit",
]
