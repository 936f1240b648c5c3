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
from beyondbase.analyses.results.cost import Cost
from beyondbase.analyses.results.diversity import Diversity
from beyondbase.analyses.results.experiment import Decision, ExperimentResults, ExperimentTable
from beyondbase.analyses.results.extrapolation import Extrapolation, FittedLaw, SelfCheck
from beyondbase.analyses.results.guards import Guards, GuessFilter, VerifierAudit
from beyondbase.analyses.results.likelihood import Likelihood
from beyondbase.analyses.results.models import ModelTable
from beyondbase.analyses.results.plan import StudyPlan
from beyondbase.analyses.results.profile import Profile
from beyondbase.analyses.results.recheck import Recheck, Robustness, Stands
from beyondbase.analyses.results.shape import Shape
from beyondbase.analyses.results.study import PathCoverage, RunHealth, StudyAnalysis, Thin
from beyondbase.analyses.results.tuning import Tuning

__all__ = [
    "Agreement",
    "Cell",
    "Comparison",
    "Confirmation",
    "Cost",
    "Crossover",
    "CrossoverStatus",
    "Decision",
    "Diversity",
    "EscalationPlan",
    "ExperimentResults",
    "ExperimentTable",
    "Extrapolation",
    "FittedLaw",
    "Guards",
    "GuessFilter",
    "Likelihood",
    "ModelTable",
    "PathCoverage",
    "Profile",
    "Reading",
    "Recheck",
    "Resolution",
    "Robustness",
    "RunHealth",
    "SelfCheck",
    "Shape",
    "Stands",
    "StudyAnalysis",
    "StudyPlan",
    "StudyVerdict",
    "Target",
    "Thin",
    "Tipping",
    "Tuning",
    "VerdictLabel",
    "VerifierAudit",
]
