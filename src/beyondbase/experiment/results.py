"""An experiment's folder into results.json, tables, figures and the report."""

from __future__ import annotations

from pathlib import Path

from beyondbase.analyses.results import ExperimentResults
from beyondbase.durable import write_whole
from beyondbase.errors import StoreError
from beyondbase.experiment.answers import answer_findings, answer_table
from beyondbase.experiment.comparing import compared
from beyondbase.experiment.folders import STUDY, Folders
from beyondbase.experiment.measured import measure
from beyondbase.experiment.reading import read_experiment
from beyondbase.experiment.training_facts import time_spent, training_facts
from beyondbase.report.experiment.page import write_experiment

RESULTS = "results.json"


def make_results(root: Path) -> ExperimentResults:
    """Analyse what lies under `root`, and write results.json, tables/, figures/ and report.html there.

    What is missing or collapsed is told in its rows. Raises StoreError where no run can be counted, and
    NotComparable where a model and its base were asked different things.
    """
    results = analyse(root)
    write_whole(root / RESULTS, (results.to_json() + "\n").encode())
    write_experiment(results, root)
    return results


def analyse(root: Path) -> ExperimentResults:
    """Every number of the report, from the folders alone."""
    experiment = read_experiment(root / STUDY)
    folders = Folders(root, experiment)
    found = measure(folders)
    if not any(model.counts for model in found.values()):
        raise StoreError(f"{root}: expected at least one complete run, found none; run `beyondbase study run` again")
    confidence, margin = experiment.confidence, experiment.margin
    wanted = {k for table in experiment.tables for k in table.k} | {finding.k for finding in experiment.findings}
    frames = dict(compared(found, wanted, confidence=confidence, margin=margin))
    tables = [answer_table(spec, found, frames["curves"], confidence=confidence) for spec in experiment.tables]
    findings, conclusions = answer_findings(experiment.findings, found, confidence=confidence)
    trainings, logs = training_facts(folders)
    return ExperimentResults(
        title=experiment.title,
        question=experiment.question,
        confidence=confidence,
        margin=margin,
        sets=tuple(experiment.sets),
        trainings=trainings,
        logs=logs,
        tables=tuple(tables),
        findings=findings,
        conclusions=conclusions,
        time=time_spent(folders),
        study=(root / STUDY).read_text(encoding="utf-8"),
        **frames,
    )
