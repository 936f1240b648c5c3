"""The figures of a study, in the order of the page: a result in, an Altair chart and its data out.

No statistic is computed here. A figure is None where the study has not what it shows.
"""

from __future__ import annotations

from collections.abc import Callable

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.report.figures.beyond import beyond
from beyondbase.report.figures.cost import tokens
from beyondbase.report.figures.curves import pass_at_k
from beyondbase.report.figures.diversity import diversity, paths_found
from beyondbase.report.figures.forest import strata
from beyondbase.report.figures.likelihood import likelihood, percentiles
from beyondbase.report.figures.paths import paths
from beyondbase.report.figures.problems import accuracy, cells, movement
from beyondbase.report.figures.reliability import reliability
from beyondbase.report.figures.runs import health, training
from beyondbase.report.figures.shape import ecdf, moved
from beyondbase.report.figures.tuning import power, temperatures, tuning
from beyondbase.report.style import Figure

FIGURES: dict[str, Callable[[StudyAnalysis], Figure | None]] = {
    "pass_at_k": pass_at_k,
    "strata": strata,
    "cells": cells,
    "accuracy": accuracy,
    "movement": movement,
    "ecdf": ecdf,
    "moved": moved,
    "diversity": diversity,
    "paths_found": paths_found,
    "likelihood": likelihood,
    "percentiles": percentiles,
    "paths": paths,
    "training": training,
    "temperatures": temperatures,
    "tuning": tuning,
    "power": power,
    "tokens": tokens,
    "reliability": reliability,
    "beyond": beyond,
    "health": health,
}
